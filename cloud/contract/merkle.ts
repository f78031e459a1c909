// A tree of hashes over a few byte strings (RFC 9162, section 2.1): one root stands for all, and the path of one leaf proves it
// with a handful of hashes. Receipts share a signature by it: receipt.ts.
import { createHash } from 'node:crypto';

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

function leafHash(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(leafPrefix).update(bytes).digest();
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest();
}

/** The largest power of two below `count`: how many leaves are on the left. */
function leftCount(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}

/** 32 bytes; at least one leaf. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) throw new RangeError('a tree without leaves');
  if (leaves.length === 1) return leafHash(leaves[0]!);
  const left = leftCount(leaves.length);
  return nodeHash(merkleRoot(leaves.slice(0, left)), merkleRoot(leaves.slice(left)));
}

/** The hashes beside the way from a leaf to the root, lowest first. */
export function merklePath(leaves: readonly Uint8Array[], position: number): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const left = leftCount(leaves.length);
  return position < left
    ? [...merklePath(leaves.slice(0, left), position), merkleRoot(leaves.slice(left))]
    : [...merklePath(leaves.slice(left), position - left), merkleRoot(leaves.slice(0, left))];
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
