// Serves the local API on a unix socket: who may use it is decided by the file's mode (0660) and group, as for any other
// daemon. Plain node:http, because a framework would cost the idle agent several megabytes.

import { once } from 'node:events';
import { chmod, lstat, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { socketWho } from '../api/access/roles.ts';
import type { ApiHandler } from '../api/http.ts';
import { TenderError } from '../errors.ts';
import { reply } from './http-reply.ts';
import { createServer } from './node-http.ts';

const connectionsMax = 128;
const headersTimeoutMs = 10_000;
const headersMaxBytes = 16_384;

export interface ListeningApi {
  /** Stops accepting, ends streams, resolves when the socket file is gone. */
  close(): Promise<void>;
}

/** Throws TENDER_SOCKET_IN_USE when another agent answers on that path. A dead one's file is taken over. */
export async function listenOnSocket(path: string, handle: ApiHandler): Promise<ListeningApi> {
  await clearDead(path);
  const server = createServer(
    // No limit on the whole request: a large file may take its time over the socket. The client's end is watched.
    { requestTimeout: 0, headersTimeout: headersTimeoutMs, maxHeaderSize: headersMaxBytes },
    (incoming, response) => void serve(incoming, response, handle),
  );
  server.maxConnections = connectionsMax;
  // The mode is right from the first moment: bind() takes it from the umask, chmod alone would leave a gap.
  const before = process.umask(0o117);
  try {
    server.listen(path);
    await once(server, 'listening');
  } catch (error) {
    throw unusable(path, error);
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o660);
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function clearDead(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket())
    throw new TenderError(
      'TENDER_SOCKET_IN_USE',
      `${path} exists and is not a socket: choose another api.socket.`,
    );
  if (await answers(path))
    throw new TenderError(
      'TENDER_SOCKET_IN_USE',
      `Another agent answers on ${path}: stop it first, or choose another api.socket.`,
    );
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

function unusable(path: string, error: unknown): TenderError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  // Node says EACCES for a missing directory, too.
  const missing = code === 'ENOENT' || code === 'EACCES';
  const advice = missing ? 'make its directory, writable for the agent' : 'choose another';
  return new TenderError('TENDER_CONFIG_INVALID', `api.socket ${path} cannot be used (${code}): ${advice}.`, {
    cause: error,
  });
}

async function serve(incoming: IncomingMessage, response: ServerResponse, handle: ApiHandler): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  let url: URL;
  let path: string[];
  try {
    url = new URL(incoming.url ?? '/', 'http://agent');
    path = url.pathname.split('/').slice(1).map(decodeURIComponent);
  } catch {
    response.writeHead(400).end();
    return;
  }
  const answer = await handle({
    method: incoming.method ?? '',
    path,
    query: url.searchParams,
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body: incoming,
    signal: gone.signal,
    who: socketWho,
  });
  await reply(answer, incoming, response, gone.signal);
}
