// Small pieces of a document's bytes, told so that they can be found again at any place of a later version, though the old bytes are
// not aboard any more: for every 256 bytes of a chunk a rolling hash of the last 32 of them and a hash of all. 8 bytes each, 32 MB for
// a GiB. Made while a document is read for sending (measured: 0.15 s per GB), searched by findPieces when its next version is.
import { gearTable } from './chunker.ts';

/** Bytes of one piece. What is new costs one more of them, at the end of a chunk two. */
export const pieceBytes = 256;
/** What is kept of one piece: weak hash and strong hash, 4 bytes each, little-endian. */
export const signatureBytes = 8;
/** The rolling hash forgets what is further back: a 32-bit gear hash is shifted by one for every byte. */
const rollingBytes = 32;
/** Pieces of one weak hash that are looked at. */
const candidatesMaxCount = 8;
/** Comparisons in one search that may fail: content that repeats itself ends there, 4 ms later. */
const failuresMaxCount = 32_768;

const gear = gearTable();

/** Signature bytes of a chunk of so many bytes: its last piece may be shorter. */
export function signatureLength(chunkBytes: number): number {
  return Math.ceil(chunkBytes / pieceBytes) * signatureBytes;
}

/** Signs a chunk into `target` from `at`; answers where the next one begins. */
export function signChunk(bytes: Uint8Array, target: DataView, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let place = at;
  for (let from = 0; from < bytes.length; from += pieceBytes, place += signatureBytes) {
    const to = Math.min(bytes.length, from + pieceBytes);
    target.setInt32(place, to - from < pieceBytes ? 0 : weakHash(bytes, to), true);
    target.setInt32(place + 4, strongHash(view, from, to), true);
  }
  return place;
}

/** Of the 32 bytes before `end`. */
function weakHash(bytes: Uint8Array, end: number): number {
  let hash = 0;
  for (let at = end - rollingBytes; at < end; at++) hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
  return hash;
}

/** Four lanes of multiply and shift over words; a wrong answer costs a chunk sent twice, never a wrong document. */
function strongHash(view: DataView, from: number, to: number): number {
  let a = to - from;
  let b = 2;
  let c = 3;
  let d = 5;
  let at = from;
  for (const last = to - 15; at < last; at += 16) {
    a = Math.imul(a ^ view.getInt32(at, true), 0x85eb_ca6b);
    b = Math.imul(b ^ view.getInt32(at + 4, true), 0xc2b2_ae35);
    c = Math.imul(c ^ view.getInt32(at + 8, true), 0x27d4_eb2f);
    d = Math.imul(d ^ view.getInt32(at + 12, true), 0x1656_67b1);
    a ^= a >>> 15;
    b ^= b >>> 13;
    c ^= c >>> 16;
    d ^= d >>> 14;
  }
  for (; at < to; at++) {
    a = Math.imul(a ^ view.getUint8(at), 0x0100_0193);
    a ^= a >>> 15;
  }
  a = Math.imul(a ^ b, 0x85eb_ca6b);
  a = Math.imul(a ^ (a >>> 15) ^ c, 0xc2b2_ae35);
  a = Math.imul(a ^ (a >>> 13) ^ d, 0x27d4_eb2f);
  return (a ^ (a >>> 16)) | 0;
}

/** Pieces of an older version, by their hashes. Filled once, at most `capacity` pieces; 26 bytes of memory for each. */
export class PieceIndex {
  count = 0;
  readonly weak: Int32Array;
  readonly strong: Int32Array;
  /** Where in that version each begins. */
  readonly offset: Float64Array;
  readonly length: Uint16Array;
  readonly #next: Int32Array;
  readonly #heads: Int32Array;
  readonly #shift: number;

