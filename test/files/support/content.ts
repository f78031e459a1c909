// Bytes for tests, made from a seed, and the chunker run over a whole document in memory.
import { findCut } from '../../../agent/files/chunker.ts';

/** xorshift32: not random, but nothing compresses or repeats in it. */
export function pseudoRandom(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return bytes;
}

/** Ends of all chunks. */
export function cutAll(bytes: Uint8Array): number[] {
  const cuts: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    at = findCut(bytes, at, bytes.length);
    cuts.push(at);
  }
  return cuts;
}
