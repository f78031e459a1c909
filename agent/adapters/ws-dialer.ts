// The agent's door to the network: opens WebSockets with `ws` and says in our classes why one did not open. Built in main.ts.
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { ConnectionOptions } from 'node:tls';
import { WebSocket } from 'ws';
import { frameLimits } from '../../cloud/contract/frames.ts';
import type { LaneDialer, LaneRequest, LaneSocket, LaneSocketEvents } from '../../cloud/contract/socket.ts';
import { TenderError } from '../errors.ts';
import { addressProblem, dialFailure, failureOfAnswer, failureOfError } from './dial-failure.ts';
import { type LaneConnections, laneConnection } from './lane-connection.ts';

/** How long a closing lane may wait for the other side's close frame. */
const closeMaxMs = 3_000;

type Dialled = Awaited<ReturnType<LaneDialer['dial']>>;

/** `caFile`: PEM of a private authority, used instead of the public ones; empty for those. */
export async function wsDialer(caFile: string): Promise<LaneDialer> {
  if (caFile === '') return createWsDialer();
  const ca = await readFile(caFile, 'utf8').catch((error: Error) => {
    throw new TenderError('TENDER_CONFIG_INVALID', `cloud.ca_file cannot be read: ${error.message}`);
  });
  return createWsDialer(ca);
}

export function createWsDialer(ca?: string): LaneDialer {
  return {
    dial(request, events) {
      const problem = addressProblem(request.url);
      if (problem) return Promise.resolve({ failure: problem });
      return open(request, events, ca);
    },
  };
}

function open(request: LaneRequest, events: LaneSocketEvents, ca: string | undefined): Promise<Dialled> {
  return new Promise((resolve) => {
    const connection = laneConnection(request.url.startsWith('wss:'), request.connected);
    const ws = new WebSocket(request.url, request.subprotocol, {
      headers: { ...request.headers },
      maxPayload: frameLimits.frameMaxBytes,
      perMessageDeflate: false,
      followRedirects: false,
      createConnection: ((options: ConnectionOptions) => connection.open(options)) as never,
      // A mask of zeros costs nothing (`ws` skips it). Masks protect old proxies from scripts in browsers; we are none, and
      // off this machine TLS hides every byte from proxies anyway.
      generateMask: (mask) => mask.fill(0),
      ...(ca !== undefined && { ca }),
    });
    const timer = setTimeout(() => hangUp(), request.connectTimeoutMs);
    let opened = false;
    const hangUp = () => finish({ failure: dialFailure('TENDER_CONNECT_TIMEOUT') });
    const finish = (outcome: Dialled) => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', hangUp);
      if (!('socket' in outcome)) {
        connection.reset();
        ws.terminate();
      }
      resolve(outcome);
    };
    request.signal?.addEventListener('abort', hangUp, { once: true });
    ws.on('error', (error) => {
      if (!opened) finish({ failure: failureOfError(error) });
    });
    ws.on('unexpected-response', (_request, response) => {
      const headers = plainHeaders(response);
      const status = response.statusCode ?? 0;
      response.destroy();
      finish({ failure: failureOfAnswer(status, headers), answer: { status, headers } });
    });
    ws.on('open', () => {
      opened = true;
      finish({ socket: laneSocket(ws, connection) });
    });
    ws.on('message', (data, isBinary) => {
      // Text is nothing of ours: an empty frame is what the line calls malformed.
      events.message(isBinary && Buffer.isBuffer(data) ? data : new Uint8Array(0));
    });
    ws.on('close', (code, reason) => {
      if (opened) events.closed({ code, reason: reason.toString('utf8'), clean: code !== 1006 });
    });
  });
}

function plainHeaders(response: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function laneSocket(ws: WebSocket, connection: LaneConnections): LaneSocket {
  return {
    // An error of sending is followed by `close`, which is what the line hears of.
    send: (bytes, taken) => ws.send(bytes, { binary: true }, () => taken?.()),
    together: (send) => connection.together(send),
    bufferedBytes: () => ws.bufferedAmount,
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    close(code, reason) {
      ws.close(code, reason);
      const timer = setTimeout(() => ws.terminate(), closeMaxMs);
      ws.once('close', () => clearTimeout(timer));
    },
    terminate: () => {
      connection.reset();
      ws.terminate();
    },
  };
}