  constructor(capacity: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(Math.max(1, capacity))));
    this.#shift = 32 - bits;
    this.#heads = new Int32Array(2 ** bits).fill(-1);
    this.#next = new Int32Array(capacity);
    this.weak = new Int32Array(capacity);
    this.strong = new Int32Array(capacity);
    this.offset = new Float64Array(capacity);
    this.length = new Uint16Array(capacity);
  }

  /** The signature of a chunk of `chunkBytes` that began at `offset`. */
  add(signature: DataView, at: number, chunkBytes: number, offset: number): void {
    let place = at;
    for (let from = 0; from < chunkBytes; from += pieceBytes, place += signatureBytes) {
      const piece = this.count++;
      const length = Math.min(pieceBytes, chunkBytes - from);
      const weak = signature.getInt32(place, true);
      this.weak[piece] = weak;
      this.strong[piece] = signature.getInt32(place + 4, true);
      this.offset[piece] = offset + from;
      this.length[piece] = length;
      if (length === pieceBytes) this.#link(piece, weak);
    }
  }

  /** First piece of this weak hash, or −1; the others by `after`. */
  first(weak: number): number {
    let piece = this.#heads[Math.imul(weak, 0x9e37_79b1) >>> this.#shift]!;
    while (piece >= 0 && this.weak[piece] !== weak) piece = this.#next[piece]!;
    return piece;
  }

  after(piece: number): number {
    const weak = this.weak[piece];
    let next = this.#next[piece]!;
    while (next >= 0 && this.weak[next] !== weak) next = this.#next[next]!;
    return next;
  }

  /** The piece behind this one in that version, or −1. */
  following(piece: number): number {
    const next = piece + 1;
    if (next >= this.count) return -1;
    return this.offset[piece]! + this.length[piece]! === this.offset[next] ? next : -1;
  }

  /** Of pieces that are the same the first one stands for all. */
  #link(piece: number, weak: number): void {
    let same = 0;
    for (let other = this.first(weak); other >= 0; other = this.after(other))
      if (this.strong[other] === this.strong[piece] || ++same >= candidatesMaxCount) return;
    const slot = Math.imul(weak, 0x9e37_79b1) >>> this.#shift;
    this.#next[piece] = this.#heads[slot]!;
    this.#heads[slot] = piece;
  }
}

/** A stretch of `bytes` that an older version has as well: `offset` is its place there. */
export interface Found {
  readonly at: number;
  readonly length: number;
  readonly offset: number;
}

/** All stretches of `bytes` made of pieces that `index` knows, ascending, at any byte. They are very likely the same, not surely. */
export function findPieces(bytes: Uint8Array, index: PieceIndex): Found[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { at: number; length: number; offset: number }[] = [];
  let failures = 0;
  let at = 0;

  const isPiece = (piece: number): boolean => {
    const length = index.length[piece]!;
    if (at + length > bytes.length) return false;
    return strongHash(view, at, at + length) === index.strong[piece];
  };

  /** The piece that begins at `at`, or −1. */
  const lookUp = (weak: number): number => {
    for (let piece = index.first(weak); piece >= 0; piece = index.after(piece)) {
      if (isPiece(piece)) return piece;
      failures += 1;
    }
    return -1;
  };

  const take = (first: number): void => {
    for (let piece = first; piece >= 0; ) {
      const length = index.length[piece]!;
      const offset = index.offset[piece]!;
      const last = found.at(-1);
      if (last && last.at + last.length === at && last.offset + last.length === offset) last.length += length;
      else found.push({ at, length, offset });
      at += length;
      const next = index.following(piece);
      piece = next >= 0 && isPiece(next) ? next : -1;
    }
  };

  while (at + pieceBytes <= bytes.length && failures < failuresMaxCount) {
    let weak = weakHash(bytes, at + pieceBytes);
    let piece = lookUp(weak);
    for (const last = bytes.length - pieceBytes; piece < 0 && at < last && failures < failuresMaxCount; ) {
      at += 1;
      weak = ((weak << 1) + gear[bytes[at + pieceBytes - 1]!]!) | 0;
      piece = lookUp(weak);
    }
    if (piece < 0) break;
    take(piece);
  }
  return found;
}
