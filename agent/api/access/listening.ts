// Keeps the page's port open: where the settings say, on this machine alone as long as no password protects it, and again
// after a while when another program has the port. The daemon carries documents meanwhile.
import type { JsonObject } from '../../../machines/json.ts';
import type { Log } from '../../log-line.ts';
import type { Clock } from '../../ports.ts';
import { isLoopback } from './origin.ts';

/** Where to listen; port 0: any that is free. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ListeningPort {
  readonly port: number;
  close(): Promise<void>;
}

const retryMinMs = 1_000;
const retryMaxMs = 60_000;

export interface Listening {
  /** Tries once; resolves when it listens or is planned again. */
  start(): Promise<void>;
  /** Passwords have changed: the network may be let in now, or must be kept out. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
  /** Where a browser on this machine finds the page; undefined while there is none. */
  url(): string | undefined;
  /** For status: `listening`, `loopback only`, `waiting` or `off`, and why. */
  status(): JsonObject;
}

export function createListening(ports: {
  /** Null: no page. */
  readonly address: Address | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly hasPassword: () => boolean;
  readonly listen: (address: Address) => Promise<ListeningPort>;
}): Listening {
  const { address, clock, log, hasPassword, listen } = ports;
  let open: { readonly host: string; readonly server: ListeningPort } | undefined;
  /** A port that the system chose stays, so that open pages find us again. */
  let chosenPort = address?.port ?? 0;
  let failure: string | undefined;
  let retryMs = retryMinMs;
  let cancelRetry = () => {};
  let stopped = false;
  /** One change after the other. */
  let turn: Promise<void> = Promise.resolve();

  const wantedHost = () => {
    const host = address?.host ?? '127.0.0.1';
    return isLoopback(host) || hasPassword() ? host : '127.0.0.1';
  };

  async function settle(): Promise<void> {
    cancelRetry();
    if (address === null || stopped) return;
    const host = wantedHost();
    if (open?.host === host) return;
    await open?.server.close();
    open = undefined;
    try {
      open = { host, server: await listen({ host, port: chosenPort }) };
      chosenPort = open.server.port;
      failure = undefined;
      retryMs = retryMinMs;
      log({ level: 'info', message: 'The page is served.', url: urlOf(host, open.server.port) });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      if (failure !== code)
        log({
          level: 'warning',
          code: 'TENDER_PAGE_OFF',
          message: `The page is not served: ${host} port ${chosenPort} cannot be used (${code}). It is tried again.`,
        });
      failure = code;
      cancelRetry = clock.after(retryMs, () => void inTurn(settle));
      retryMs = Math.min(retryMaxMs, retryMs * 2);
    }
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    turn = turn.then(work);
    return turn;
  }

  return {
    start: () => inTurn(settle),
    refresh: () => inTurn(settle),
    stop() {
      stopped = true;
      cancelRetry();
      return inTurn(async () => {
        await open?.server.close();
        open = undefined;
      });
    },
    url: () => open && urlOf(open.host, open.server.port),
    status() {
      if (address === null) return { state: 'off', why: 'ui.listen is "off".', url: null };
      if (!open)
        return {
          state: 'waiting',
          why: `${wantedHost()} port ${chosenPort} cannot be used (${failure ?? 'not tried yet'}): end the other program or choose another ui.listen. It is tried again by itself.`,
          url: null,
        };
      const url = urlOf(open.host, open.server.port);
      if (open.host === address.host) return { state: 'listening', why: 'The page is served.', url };
      return {
        state: 'loopback only',
        why: 'No password is set, so the network is kept out: `tender ui password --role crew` lets it in.',
        url,
      };
    },
  };
}

function urlOf(host: string, port: number): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };
  const name = everywhere[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${name}:${port}`;
}
