// One simulated WebSocket connection: two ends, two pipes that keep order. A pipe gives a message out when its last
// byte would have arrived over the shared rate and the latency; in silence it holds everything until the link is back.
import type { LaneRequest, LaneSocket, LaneSocketEvents } from '../../cloud/contract/socket.ts';
import type { FakeLife } from './fake-life.ts';
import type { FakeNetwork } from './fake-network.ts';

type Item =
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly at: number; readonly sentAt: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string; readonly at: number }
  | { readonly kind: 'reset'; readonly at: number };

/** One end: what the process there sees. */
interface End {
  events: LaneSocketEvents | undefined;
  open: boolean;
  paused: boolean;
  /** Came while the end was paused or not attached yet. */
  waiting: Item[];
  /** On its way from here to the other end. */
  pipe: Item[];
  /** Cancels the moment at which the pipe's first item comes out. */
  cancel: (() => void) | undefined;
  lastAt: number;
}

/** WebSocket's frame header and mask, TLS record, TCP and IP headers: what a message costs on the wire besides itself. */
const overheadBytes = 100;
const closeTimeoutMs = 30_000;
/** What a kernel swallows before bufferedBytes() grows: a default socket's send buffer. */
const kernelBufferBytes = 256 * 1024;
const recordedMessages = 200;

export class FakeConnection {
  readonly request: LaneRequest;
  readonly number: number;
  readonly yacht: LaneSocket;
  readonly shore: LaneSocket;
  /** What the yacht sent here, for a proxy that plays it again. */
  readonly sentByYacht: Uint8Array[] = [];
  /** Nothing comes out of it for a while, though the link is there. */
  isSilent = false;
  readonly #network: FakeNetwork;
  /** Yacht first. */
  readonly #ends: readonly [End, End] = [newEnd(), newEnd()];
  readonly #gone: () => void;

