// One chunk on its way in: slices in any order, any number of times, overlapping or not. Complete when its length is known (from
// the manifest) and every byte was here. Offsets and length count in the form in which it travels (as it is, or encoded).
import type { EncodedForm } from '../contract/frames.ts';
import { RunSet } from '../contract/runs.ts';

/** A chunk in more splinters is nobody's: 256 KiB in slices of 64 bytes would be 4,096, every other one late 2,048. */
const splintersMaxCount = 4_096;
/** Memory beside the bytes: of the chunk, and of each stretch of it that is here. */
const chunkOverheadBytes = 512;
const splinterBytes = 64;

export class PartialChunk {
  /** Undefined until the manifest tells. */
  length: number | undefined;
  /** Undefined: as it is, or not announced yet. */
  encoded: EncodedForm | undefined;
  readonly #covered = new RunSet();
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(length: number | undefined, encoded?: EncodedForm) {
    this.length = length;
    this.encoded = encoded;
  }

  /** Memory it takes. */
  get heldBytes(): number {
    return chunkOverheadBytes + this.#buffer.length + this.#covered.runs.length * splinterBytes;
  }

  /** How much of its beginning is here without a hole. */
  get prefixBytes(): number {
    return this.#covered.firstMissing(0);
  }

  get isComplete(): boolean {
    return this.length !== undefined && this.prefixBytes >= this.length;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  /** Copies, so that the frame's memory is free. A repeated byte changes nothing: the first one stays. False: too many splinters. */
  add(offset: number, slice: Uint8Array): boolean {
    const end = offset + slice.length;
    const known = this.#covered;
    if (known.firstMissing(offset) >= end) return true;
    if (known.runs.length >= splintersMaxCount) return false;
    this.#reserve(this.length ?? end, end);
    if (!known.runs.some((run) => run.start < end && run.end > offset)) this.#buffer.set(slice, offset);
    else
      for (let at = 0; at < slice.length; at++)
        if (!known.has(offset + at)) this.#buffer[offset + at] = slice[at]!;
    known.add(offset, end);
    return true;
  }

  #reserve(wanted: number, end: number): void {
    if (this.#buffer.length >= end) return;
    // Not zeroed: nothing is handed out before every byte of it was written.
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, end));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}
