// Stands between the package's server and real sockets, because the package trusts whoever connects: it passes any message on
// into its own machine, forwards `xstate.event` into services, falls over text that is not JSON, and sends without asking
// whether anybody reads. Here only the greeting passes; everything else is refused and counted; who reads too slowly is let
// go and may attach again, which begins with the present state.
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';

export const viewersMax = 8;
/** Unread bytes one viewer may have waiting: room for 200 registrations of 16 KB at once, and as much again. */
export const viewerBufferMaxBytes = 8 * 1024 * 1024;
/** Messages refused before a viewer is let go. */
export const refusedPerViewerMax = 100;

/** Codes of RFC 6455: policy violated, try again later. */
const policyViolation = 1008;
const tryAgainLater = 1013;

export interface ViewerCounts {
  attached: number;
  /** Messages that wanted to do something, such as `xstate.event`. */
  refused: number;
  /** Viewers let go because they did not read. */
  tooSlow: number;
}

/** What the server of @xstate/inspect takes for a client of `ws`. */
interface Client {
  readonly readyState: number;
  readonly OPEN: number;
  send(text: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: string, isBinary: boolean) => void): void;
}

/** What it takes for a server of `ws`. */
export class Viewers extends EventEmitter {
  readonly counts: ViewerCounts = { attached: 0, refused: 0, tooSlow: 0 };
  readonly #all = new Set<Client>();
  readonly #sockets = new Set<WebSocket>();
  #greeting: Client | undefined;

  /** The package sends to all clients, the present state too when one attaches: then only that one is listed. */
  get clients(): ReadonlySet<Client> {
    return this.#greeting ? new Set([this.#greeting]) : this.#all;
  }

  get count(): number {
    return this.#all.size;
  }

  get isFull(): boolean {
    return this.#sockets.size >= viewersMax;
  }

  attach(socket: WebSocket): void {
    let listener: (data: string, isBinary: boolean) => void = () => {};
    let refused = 0;
    const client: Client = {
      OPEN: socket.OPEN,
      get readyState() {
        return socket.readyState;
      },
      send: (text) => sendBounded(socket, text, this.counts),
      terminate: () => socket.terminate(),
      on: (_event, heard) => {
        listener = heard;
      },
    };
    this.#sockets.add(socket);
    this.counts.attached++;
    this.emit('connection', client);
    socket.on('message', (data, isBinary) => {
      if (!isBinary && isGreeting(String(data))) {
        // Before the greeting nothing is sent to it: its first frames are the registrations.
        this.#all.add(client);
        this.#greeting = client;
        listener('{"type":"xstate.inspecting"}', false);
        this.#greeting = undefined;
        return;
      }
      this.counts.refused++;
      refused++;
      if (refused >= refusedPerViewerMax) socket.close(policyViolation, 'This bridge is read-only.');
    });
    const leave = () => {
      this.#all.delete(client);
      this.#sockets.delete(socket);
    };
    socket.on('close', leave);
    socket.on('error', leave);
  }

  /** Ends the package's machine and every viewer. */
  close(): void {
    this.emit('close');
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
    this.#all.clear();
  }
}

/** Sends, or lets a viewer go that has too much unread. Also used for the frames of the other protocol. */
export function sendBounded(
  socket: Pick<WebSocket, 'bufferedAmount' | 'send' | 'close' | 'terminate'>,
  text: string,
  counts: Pick<ViewerCounts, 'tooSlow'>,
): void {
  if (socket.bufferedAmount + text.length <= viewerBufferMaxBytes) {
    socket.send(text);
    return;
  }
  counts.tooSlow++;
  socket.close(tryAgainLater, 'Too much unread: attach again.');
  // It does not read, so it will not read the goodbye either.
  socket.terminate();
}

function isGreeting(text: string): boolean {
  try {
    const message = JSON.parse(text) as { readonly type?: unknown } | null;
    return message !== null && message.type === 'xstate.inspecting';
  } catch {
    return false;
  }
}