  constructor(
    network: FakeNetwork,
    request: LaneRequest,
    yachtLife: FakeLife | undefined,
    shoreLife: FakeLife,
    gone: () => void,
  ) {
    this.#network = network;
    this.number = network.nextConnection();
    this.request = request;
    this.#gone = gone;
    this.yacht = this.#socket(0, yachtLife);
    this.shore = this.#socket(1, shoreLife);
    yachtLife?.onEnd((death) => this.#processEnded(0, death === 'power'));
    shoreLife.onEnd((death) => this.#processEnded(1, death === 'power'));
  }

  get ended(): boolean {
    return !this.#ends[0].open && !this.#ends[1].open;
  }

  attachYacht(events: LaneSocketEvents): void {
    this.#attach(0, events);
  }

  attachShore(events: LaneSocketEvents): void {
    this.#attach(1, events);
  }

  /** Straight to the shore, past the pipe: for a replaying proxy. */
  deliverToShore(bytes: Uint8Array): void {
    if (this.#ends[1].open) this.#arrive(1, { kind: 'message', bytes: bytes.slice(), at: 0, sentAt: 0 });
  }

  /** The link broke: what was on its way is lost from some point on; each side learns of it when it does. */
  cut(): void {
    const { random, timeline } = this.#network;
    for (const side of [0, 1] as const) {
      const from = this.#ends[side];
      const kept = random.chance(0.5) ? 0 : random.between(0, from.pipe.length);
      // A kernel or a proxy on the way may hold on to what it has and deliver it late, successor or not.
      const lateMs = random.chance(0.3) ? random.spread(10, 20_000) : 0;
      from.pipe = from.pipe.slice(0, kept).map((item) => ({ ...item, at: item.at + lateMs }));
      from.lastAt = Math.max(from.lastAt, timeline.now) + lateMs;
      const noticeMs = side === 1 ? random.spread(1, 5_000) : random.spread(1, 90_000);
      from.pipe.push({ kind: 'reset', at: from.lastAt + noticeMs });
      from.lastAt += noticeMs;
      this.#schedule(side);
    }
  }

  /** The link is back: pipes that were held go on. */
  pump(): void {
    this.#schedule(0);
    this.#schedule(1);
  }

  #socket(side: 0 | 1, life: FakeLife | undefined): LaneSocket {
    const end = this.#ends[side];
    const alive = (): boolean => end.open && (life?.alive ?? false);
    return {
      send: (bytes) => {
        if (!alive() || !life?.boundary()) return;
        this.#send(side, bytes);
      },
      bufferedBytes: () => {
        let bytes = 0;
        for (const item of end.pipe)
          if (item.kind === 'message' && item.sentAt > this.#network.timeline.now) bytes += item.bytes.length;
        return Math.max(0, bytes - kernelBufferBytes);
      },
      pause: () => {
        end.paused = true;
      },
      resume: () => {
        if (!end.paused) return;
        end.paused = false;
        this.#network.timeline.after(0, () => this.#drain(side));
      },
      close: (code, reason) => {
        if (!alive()) return;
        this.#push(side, { kind: 'close', code, reason, at: 0 });
        this.#network.timeline.after(closeTimeoutMs, () => this.#end(side, 1006, '', false));
      },
      terminate: () => {
        if (!alive()) return;
        this.#abandon(side);
        this.#network.timeline.after(0, () => this.#end(side, 1006, '', false));
      },
    };
  }

  #send(side: 0 | 1, bytes: Uint8Array): void {
    // The network keeps no reference to the sender's buffer, as a kernel does not.
    const copy = bytes.slice();
    this.#network.onSend(side === 0 ? 'up' : 'down', copy, this.number);
    if (side === 0 && this.sentByYacht.length < recordedMessages) this.sentByYacht.push(copy);
    this.#push(side, { kind: 'message', bytes: copy, at: 0, sentAt: 0 });
  }

  #push(side: 0 | 1, item: Item): void {
    const network = this.#network;
    const end = this.#ends[side];
    const { latencyMs, bytesPerSecond, jitter } = network.quality;
    const size = overheadBytes + (item.kind === 'message' ? item.bytes.length : 0);
    network.bytes[side] += size;
    const sentAt = Math.max(network.timeline.now, network.busyUntil[side]) + (size * 1000) / bytesPerSecond;
    network.busyUntil[side] = sentAt;
    end.lastAt = Math.max(end.lastAt, sentAt + latencyMs * (1 + jitter * network.random.unit()));
    end.pipe.push(
      item.kind === 'message' ? { ...item, at: end.lastAt, sentAt } : { ...item, at: end.lastAt },
    );
    this.#schedule(side);
  }

  /** Sets the moment at which the first item of the pipe comes out, unless the link holds it. */
  #schedule(side: 0 | 1): void {
    const end = this.#ends[side];
    end.cancel?.();
    end.cancel = undefined;
    const first = end.pipe[0];
    if (!first) return;
    end.cancel = this.#network.timeline.after(first.at - this.#network.timeline.now, () => {
      end.cancel = undefined;
      const state = this.#network.state;
      // Bytes wait for the link to return; the news of a dead peer is local knowledge and does not.
      if ((state !== 'clear' || this.isSilent) && first.kind !== 'reset') return;
      end.pipe.shift();
      const other = side === 0 ? 1 : 0;
      this.#arrive(other, first);
      // What came in one TCP segment is handed over in one go: no promise runs dry between two such messages.
      while (
        first.kind === 'message' &&
        end.pipe[0]?.kind === 'message' &&
        this.#network.together(end.pipe[0].at - first.at)
      )
        this.#arrive(other, end.pipe.shift()!);
      this.#schedule(side);
    });
  }

  #arrive(side: 0 | 1, item: Item): void {
    const end = this.#ends[side];
    if (!end.open) return;
    if (item.kind === 'reset') {
      this.#end(side, 1006, '', false);
      return;
    }
    if (end.paused || !end.events || end.waiting.length > 0) {
      end.waiting.push(item);
      return;
    }
    this.#handle(side, item);
  }

  #drain(side: 0 | 1): void {
    const end = this.#ends[side];
    while (end.open && !end.paused && end.events) {
      const item = end.waiting.shift();
      if (!item) return;
      this.#handle(side, item);
    }
  }

  #handle(side: 0 | 1, item: Item): void {
    const end = this.#ends[side];
    if (item.kind === 'message') {
      this.#network.onDelivery(side === 1 ? 'up' : 'down', item.bytes, this.number);
      end.events?.message(item.bytes);
    } else if (item.kind === 'close') {
      // The close frame is echoed: the other side learns that it was heard.
      if (this.#ends[side === 0 ? 1 : 0].open) this.#push(side, item);
      this.#end(side, item.code, item.reason, true);
    }
  }

  #attach(side: 0 | 1, events: LaneSocketEvents): void {
    const end = this.#ends[side];
    end.events = events;
    if (!end.open) {
      this.#network.timeline.after(0, () => events.closed({ code: 1006, reason: '', clean: false }));
      return;
    }
    if (end.waiting.length > 0) this.#network.timeline.after(0, () => this.#drain(side));
  }

  #end(side: 0 | 1, code: number, reason: string, clean: boolean): void {
    const end = this.#ends[side];
    if (!end.open) return;
    end.open = false;
    end.waiting = [];
    end.events?.closed({ code, reason, clean });
    if (this.ended) this.#gone();
  }

  /** This end lets go without a word: what its kernel took may still arrive, then the other end is reset. */
  #abandon(side: 0 | 1): void {
    const end = this.#ends[side];
    const { random } = this.#network;
    end.pipe = end.pipe.slice(0, random.chance(0.5) ? random.between(0, end.pipe.length) : end.pipe.length);
    end.lastAt += this.#network.quality.latencyMs;
    end.pipe.push({ kind: 'reset', at: end.lastAt });
    this.#schedule(side);
  }

  #processEnded(side: 0 | 1, power: boolean): void {
    const end = this.#ends[side];
    if (!end.open) return;
    end.open = false;
    end.waiting = [];
    if (power) {
      // Nobody tells the other end; its own timers or a much later reset do.
      end.pipe = [
        { kind: 'reset', at: this.#network.timeline.now + this.#network.random.spread(1_000, 120_000) },
      ];
      this.#schedule(side);
    } else this.#abandon(side);
    if (this.ended) this.#gone();
  }
}

function newEnd(): End {
  return {
    events: undefined,
    open: true,
    paused: false,
    waiting: [],
    pipe: [],
    cancel: undefined,
    lastAt: 0,
  };
}
