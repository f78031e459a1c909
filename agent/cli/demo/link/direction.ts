// One direction of the link, shared by every connection on it: a queue before a modem of fixed rate, then the way
// through the sky. Departure times follow from each other, never from wake-ups, so a late timer delays but does not
// change the rate. While the link is dark, what leaves the modem is lost, and a byte stream with a hole is dead.

/** Bytes that may wait before the modem before the sender is asked to pause: half a second of the line. */
const queueMaxSeconds = 0.5;
const pieceMaxBytes = 16_384;
const pieceMinBytes = 1_448;

/** Something due at a moment. A queue of these runs in order even where timers of equal age would not. */
interface Due {
  readonly at: number;
  run(): void;
}

const wait = (at: number): number => Math.max(0, at - performance.now());

class Queue {
  #items: Due[] = [];
  #timer: NodeJS.Timeout | undefined;

  add(item: Due): void {
    this.#items.push(item);
    this.#timer ??= setTimeout(this.#turn, wait(item.at));
  }

  readonly #turn = (): void => {
    const now = performance.now();
    const ripe = this.#items.findIndex((item) => item.at > now);
    const due = this.#items.splice(0, ripe === -1 ? this.#items.length : ripe);
    this.#timer = undefined;
    for (const item of due) item.run();
    const next = this.#items[0];
    if (next) this.#timer ??= setTimeout(this.#turn, wait(next.at));
  };

  stop(): void {
    clearTimeout(this.#timer);
    this.#items = [];
  }
}

export class Direction {
  readonly #bitsPerSecond: number;
  readonly #delayMs: number;
  readonly #modem = new Queue();
  readonly #sky = new Queue();
  #modemFreeAt = 0;
  #dark = false;
  #carriedBytes = 0;
  #lostBytes = 0;

  constructor(bitsPerSecond: number, delayMs: number) {
    this.#bitsPerSecond = bitsPerSecond;
    this.#delayMs = delayMs;
  }

  /** Bytes that left the modem: what a metered link would bill, lost ones included. */
  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  get lostBytes(): number {
    return this.#lostBytes;
  }

  set dark(dark: boolean) {
    this.#dark = dark;
  }

  /** Milliseconds until the queue has room again; 0 when it has. */
  get waitMs(): number {
    return Math.max(0, this.#modemFreeAt - performance.now() - queueMaxSeconds * 1000);
  }

  /** Takes bytes of one connection, in order; `lost` is called instead of `arrive` for a piece that met the dark. */
  carry(bytes: Buffer, arrive: (piece: Buffer) => void, lost: () => void): void {
    const grain = Math.min(pieceMaxBytes, Math.max(pieceMinBytes, this.#bitsPerSecond / 800));
    for (let at = 0; at < bytes.length; at += grain) {
      const piece = bytes.subarray(at, at + grain);
      this.#send(piece.length, () => arrive(piece), lost);
    }
  }

  /** Runs `arrive` behind everything carried so far: how an end of stream travels. */
  follow(arrive: () => void): void {
    this.#send(0, arrive, () => undefined);
  }

  #send(sizeBytes: number, arrive: () => void, lost: () => void): void {
    const leaves =
      Math.max(performance.now(), this.#modemFreeAt) + (sizeBytes * 8 * 1000) / this.#bitsPerSecond;
    this.#modemFreeAt = leaves;
    this.#modem.add({
      at: leaves,
      run: () => {
        this.#carriedBytes += sizeBytes;
        if (!this.#dark) {
          this.#sky.add({ at: leaves + this.#delayMs, run: arrive });
          return;
        }
        this.#lostBytes += sizeBytes;
        lost();
      },
    });
  }

  /** Drops everything under way. */
  stop(): void {
    this.#modem.stop();
    this.#sky.stop();
  }
}
