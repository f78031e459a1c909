// The chunks of one document that came whole in their encoded form: decoded a few at a time, no further ahead of the store than it
// takes at once, and only for whoever has the document open. Used by assembly.ts.
import type { EncodedForm, PartialHeld } from '../contract/frames.ts';
import type { EncodedChunk } from './decode.ts';

export interface DecodingPorts {
  /** At once, of one document. */
  readonly atOnceMax: number;
  /** False while what is decoded already is enough for the store. */
  readonly mayGoOn: () => boolean;
  /** How chunks are decoded for the session that has the document open; undefined while none has. */
  readonly decoder: () => ((chunk: EncodedChunk) => Promise<Uint8Array>) | undefined;
  /** Exactly as long as announced. */
  readonly decoded: (index: number, content: Uint8Array) => void;
  readonly undecodable: (index: number, error: unknown) => void;
}

export class Decodings {
  /** What these chunks will be: counted so while they wait, since a few bytes may become a whole chunk. */
  contentBytes = 0;
  readonly #ports: DecodingPorts;
  readonly #known = new Map<number, PartialHeld>();
  readonly #waiting: EncodedChunk[] = [];
  #runningCount = 0;

  constructor(ports: DecodingPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#known.size;
  }

  has(index: number): boolean {
    return this.#known.has(index);
  }

  /** All of them, in the words of HELD: every byte of their encoded form is here. */
  held(): Iterable<PartialHeld> {
    return this.#known.values();
  }

  add(index: number, bytes: Uint8Array, encoded: EncodedForm, lengthBytes: number): void {
    this.#known.set(index, { index, prefixBytes: bytes.length, encoded });
    this.#waiting.push({ index, encoding: encoded.encoding, bytes, lengthBytes });
    this.contentBytes += lengthBytes;
    this.goOn();
  }

  /** There may be room again, or somebody who has the document open. */
  goOn(): void {
    const { atOnceMax, mayGoOn, decoder } = this.#ports;
    for (let decode = decoder(); decode && this.#runningCount < atOnceMax && mayGoOn(); decode = decoder()) {
      const chunk = this.#waiting.shift();
      if (!chunk) return;
      this.#runningCount += 1;
      decode(chunk)
        .then(
          (content) => this.#decoded(chunk, content),
          (error: unknown) => this.#failed(chunk, error),
        )
        .finally(() => this.goOn());
    }
  }

  #decoded(chunk: EncodedChunk, content: Uint8Array): void {
    const { index, lengthBytes } = chunk;
    if (content.length !== lengthBytes) {
      this.#failed(chunk, new RangeError(`decoded to ${content.length} bytes, not ${lengthBytes}`));
      return;
    }
    this.#forget(chunk);
    this.#ports.decoded(index, content);
  }

  #failed(chunk: EncodedChunk, error: unknown): void {
    this.#forget(chunk);
    this.#ports.undecodable(chunk.index, error);
  }

  #forget({ index, lengthBytes }: EncodedChunk): void {
    this.#runningCount -= 1;
    this.#known.delete(index);
    this.contentBytes -= lengthBytes;
  }
}
