// The content of one document on its way into the line, chunk by chunk: compressed where that saves at least 3 %, as it is where not.
// A probe decides, so that photographs and videos cost nothing; it is repeated now and then, since a tar or PDF changes along its
// length. Used by outgoing.ts; packs of small documents use `encodeWhole`.
import { encodableMinBytes, isWorthEncoding } from '../../cloud/contract/encoding.ts';
import type { EncodedForm } from '../../cloud/contract/frames.ts';
import { type EncodeLevels, levelMin, levelsTried } from './encode-levels.ts';

/** Bytes as they leave, and how to make the same ones again: the level, with the same content. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly level: number;
}

/** After so many chunks in a row that gain nothing, the next ones are not tried; */
const failuresMax = 2;
/** first so many, then twice as many each time, up to about 4 MB of content: 1 % of the time that compressing all would take. */
const skippedMinCount = 1;
const skippedMaxCount = 64;
/** What content is taken to shrink to before anything of it was compressed. */
const shareAtFirst = 0.5;
const shareWeight = 0.3;

export class ChunkEncoder {
  readonly #levels: EncodeLevels;
  #share = shareAtFirst;
  /** Something of it gained: the next chunk needs no probe. */
  #gains = false;
  #failures = 0;
  #skipNext = skippedMinCount;
  #skipping = 0;
  #isOff = false;

  constructor(levels: EncodeLevels) {
    this.#levels = levels;
  }

  /** Undefined: it goes as it is. */
  async encode(bytes: Uint8Array): Promise<Encoded | undefined> {
    if (this.#isOff || bytes.length < encodableMinBytes) return undefined;
    if (this.#skipping > 0) {
      this.#skipping -= 1;
      return undefined;
    }
    const level = this.#levels.pick(this.#share);
    if (level === undefined) return undefined;
    if (!this.#gains) {
      const probed = await this.#levels.compress(bytes, levelMin);
      if (!this.#judge(bytes, probed)) return undefined;
      // The light levels are not worth a second run: the probe itself goes.
      if (level === levelMin) return { bytes: probed, level };
    }
    const encoded = await this.#levels.compress(bytes, level);
    return this.#judge(bytes, encoded) ? { bytes: encoded, level } : undefined;
  }

  /** The same bytes as before, for a chunk that goes again. */
  async again(bytes: Uint8Array, level: number): Promise<Encoded> {
    return { bytes: await this.#levels.compress(bytes, level), level };
  }

  /**
   * In the very form of which the cloud has the beginning, from an earlier life of this daemon whose level nobody knows any more:
   * the length tells, and should it deceive, the frame's checksum fails ashore. Undefined: not to be had.
   */
  async inForm(bytes: Uint8Array, form: EncodedForm): Promise<Encoded | undefined> {
    if (this.#isOff || form.encoding !== 'zstd' || form.lengthBytes >= bytes.length) return undefined;
    for (const level of levelsTried) {
      const encoded = await this.#levels.compress(bytes, level);
      if (encoded.length === form.lengthBytes) return { bytes: encoded, level };
    }
    return undefined;
  }

  /** The cloud could not read a chunk of it: the rest goes as it is. */
  giveUp(): void {
    this.#isOff = true;
  }

  #judge(bytes: Uint8Array, encoded: Uint8Array): boolean {
    if (isWorthEncoding(bytes.length, encoded.length)) {
      this.#share += shareWeight * (encoded.length / bytes.length - this.#share);
      this.#gains = true;
      this.#failures = 0;
      this.#skipNext = skippedMinCount;
      return true;
    }
    this.#failures += 1;
    if (this.#gains && this.#failures < failuresMax) return false;
    this.#gains = false;
    this.#failures = 0;
    this.#skipping = this.#skipNext;
    this.#skipNext = Math.min(this.#skipNext * 2, skippedMaxCount);
    return false;
  }
}

/** Bytes that travel whole (a pack), encoded where it saves enough; undefined: they go as they are. */
export async function encodeWhole(bytes: Uint8Array, levels: EncodeLevels): Promise<Uint8Array | undefined> {
  const level = bytes.length < encodableMinBytes ? undefined : levels.pick(shareAtFirst);
  if (level === undefined) return undefined;
  const encoded = await levels.compress(bytes, level);
  return isWorthEncoding(bytes.length, encoded.length) ? encoded : undefined;
}
