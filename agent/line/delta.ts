// A new version told by the one before it: chunks that are the same by their place there, others as patches made of its pieces. The
// old bytes are not aboard: only ids and signatures (agent/files/bases.ts), so a patch may be wrong, and carries a digest that
// the cloud holds against what it makes of it. One for a document on its way; used by outgoing.ts.
import { zstdCompressSync } from 'node:zlib';
import { isWorthEncoding } from '../../cloud/contract/encoding.ts';
import { encodePatchBody, encodePatchHead, type PatchOp, patchLimits } from '../../cloud/contract/patch.ts';
import { type BaseFile, baseEntryBytes, baseIdAt, piecesOf } from '../files/base-file.ts';
import { type Found, findPieces, PieceIndex, pieceBytes } from '../files/signatures.ts';

/** A base of no more pieces is searched as a whole, 34 MB of document in 4 MB of memory; a longer one around where we are. */
const piecesWholeMaxCount = 131_072;
/** Chunks of the base searched around the place where the last one was found: 128 of them are about 9 MB. */
const windowChunks = 128;
const windowStepChunks = 32;
const windowBeforeChunks = 48;
/** Different chunks of the base that one patch may copy from: as many the cloud reads for it, and no more. */
export const patchBaseChunksMaxCount = 32;
/** After so many chunks in a row of which nothing was found, only every eighth is searched: content that is another one. */
const missesMax = 16;
const missesTriedEvery = 8;
const noBytes: Uint8Array = new Uint8Array(0);

export class Delta {
  readonly version: number;
  readonly #base: BaseFile;
  /** Where each chunk of the base begins; one more, where it ends. */
  readonly #starts: Float64Array;
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #shift: number;
  /** Index in the base after the chunk found last. */
  #at = 0;
  #window: { readonly from: number; readonly index: PieceIndex } | undefined;
  #misses = 0;
  #isOff = false;
  /** The last bytes of the chunk before, and of this one: pieces of the base lie across cuts. */
  #before: Uint8Array = noBytes;
  #last: Uint8Array = noBytes;

  constructor(base: BaseFile) {
    this.#base = base;
    this.version = base.version;
    const count = base.lengths.length;
    this.#starts = new Float64Array(count + 1);
    const bits = Math.max(4, Math.ceil(Math.log2(count + 1)));
    this.#shift = 32 - bits;
    this.#heads = new Int32Array(2 ** bits).fill(-1);
    this.#next = new Int32Array(count);
    for (let n = 0; n < count; n++) this.#starts[n + 1] = this.#starts[n]! + base.lengths[n]!;
    for (let n = count - 1; n >= 0; n--) {
      const slot = this.#slot(base.table, n * baseEntryBytes + baseIdAt);
      this.#next[n] = this.#heads[slot]!;
      this.#heads[slot] = n;
    }
  }

  lengthOf(baseIndex: number): number {
    return this.#base.lengths[baseIndex]!;
  }

