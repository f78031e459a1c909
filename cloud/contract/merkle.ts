// A tree of hashes over a few byte strings (RFC 9162, section 2.1): one root stands for all, and the path of one leaf proves it
// with a handful of hashes. Receipts share a signature by it: receipt.ts.
import { hash } from 'node:crypto';

/** Of one leaf, or of some: of all of them it is the whole tree. */
export interface MerkleTree {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly count: number;
  readonly halves?: readonly [MerkleTree, MerkleTree];
}

/** Used again: a batch has a hundred nodes. */
const nodeBytes = new Uint8Array(65).fill(1, 0, 1);

function leafHash(bytes: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(1 + bytes.length);
  prefixed.set(bytes, 1);
  return hash('sha256', prefixed, 'buffer');
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeBytes.set(left, 1);
  nodeBytes.set(right, 33);
  return hash('sha256', nodeBytes, 'buffer');
}

/** The largest power of two below `count`: how many leaves are on the left. */
function leftCount(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}

/** At least one leaf. */
export function merkleTree(leaves: readonly Uint8Array[]): MerkleTree {
  const count = leaves.length;
  if (count === 0) throw new RangeError('a tree without leaves');
  if (count === 1) return { hash: leafHash(leaves[0]!), count };
  const left = merkleTree(leaves.slice(0, leftCount(count)));
  const right = merkleTree(leaves.slice(left.count));
  return { hash: nodeHash(left.hash, right.hash), count, halves: [left, right] };
}

/** The hashes beside the way from a leaf to the root, lowest first. */
export function merklePath({ halves }: MerkleTree, position: number): Uint8Array[] {
  if (!halves) return [];
  const [left, right] = halves;
  return position < left.count
    ? [...merklePath(left, position), right.hash]
    : [...merklePath(right, position - left.count), left.hash];
}

/** The root that a leaf and its path lead to; `next` gives the path's hashes, lowest first. */
export function rootFromPath(
  leaf: Uint8Array,
  position: number,
  count: number,
  next: () => Uint8Array,
): Uint8Array {
  if (count === 1) return leafHash(leaf);
  const left = leftCount(count);
  if (position < left) return nodeHash(rootFromPath(leaf, position, left, next), next());
  const below = rootFromPath(leaf, position - left, count - left, next);
  return nodeHash(next(), below);
}
