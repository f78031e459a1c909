// The chunks known to be ashore, as rows `ch/<hex sha256>`: what stands here is named instead of sent. Only a hint,
// kept soft: a lost row costs sending a chunk again, a stale one is answered by the shore's WANT and forgotten here.
// The line asks before it sends and remembers after the durable watermark.
import type { Change } from '../ports.ts';

/** The part of the host that keeps side rows. */
export interface Rows {
  row(key: string): Promise<string | undefined>;
  putRows(changes: readonly Change[], options: { readonly soft: boolean }): Promise<void>;
}

export interface ChunkLedger {
  has(id: Uint8Array): Promise<boolean>;
  remember(ids: Iterable<Uint8Array>): Promise<void>;
  forget(ids: Iterable<Uint8Array>): Promise<void>;
}

export function createLedger(rows: Rows): ChunkLedger {
  return {
    has: async (id) => (await rows.row(chunkRowKey(id))) !== undefined,
    async remember(ids) {
      const changes: Change[] = [];
      for (const id of ids) changes.push({ type: 'put', key: chunkRowKey(id), value: '1' });
      if (changes.length > 0) await rows.putRows(changes, { soft: true });
    },
    async forget(ids) {
      const changes: Change[] = [];
      for (const id of ids) changes.push({ type: 'del', key: chunkRowKey(id) });
      if (changes.length > 0) await rows.putRows(changes, { soft: true });
    },
  };
}

export function chunkRowKey(id: Uint8Array): string {
  return `ch/${Buffer.from(id.buffer, id.byteOffset, id.length).toString('hex')}`;
}
