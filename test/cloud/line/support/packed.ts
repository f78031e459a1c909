// Packs for tests of the shore: small documents with a handle each, compressed or not.
import { zstdCompressSync } from 'node:zlib';
import type { PackFrame } from '../../../../cloud/contract/frames.ts';
import { mintUlid } from '../../../../cloud/contract/ids.ts';
import { encodePack, type PackDocument } from '../../../../cloud/contract/pack.ts';
import { sha256 } from '../../../line/support/yacht.ts';

/** A ULID for each number. */
export const idOf = (n: number) => mintUlid(1_767_225_600_000 + n, new Uint8Array(10).fill(n));

/** A small document as it lies in a pack. */
export function document(handle: number, bytes: Uint8Array, other: Partial<PackDocument> = {}): PackDocument {
  const name = new TextEncoder().encode(`small/${handle}.txt`);
  const uploadId = idOf(handle);
  const said = { handle, uploadId, version: 1, priority: 5, modifiedMs: 0, name };
  return { ...said, sha256: sha256(bytes), content: bytes, ...other };
}

export function pack(documents: readonly PackDocument[], isEncoded = true): PackFrame {
  const list = encodePack(documents);
  const said = { type: 'PACK', lengthBytes: list.length } as const;
  if (!isEncoded) return { ...said, bytes: list };
  return { ...said, encoding: 'zstd', bytes: new Uint8Array(zstdCompressSync(list)) };
}
