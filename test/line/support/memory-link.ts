// A link for tests of the line: a dialer aboard, a listener ashore, messages with latency on a held clock. It can be cut between
// two frames or inside one, and tells what was handed to it.
import type {
  LaneDialer,
  LaneRequest,
  LaneSocket,
  LaneSocketEvents,
} from '../../../cloud/contract/socket.ts';
import type { LineService } from '../../../cloud/line/service.ts';
import type { FakeClock } from '../../support/fake-clock.ts';

interface End {
  events: LaneSocketEvents | undefined;
  waiting: Uint8Array[];
  paused: boolean;
}

export class MemoryLink {
  readonly clock: FakeClock;
  latencyMs = 5;
  service: LineService;
  /** No route: dialling fails at once. */
  isDown = false;
  /** Connections take bytes and give nothing, in both directions. */
  isSilent = false;
  /** Upstream bytes after which the connection is cut, the frame in which it falls being lost. */
  cutAfterBytes: number | undefined;
  dials = 0;
  upBytes = 0;
  readonly requests: LaneRequest[] = [];
  /** With the number of the connection, counted as they were made. */
  onUp: (frame: Uint8Array, connection: number) => void = () => {};
  /** Connections of which nothing arrives, as if their first segment were lost again and again. */
  isStuck: (connection: number) => boolean = () => false;
  #connections = 0;
  /** What came through to the shore. */
  onArrived: (frame: Uint8Array) => void = () => {};
  /** Changes, repeats or swallows what the cloud says. */
  mapDown: (frame: Uint8Array) => Uint8Array[] = (frame) => [frame];
  readonly #open = new Set<() => void>();

  constructor(clock: FakeClock, service: LineService) {
    this.clock = clock;
    this.service = service;
  }

  /** Ends every connection, in both directions, at once. */
  cut(): void {
    for (const end of [...this.#open]) end();
  }

  /** Ends one of them: the n-th that is open, counted round. */
  cutOne(n: number): void {
    const open = [...this.#open];
    open[n % Math.max(1, open.length)]?.();
  }

  readonly dialer: LaneDialer = {
    dial: async (request, events) => {
      this.dials++;
      this.requests.push(request);
      const refused = { class: 'LINK', code: 'TENDER_NO_ROUTE', message: 'no route' } as const;
      if (this.isDown) return { failure: refused };
      if (this.isSilent) {
        await new Promise<void>((resolve) => this.clock.after(request.connectTimeoutMs, resolve));
        return { failure: { ...refused, code: 'TENDER_CONNECT_TIMEOUT' } };
      }
      const path = new URL(request.url).pathname;
      const verdict = await this.service.admit({ method: 'GET', path, headers: request.headers });
      if ('refuse' in verdict) {
        const { status, headers } = verdict.refuse;
        const failure = { class: 'AUTH', code: 'TENDER_UPGRADE_REFUSED', message: `HTTP ${status}` } as const;
        return { failure, answer: { status, headers } };
      }
      return { socket: this.#connect(events, verdict.accept) };
    },
  };

  #connect(aboard: LaneSocketEvents, accept: (socket: LaneSocket) => LaneSocketEvents): LaneSocket {
    const yacht: End = { events: aboard, waiting: [], paused: false };
    const shore: End = { events: undefined, waiting: [], paused: false };
    const connection = this.#connections++;
    let ended = false;
    const end = (code: number, clean: boolean) => {
      if (ended) return;
      ended = true;
      this.#open.delete(cut);
      yacht.events?.closed({ code, reason: '', clean });
      shore.events?.closed({ code, reason: '', clean });
    };
    const cut = () => end(1006, false);
    this.#open.add(cut);
    const give = (to: End, bytes: Uint8Array) => {
      if (ended || this.isSilent) return;
      if (to === shore) this.onArrived(bytes);
      if (to.paused) to.waiting.push(bytes);
      else to.events?.message(bytes);
    };
    const socketOf = (own: End, other: End, isUp: boolean): LaneSocket => ({
      send: (bytes) => {
        if (ended) return;
        if (isUp) {
          this.onUp(bytes, connection);
          this.upBytes += bytes.length;
          if (this.cutAfterBytes !== undefined && this.upBytes > this.cutAfterBytes) {
            this.cutAfterBytes = undefined;
            // What was sent before still arrives; this frame does not, and neither do answers.
            this.clock.after(this.latencyMs, cut);
            ended = false;
            this.#doomed = true;
            return;
          }
          if (this.#doomed || this.isStuck(connection)) return;
        }
        const copy = Uint8Array.from(bytes);
        for (const frame of isUp ? [copy] : this.mapDown(copy))
          this.clock.after(this.latencyMs, () => give(other, frame));
      },
      bufferedBytes: () => 0,
      pause: () => {
        own.paused = true;
      },
      resume: () => {
        own.paused = false;
        for (const bytes of own.waiting.splice(0)) own.events?.message(bytes);
      },
      close: (code) => void this.clock.after(this.latencyMs, () => end(code, true)),
      terminate: cut,
    });
    this.#doomed = false;
    shore.events = accept(socketOf(shore, yacht, false));
    return socketOf(yacht, shore, true);
  }

  #doomed = false;
}
