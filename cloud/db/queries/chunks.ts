// Where a tenant's chunks lie. Always by set: one question for a whole batch.
import type { ChunkPlace } from '../../ports.ts';
import { type Ask, question } from '../database.ts';

interface Row {
  readonly at: number;
  readonly segment: string;
  readonly place_offset: number;
  readonly length: number;
}

const find = question<Row>(
  'chunks-find',
  `select (w.at - 1)::int as at, c.segment, c.place_offset, c.length
   from unnest($1::bytea[]) with ordinality w (id, at)
   join tender.chunk c on c.tenant_id = tender.tenant_id() and c.id = w.id`,
);
/** Sorted by id: two batches with the same chunks take the same locks in the same order. */
const add = question(
  'chunks-add',
  `insert into tender.chunk (tenant_id, id, segment, place_offset, length)
   select $1, n.id, n.segment, n.place_offset, n.length
   from unnest($2::bytea[], $3::text[], $4::bigint[], $5::int[]) n (id, segment, place_offset, length)
   order by n.id on conflict do nothing`,
);
const condemn = question(
  'chunks-condemn',
  'delete from tender.chunk where tenant_id = tender.tenant_id() and id = any ($1::bytea[])',
);

const bytesOf = (id: Uint8Array) => Buffer.from(id.buffer, id.byteOffset, id.byteLength);

export async function findChunks(
  ask: Ask,
  ids: readonly Uint8Array[],
): Promise<readonly (ChunkPlace | undefined)[]> {
  const places: (ChunkPlace | undefined)[] = ids.map(() => undefined);
  for (const row of await ask(find, [ids.map(bytesOf)]))
    places[row.at] = { segment: row.segment, offset: row.place_offset, length: row.length };
  return places;
}

export async function addChunks(
  ask: Ask,
  tenantId: string,
  chunks: readonly { readonly id: Uint8Array; readonly place: ChunkPlace }[],
): Promise<void> {
  await ask(add, [
    tenantId,
    chunks.map((chunk) => bytesOf(chunk.id)),
    chunks.map((chunk) => chunk.place.segment),
    chunks.map((chunk) => chunk.place.offset),
    chunks.map((chunk) => chunk.place.length),
  ]);
}

/** The lengths of those chunks that are ashore, by position. */
export async function knownLengths(
  ask: Ask,
  entries: readonly { readonly id: Uint8Array }[],
): Promise<readonly (number | undefined)[]> {
  const places = await findChunks(
    ask,
    entries.map((entry) => entry.id),
  );
  return places.map((place) => place?.length);
}

export async function condemnChunks(ask: Ask, ids: readonly Uint8Array[]): Promise<void> {
  await ask(condemn, [ids.map(bytesOf)]);
}
