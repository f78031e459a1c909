// The chunks of one upload that are whole in the form in which they travelled and not yet their own bytes: decoded in the order of
// their coming, only as far ahead of the store as one call of it takes. Held by assembly.ts.
import type { EncodedForm, PartialHeld } from '../contract/frames.ts';
import type { EncodedChunk } from './decode.ts';

export interface DecodingPorts {
  readonly atOnceMax: number;
  /** False while enough waits for the store. */
  readonly isRoom: () => boolean;
  /** Undefined while nobody has the document open: then they wait. */
  readonly decode: () => ((chunk: EncodedChunk) => Promise<Uint8Array>) | undefined;
  readonly decoded: (index: number, content: Uint8Array) => void;
  /** They cannot be decoded, or to another length than announced. */
  readonly undecodable: (index: number, error: unknown) => void;
}

export class Decoding {
  /** What they will be, all together: a few bytes may become a whole chunk. */
  bytes = 0;
  readonly #ports: DecodingPorts;
  readonly #held = new Map<number, PartialHeld>();
  readonly #waiting: EncodedChunk[] = [];
  #running = 0;

  constructor(ports: DecodingPorts) {
    this.#ports = ports;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  has(index: number): boolean {
    return this.#held.has(index);
  }

  /** What the yacht need not send: all of each. */
  held(): Iterable<PartialHeld> {
    return this.#held.values();
  }

  add(index: number, bytes: Uint8Array, encoded: EncodedForm, lengthBytes: number): void {
    this.#held.set(index, { index, prefixBytes: bytes.length, encoded });
    this.#waiting.push({ index, encoding: encoded.encoding, bytes, lengthBytes });
    this.bytes += lengthBytes;
    this.start();
  }

  /** Called whenever there may be room again, or somebody who has the document open. */
  start(): void {
    const { atOnceMax, isRoom } = this.#ports;
    while (this.#running < atOnceMax && isRoom()) {
      const decode = this.#ports.decode();
      const chunk = decode && this.#waiting.shift();
      if (!chunk) return;
      this.#running += 1;
      decode(chunk)
        .then(
          (content) => this.#ended(chunk, content),
          (error: unknown) => this.#ended(chunk, undefined, error),
        )
        .finally(() => this.start());
    }
  }

  #ended({ index, lengthBytes }: EncodedChunk, content: Uint8Array | undefined, error?: unknown): void {
    this.#running -= 1;
    this.#held.delete(index);
    this.bytes -= lengthBytes;
    if (content?.length === lengthBytes) this.#ports.decoded(index, content);
    else if (!content) this.#ports.undecodable(index, error);
    else {
      const why = `decoded to ${content.length} bytes, not ${lengthBytes}`;
      this.#ports.undecodable(index, new RangeError(why));
    }
  }
}