  /** The same chunk's place in the base. Ask for every chunk, in order: a patch is searched near the last one found. */
  place(id: Uint8Array, bytes: Uint8Array): number | undefined {
    if (this.#isOff) return undefined;
    this.#before = this.#last;
    this.#last = bytes.slice(-(pieceBytes - 1));
    const count = this.#base.lengths.length;
    let found = this.#at < count && this.#is(this.#at, id) ? this.#at : -1;
    if (found < 0) {
      found = this.#heads[this.#slot(id, 0)]!;
      while (found >= 0 && !this.#is(found, id)) found = this.#next[found]!;
    }
    if (found < 0) return undefined;
    this.#at = found + 1;
    this.#misses = 0;
    return found;
  }

  /** The chunk as a patch, when that is shorter; undefined: it goes otherwise. `after`: what follows it, at least a piece if known. */
  async patch(bytes: Uint8Array, id: Uint8Array, after = noBytes): Promise<Uint8Array | undefined> {
    if (this.#isOff) return undefined;
    if (this.#misses >= missesMax && this.#misses % missesTriedEvery !== 0) {
      this.#misses += 1;
      return undefined;
    }
    // Copied, since reading may go on over the bytes behind the chunk.
    const around = Buffer.concat([this.#before, bytes, after.subarray(0, pieceBytes - 1)]);
    const index = await this.#pieces();
    const ops =
      index && this.#opsOf(bytes, within(findPieces(around, index), this.#before.length, bytes.length));
    if (!ops) {
      this.#misses += 1;
      return undefined;
    }
    const lastCopy = ops.findLast((op) => 'offset' in op)!;
    this.#misses = 0;
    const patch = packed(this.version, id, encodePatchBody(ops));
    if (!isWorthEncoding(bytes.length, patch.length)) return undefined;
    if ('offset' in lastCopy) this.#at = this.#chunkAt(lastCopy.offset + lastCopy.length - 1);
    return patch;
  }

  /** The cloud could not use it, or has another version in its place. */
  giveUp(): void {
    this.#isOff = true;
    this.#window = undefined;
  }

  async close(): Promise<void> {
    this.giveUp();
    await this.#base.close();
  }

  #slot(ids: Uint8Array, at: number): number {
    const word = ids[at]! | (ids[at + 1]! << 8) | (ids[at + 2]! << 16) | (ids[at + 3]! << 24);
    return word >>> this.#shift;
  }

  #is(baseIndex: number, id: Uint8Array): boolean {
    const at = baseIndex * baseEntryBytes + baseIdAt;
    for (let n = 0; n < 32; n++) if (this.#base.table[at + n] !== id[n]) return false;
    return true;
  }

  /** Pieces to be searched from where we are; undefined when there are none. */
  async #pieces(): Promise<PieceIndex | undefined> {
    const { signedChunks, lengths } = this.#base;
    const all = this.#window?.from === -1 || piecesOf(lengths, 0, signedChunks) <= piecesWholeMaxCount;
    const step = Math.floor(this.#at / windowStepChunks) * windowStepChunks;
    const from = all ? -1 : Math.max(0, step - windowBeforeChunks);
    if (this.#window?.from === from) return this.#window.index;
    const first = Math.max(0, from);
    const end = all ? signedChunks : Math.min(signedChunks, first + windowChunks);
    if (first >= end) return undefined;
    const signatures = await this.#base.signatures(first, end);
    if (!signatures || this.#isOff) return undefined;
    const index = new PieceIndex(piecesOf(lengths, first, end));
    for (let n = first, at = 0; n < end; n++) {
      index.add(signatures, at, lengths[n]!, this.#starts[n]!);
      at += piecesOf(lengths, n, n + 1) * 8;
    }
    this.#window = { from, index };
    return index;
  }

  /** Undefined when nothing of it is in the base. */
  #opsOf(bytes: Uint8Array, stretches: Iterable<Found>): PatchOp[] | undefined {
    const ops: PatchOp[] = [];
    const touched = new Set<number>();
    let at = 0;
    for (const found of stretches) {
      if (ops.length + 3 > patchLimits.opsMaxCount) break;
      if (!this.#mayCopy(found.offset, found.length, touched)) continue;
      if (found.at > at) ops.push({ bytes: bytes.subarray(at, found.at) });
      ops.push({ offset: found.offset, length: found.length });
      at = found.at + found.length;
    }
    if (ops.length === 0) return undefined;
    if (at < bytes.length) ops.push({ bytes: bytes.subarray(at) });
    return ops;
  }

  /** Within the number of chunks that the cloud reads for one patch? */
  #mayCopy(offset: number, length: number, touched: Set<number>): boolean {
    const first = this.#chunkAt(offset);
    const last = this.#chunkAt(offset + length - 1);
    let fresh = 0;
    for (let n = first; n <= last; n++) if (!touched.has(n)) fresh += 1;
    if (touched.size + fresh > patchBaseChunksMaxCount) return false;
    for (let n = first; n <= last; n++) touched.add(n);
    return true;
  }

  #chunkAt(offset: number): number {
    let low = 0;
    let high = this.#base.lengths.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Of stretches found around a chunk what lies in it: it begins at `start` there. */
function* within(found: Iterable<Found>, start: number, length: number): Iterable<Found> {
  for (const { at, length: count, offset } of found) {
    const from = Math.max(at, start);
    const to = Math.min(at + count, start + length);
    if (from < to) yield { at: from - start, length: to - from, offset: offset + from - at };
  }
}

/** Compressed where that is shorter. On the spot: what is left of a chunk is short, 10 ms at the most. */
function packed(baseVersion: number, id: Uint8Array, body: Uint8Array): Uint8Array {
  const digest = id.subarray(0, patchLimits.digestBytes);
  const plain = encodePatchHead({ baseVersion, digest, body });
  const squeezed = zstdCompressSync(body, { pledgedSrcSize: body.length });
  if (!isWorthEncoding(body.length, squeezed.length)) return plain;
  return encodePatchHead({ baseVersion, digest, zstdLengthBytes: body.length, body: squeezed });
}
