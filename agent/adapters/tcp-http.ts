// Serves the page and the local API on a TCP port. It only translates: who may do what is decided in api/access/gate.ts.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PageHandler } from '../api/access/gate.ts';
import type { Address, ListeningPort } from '../api/access/listening.ts';
import { reply } from './http-reply.ts';
import { createServer } from './node-http.ts';

const connectionsMax = 128;
/** One device must not keep the others out; a page needs six. */
const connectionsPerAddressMax = 48;
/** A tablet that went away without a word is noticed by the system after this and nine tries. */
const keepAliveAfterMs = 60_000;
const headersTimeoutMs = 10_000;
const headersMaxBytes = 16_384;
/** How often slow or silent connections are looked for. */
const sweepMs = 10_000;
/** Headers of which a second one could mean something else to another reader. */
const singles = new Set([
  ...['host', 'origin', 'cookie', 'content-type', 'content-length', 'transfer-encoding', 'last-event-id'],
  ...['sec-fetch-site', 'sec-fetch-mode', 'tender-name', 'tender-size'],
]);

/** Rejects with the error of the system when the address cannot be used. */
export async function listenOnTcp({ host, port }: Address, handle: PageHandler): Promise<ListeningPort> {
  const server = createServer(
    {
      // A large file may take its time over a weak Wi-Fi; who says nothing at all is sent away by headersTimeout.
      ...{ requestTimeout: 0, headersTimeout: headersTimeoutMs, connectionsCheckingInterval: sweepMs },
      ...{ maxHeaderSize: headersMaxBytes, insecureHTTPParser: false },
      ...{ keepAlive: true, keepAliveInitialDelay: keepAliveAfterMs },
    },
    (incoming, response) => void serve(incoming, response, handle),
  );
  server.maxConnections = connectionsMax;
  const perAddress = new Map<string, number>();
  server.on('connection', (socket) => {
    const from = socket.remoteAddress ?? '';
    const count = (perAddress.get(from) ?? 0) + 1;
    perAddress.set(from, count);
    socket.once('close', () => {
      const left = (perAddress.get(from) ?? 1) - 1;
      if (left > 0) perAddress.set(from, left);
      else perAddress.delete(from);
    });
    if (count > connectionsPerAddressMax) socket.destroy();
  });
  server.listen({ host, port });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  handle: PageHandler,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { socket } = incoming;
  const answer = await handle({
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body: incoming,
    signal: gone.signal,
    local: { address: plainAddress(socket.localAddress), port: socket.localPort ?? 0 },
    remoteAddress: plainAddress(socket.remoteAddress),
    isTwisted: isTwisted(incoming),
  });
  await reply(answer, incoming, response, gone.signal);
}

/** A socket for both families writes IPv4 addresses in IPv6. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}

/** Node keeps the first of two; another reader may keep the second. */
function isTwisted({ rawHeaders, headers }: IncomingMessage): boolean {
  if (headers.upgrade !== undefined) return true;
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (!singles.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}
