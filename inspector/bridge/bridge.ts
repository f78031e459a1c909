// Puts the bridge together: loopback server, gate, the package's real server behind our viewers, the other protocol's frames
// where asked for, and what is known of the actors. main.ts starts it with a daemon's socket, tests with a made-up one.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { createPseudonyms } from '../../agent/bundle/pseudonyms.ts';
import { createRedactor } from '../../agent/bundle/redact.ts';
import type { Description } from '../../machines/describe.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import type { LogRecord } from '../../machines/replay.ts';
import { toLegacyMachine } from './convert.ts';
import { judge } from './gate.ts';
import { loadLegacy } from './legacy.ts';
import { createShadow, type Shadow } from './shadow.ts';
import { createStatelyFrames } from './stately.ts';
import { Viewers } from './viewers.ts';

/** Largest message a viewer may send; the greeting is 27 bytes. */
const messageMaxBytes = 64 * 1024;
/** Connections, also those that were not let in yet. */
const connectionsMax = 32;
/** Made-up names are remembered; after so many redactions they are forgotten, and made up the same again. */
const redactionsPerRenewal = 20_000;

export interface BridgeOptions {
  readonly descriptions: readonly Description[];
  /** 0: any free one. */
  readonly port: number;
  readonly stately: boolean;
  /** Names, paths and keys as they are, instead of made-up ones. */
  readonly reveal: boolean;
  readonly origins: readonly string[];
}

export interface Bridge {
  readonly port: number;
  readonly token: string;
  readonly inspectUrl: string;
  readonly statelyUrl: string | null;
  readonly versions: { readonly xstate: string; readonly inspect: string };
  appear(actor: string, cell: Cell): void;
  took(actor: string, record: LogRecord, cell: Cell): void;
  vanish(actor: string): void;
  counts(): {
    readonly watched: number;
    readonly viewers: number;
    readonly attached: number;
    readonly refusedMessages: number;
    readonly refusedViewers: number;
    readonly tooSlow: number;
  };
  close(): Promise<void>;
}

export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const legacy = loadLegacy();
  const machines = new Map(
    options.descriptions.map((each) => {
      const definition = toLegacyMachine(each);
      return [each.kind, { definition, machine: legacy.xstate.createMachine(definition as never) }];
    }),
  );
  const described = new Map(options.descriptions.map((each) => [each.kind, each]));
  const viewers = new Viewers();
  legacy.inspect({ server: viewers as never });
  const shadows = new Map<string, Shadow>();
  const redact = renewedRedactor(options.reveal);
  const stately = options.stately ? createStatelyFrames(Date.now, redact) : null;

  const token = randomBytes(24).toString('base64url');
  let refusedViewers = 0;
  const http = createServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
    response.end('This is a bridge for viewers of state machines: it speaks WebSocket only.\n');
  });
  http.maxConnections = connectionsMax;
  http.listen(options.port, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const paths = stately ? ['inspect', 'stately'] : ['inspect'];
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageMaxBytes,
    perMessageDeflate: false,
  });

  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const { host, origin } = request.headers;
    const verdict = judge(
      { url: request.url ?? '/', host, origin },
      { token, port, origins: options.origins, paths },
    );
    const target = 'path' in verdict && verdict.path === 'stately' && stately ? stately : viewers;
    const refusal =
      'status' in verdict
        ? verdict
        : target.isFull
          ? { status: 503, code: 'TENDER_TOO_MANY_STREAMS', message: 'Close another viewer first.' }
          : null;
    if (refusal === null) {
      sockets.handleUpgrade(request, socket, head, (viewer) => target.attach(viewer));
      return;
    }
    refusedViewers++;
    const body = JSON.stringify({ code: refusal.code, title: refusal.message });
    socket.end(
      `HTTP/1.1 ${refusal.status} Refused\r\ncontent-type: application/problem+json\r\nconnection: close\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });

  const kindOf = (actor: string) => actor.split('/', 1)[0] ?? '';
  return {
    port,
    token,
    inspectUrl: `ws://127.0.0.1:${port}/inspect/${token}`,
    statelyUrl: stately ? `ws://127.0.0.1:${port}/stately/${token}` : null,
    versions: legacy.versions,
    appear(actor, cell) {
      const known = machines.get(kindOf(actor));
      const description = described.get(kindOf(actor));
      if (!known || !description || shadows.has(actor)) return;
      const { value, context } = cell;
      const shadow = createShadow({ legacy, ...known, actor, value, context, redact });
      shadows.set(actor, shadow);
      devTools().register(shadow.service);
      stately?.appear(actor, { description, value, context });
    },
    took(actor, record, cell) {
      const { value, context } = cell;
      shadows.get(actor)?.took(record.event, value, context, viewers.count > 0);
      stately?.took(actor, record.event, value, context);
    },
    vanish(actor) {
      shadows.get(actor)?.stop();
      shadows.delete(actor);
      stately?.vanish(actor);
    },
    counts: () => ({
      watched: shadows.size,
      viewers: viewers.count,
      attached: viewers.counts.attached + (stately?.counts.attached ?? 0),
      refusedMessages: viewers.counts.refused + (stately?.counts.refused ?? 0),
      refusedViewers,
      tooSlow: viewers.counts.tooSlow + (stately?.counts.tooSlow ?? 0),
    }),
    async close() {
      for (const shadow of shadows.values()) shadow.stop();
      shadows.clear();
      viewers.close();
      stately?.close();
      sockets.close();
      http.close();
      http.closeAllConnections();
    },
  };
}

/** Where @xstate/inspect keeps its registry of services. */
function devTools(): { register(service: unknown): void } {
  return (globalThis as unknown as { __xstate__: { register(service: unknown): void } }).__xstate__;
}

/** What bundles hide, hidden here too; equal texts stay equal for as long as this run lasts. */
function renewedRedactor(reveal: boolean): (value: JsonObject) => unknown {
  const salt = randomBytes(32);
  const fresh = () => createRedactor(createPseudonyms(salt), reveal ? 'everything' : 'nothing');
  let redactor = fresh();
  let left = redactionsPerRenewal;
  return (value) => {
    left--;
    if (left === 0) {
      redactor = fresh();
      left = redactionsPerRenewal;
    }
    return redactor.value(value);
  };
}
