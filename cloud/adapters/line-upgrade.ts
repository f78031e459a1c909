// HTTP upgrades of GET /v1/line/{deviceId}: counted, admitted by the line (which checks the signature), turned into a
// WebSocket. Everything else that wants an upgrade gets a problem. Attached to the API's server by cloud/shore.ts.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Spend } from '../api/budgets.ts';
import { problemBody, problemType } from '../api/problem.ts';
import { subprotocol } from '../contract/frames.ts';
import { deviceOfPath } from '../contract/line-header.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import type { LaneSocket, LaneSocketEvents } from '../contract/socket.ts';
import { lineLimits } from '../line/limits.ts';
import type { LineService } from '../line/service.ts';
import { createPeerAddress } from './peer-address.ts';

/** Signatures being checked at once; more wait outside, with a 503. */
const admissionsMax = 256;
/** At the end: time for goodbyes to leave, then the sockets are cut. */
const goodbyeMaxMs = 1000;

/** Answers a function that ends every lane; it resolves when none is left. */
export function attachLine(
  app: FastifyInstance,
  line: LineService,
  options: { readonly spend: Spend; readonly trustedProxies: readonly string[] },
): () => Promise<void> {
  const { spend } = options;
  const addressOf = createPeerAddress(options.trustedProxies);
  const sockets = new Set<WebSocket>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: lineLimits.frameMaxBytes,
    // Chunks are compressed by their sender where it pays; a shared deflate window would leak between documents.
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  let admissions = 0;

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const deviceId = deviceOfPath(path);
    if (!deviceId) return refuse(socket, 'TENDER_NOT_FOUND');
    const waitMs = spend('address', addressOf(request)) || spend('device', deviceId);
    if (waitMs > 0) return refuse(socket, 'TENDER_TOO_MANY_REQUESTS', waitMs);
    if (admissions >= admissionsMax) return refuse(socket, 'TENDER_OVERLOADED');
    admissions++;
    try {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : value,
        ]),
      );
      const verdict = await line.admit({ method: request.method ?? '', path, headers });
      if ('refuse' in verdict) {
        const { status, headers: told, body } = verdict.refuse;
        return answer(socket, status, told, body);
      }
      server.handleUpgrade(request, socket, head, (ws) => {
        sockets.add(ws);
        ws.on('close', () => sockets.delete(ws));
        connect(ws, socket, verdict.accept);
      });
    } catch (error) {
      app.log.error({ code: 'line.upgrade', err: error }, 'an upgrade failed');
      refuse(socket, 'TENDER_CLOUD_INTERNAL');
    } finally {
      admissions--;
    }
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    void upgrade(request, socket, head);
  };
  app.server.on('upgrade', onUpgrade);

  return async () => {
    app.server.off('upgrade', onUpgrade);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, goodbyeMaxMs);
      const look = () => {
        if (sockets.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
      for (const ws of sockets) ws.once('close', () => setImmediate(look));
      look();
    });
    for (const ws of sockets) ws.terminate();
    server.close();
  };
}

/** Gives the line its socket, and the socket's events to the line. */
function connect(ws: WebSocket, below: Duplex, accept: (socket: LaneSocket) => LaneSocketEvents): void {
  const events = accept({
    // An error of sending is followed by `close`, which is what the line hears of.
    send: (bytes) => ws.send(bytes, { binary: true }, () => {}),
    together: (send) => {
      below.cork();
      try {
        send();
      } finally {
        below.uncork();
      }
    },
    bufferedBytes: () => ws.bufferedAmount,
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    close: (code, reason) => ws.close(code, reason),
    terminate: () => ws.terminate(),
  });
  ws.on('message', (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) events.message(data);
    else ws.close(1003, 'binary frames only');
  });
  ws.on('error', () => ws.terminate());
  ws.on('close', (code, reason) =>
    events.closed({ code, reason: reason.toString('utf8'), clean: code !== 1006 }),
  );
}

function refuse(socket: Duplex, code: ProblemCode, retryAfterMs?: number): void {
  const body = problemBody(code, retryAfterMs === undefined ? {} : { retryAfterMs });
  const later = typeof body.retry_after === 'number' ? { 'retry-after': String(body.retry_after) } : {};
  answer(socket, problems[code].status, { 'content-type': problemType, ...later }, JSON.stringify(body));
}

function answer(
  socket: Duplex,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ ...headers, 'content-length': String(bytes.length), connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(
    Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n`), bytes]),
  );
}
