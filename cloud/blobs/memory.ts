// BlobStore in memory: the simulator's and the tests'. Segments are numbered, so that a voyage repeats exactly. Same
// contract suite as the disk (test/contracts/blob-contract.ts).
import { CloudError } from '../cloud-error.ts';
import type { BlobStore, ChunkPlace } from '../ports.ts';

export interface MemoryBlobs extends BlobStore {
  /** Bytes kept, over all tenants. */
  readonly bytes: number;
  /** For tests of rot: changes one stored byte. */
  flip(tenantId: string, place: ChunkPlace): void;
}

export function createMemoryBlobs(): MemoryBlobs {
  const kept = new Map<string, Uint8Array>();
  let bytes = 0;
  let segments = 0;
  const keyOf = (tenantId: string, place: ChunkPlace) => `${tenantId}/${place.segment}/${place.offset}`;

  return {
    get bytes() {
      return bytes;
    },
    async append(tenantId, chunks) {
      if (chunks.length === 0) return [];
      segments += 1;
      const segment = segments.toString(16).padStart(32, '0');
      let offset = 0;
      return chunks.map((chunk) => {
        const place = { segment, offset, length: chunk.length };
        kept.set(keyOf(tenantId, place), Uint8Array.from(chunk));
        offset += chunk.length;
        bytes += chunk.length;
        return place;
      });
    },
    async read(tenantId, place) {
      const found = kept.get(keyOf(tenantId, place));
      if (found?.length !== place.length) throw new CloudError('TENDER_BLOB_MISSING');
      return Uint8Array.from(found);
    },
    flip(tenantId, place) {
      const found = kept.get(keyOf(tenantId, place));
      if (found) found[0] = found[0]! ^ 1;
    },
    async close() {},
  };
}
