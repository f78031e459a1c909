// Buffers for slices, used again once the socket has handed their bytes to the system. Fresh memory for every slice is not
// only slow: V8 collects everything each time some tens of megabytes of it have gone by, and lets the daemon's resident
// memory swing by as much (measured: docs/decisions/0070). The documents take, the lane gives back.

/** Slices below this share of a buffer get memory of their own: a thousand small frames must not hold a thousand buffers. */
const leastShare = 1 / 8;

export class FramePool {
  readonly #bufferBytes: number;
  readonly #keptMaxCount: number;
  readonly #free: Uint8Array[] = [];

  /** Keeps at most `keptMaxBytes` unused. */
  constructor(bufferBytes: number, keptMaxBytes: number) {
    this.#bufferBytes = bufferBytes;
    this.#keptMaxCount = Math.floor(keptMaxBytes / bufferBytes);
  }

  /** At least `count` bytes with whatever they held before. */
  take(count: number): Uint8Array {
    if (count > this.#bufferBytes || count < this.#bufferBytes * leastShare)
      return Buffer.allocUnsafeSlow(count);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes);
  }

  /** Nobody reads these bytes any more. A frame that is not from here is left alone. */
  give(frame: Uint8Array): void {
    const { buffer } = frame;
    if (buffer.byteLength === this.#bufferBytes && this.#free.length < this.#keptMaxCount)
      this.#free.push(new Uint8Array(buffer));
  }
}
