// Many small documents at once: offer, chunk, version, head and job of all in a handful of questions. Each is answered as if it had
// been offered and finished alone.
import { nameForPeople, nameToBytes } from '../../contract/name.ts';
import type { DeviceScope, Receipt, WholeAnswer, WholeVersion } from '../../ports.ts';
import { type Ask, question } from '../database.ts';
import { packManifest } from '../manifest.ts';
import { addChunks, findChunks } from './chunks.ts';

interface ReceiptRow {
  readonly upload_id: string;
  readonly document_id: string;
  readonly version: number;
  readonly length_bytes: number;
  readonly sha256: Buffer;
  readonly stored_ms: number;
}

const receipts = question<ReceiptRow>(
  'whole-receipts',
  `select upload_id, document_id, version, length_bytes, sha256, stored_ms from tender.version
   where device_id = $1 and upload_id = any ($2::text[])`,
);
/** Other uploads that hold one of these places in this session: stored, or open. By position. */
const taken = question<{ at: number }>(
  'whole-taken',
  `select (w.at - 1)::int as at
   from unnest($2::text[], $3::bytea[], $4::bigint[]) with ordinality w (upload_id, name, version, at)
   where exists (
     select from tender.document d join tender.version v using (document_id)
     where d.device_id = $1 and sha256(d.name) = sha256(w.name) and d.name = w.name and v.version = w.version
   ) or exists (
     select from tender.open_upload o
     where o.device_id = $1 and sha256(o.name) = sha256(w.name) and o.version = w.version
       and o.upload_id <> w.upload_id and o.epoch >= $5
   )`,
);
/** The same uploads begun chunk by chunk, and what older sessions left of these versions. */
const dropOpen = question(
  'whole-drop-open',
  `delete from tender.open_upload o
   using unnest($2::text[], $3::bytea[], $4::bigint[]) w (upload_id, name, version)
   where o.device_id = $1 and (
     o.upload_id = w.upload_id
     or (sha256(o.name) = sha256(w.name) and o.version = w.version and o.epoch < $5))`,
);
/** Sorted by name: two groups take the same locks in the same order. Names differ within one call. */
const raiseHeads = question<{ document_id: string; name: Buffer }>(
  'whole-raise-heads',
  `insert into tender.document (document_id, tenant_id, device_id, name, name_text, head, stored_ms)
   select gen_random_uuid(), $1, $2, w.name, w.name_text, w.head, tender.now_ms()
   from unnest($3::bytea[], $4::text[], $5::bigint[]) w (name, name_text, head)
   order by sha256(w.name)
   on conflict (device_id, sha256(name)) do update set
     stored_ms = case when excluded.head > document.head then excluded.stored_ms else document.stored_ms end,
     head = greatest(document.head, excluded.head)
   returning document_id, name`,
);
const addVersions = question<ReceiptRow>(
  'whole-add-versions',
  `with added as (
     insert into tender.version (document_id, version, tenant_id, device_id, upload_id, length_bytes, sha256,
       manifest, priority, modified_ms, stored_ms)
     select w.document_id, w.version, $1, $2, w.upload_id, w.length_bytes, w.sha256, w.manifest, w.priority,
       w.modified_ms, tender.now_ms()
     from unnest($3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::bytea[], $8::bytea[], $9::int[],
       $10::bigint[]) w (document_id, version, upload_id, length_bytes, sha256, manifest, priority, modified_ms)
     on conflict do nothing
     returning upload_id, document_id, version, length_bytes, sha256, stored_ms
   )
   select added.*, tender.add_index_job(document_id, version)::text from added`,
);

interface Row extends WholeVersion {
  readonly at: number;
  readonly name: Buffer;
  readonly nameHex: string;
}

export async function storeWhole(
  ask: Ask,
  scope: DeviceScope,
  versions: readonly WholeVersion[],
): Promise<readonly WholeAnswer[]> {
  const rows = versions.map((one, at): Row => {
    const name = Buffer.from(nameToBytes(one.offer.name));
    return { ...one, at, name, nameHex: name.toString('hex') };
  });
  const answers: (WholeAnswer | undefined)[] = rows.map(() => undefined);
  await answerStored(ask, scope, rows, answers);
  const missing = await addContents(ask, scope, unanswered(rows, answers));
  for (const { at } of missing) answers[at] = { state: 'missing' };

  // One upload once, one name once in a question: a second version of a document is for the next round.
  for (let open = unanswered(rows, answers); open.length > 0; open = unanswered(rows, answers)) {
    const round = firstOf(
      firstOf(open, ({ nameHex }) => nameHex),
      ({ offer }) => offer.uploadId,
    );
    await storeRound(ask, scope, round, answers);
    await answerStored(ask, scope, unanswered(rows, answers), answers);
    for (const { at } of round) answers[at] ??= { state: 'conflict' };
  }
  return answers.map((answer) => answer!);
}

function firstOf(rows: readonly Row[], key: (row: Row) => string): Row[] {
  return [...new Map([...rows].reverse().map((row) => [key(row), row])).values()].reverse();
}

function unanswered(rows: readonly Row[], answers: readonly (WholeAnswer | undefined)[]): Row[] {
  return rows.filter(({ at }) => !answers[at]);
}

async function answerStored(
  ask: Ask,
  scope: DeviceScope,
  rows: readonly Row[],
  answers: (WholeAnswer | undefined)[],
): Promise<void> {
  if (rows.length === 0) return;
  const found = await ask(receipts, [scope.deviceId, rows.map(({ offer }) => offer.uploadId)]);
  const known = new Map(found.map((row) => [row.upload_id, receiptOf(scope, row)]));
  for (const { at, offer } of rows) {
    const receipt = known.get(offer.uploadId);
    if (receipt) answers[at] = { state: 'finished', receipt };
  }
}

/** Answers those whose chunk is neither brought nor ashore. */
async function addContents(ask: Ask, scope: DeviceScope, rows: readonly Row[]): Promise<readonly Row[]> {
  const placed = rows.flatMap(({ sha256, place }) => (place ? [{ id: sha256, place }] : []));
  if (placed.length > 0) await addChunks(ask, scope.tenantId, placed);
  const named = rows.filter(({ lengthBytes, place }) => lengthBytes > 0 && !place);
  if (named.length === 0) return [];
  const places = await findChunks(
    ask,
    named.map(({ sha256 }) => sha256),
  );
  return named.filter(({ lengthBytes }, at) => places[at]?.length !== lengthBytes);
}

async function storeRound(
  ask: Ask,
  scope: DeviceScope,
  round: readonly Row[],
  answers: (WholeAnswer | undefined)[],
): Promise<void> {
  const places = [
    scope.deviceId,
    round.map(({ offer }) => offer.uploadId),
    round.map(({ name }) => name),
    round.map(({ offer }) => offer.version),
    scope.epoch,
  ];
  const conflicts = new Set((await ask(taken, places)).map(({ at }) => at));
  const free = round.filter((_, n) => !conflicts.has(n));
  if (free.length === 0) return;
  await ask(dropOpen, [
    scope.deviceId,
    free.map(({ offer }) => offer.uploadId),
    free.map(({ name }) => name),
    free.map(({ offer }) => offer.version),
    scope.epoch,
  ]);
  const heads = await ask(raiseHeads, [
    scope.tenantId,
    scope.deviceId,
    free.map(({ name }) => name),
    free.map(({ offer }) => nameForPeople(offer.name)),
    free.map(({ offer }) => offer.version),
  ]);
  const documents = new Map(heads.map((row) => [row.name.toString('hex'), row.document_id]));
  const added = await ask(addVersions, [
    scope.tenantId,
    scope.deviceId,
    free.map(({ nameHex }) => documents.get(nameHex)!),
    free.map(({ offer }) => offer.version),
    free.map(({ offer }) => offer.uploadId),
    free.map(({ lengthBytes }) => lengthBytes),
    free.map(({ sha256 }) => Buffer.from(sha256)),
    free.map((row) => packManifest(entriesOf(row))),
    free.map(({ offer }) => offer.priority),
    free.map(({ offer }) => Math.round(offer.modifiedMs)),
  ]);
  const stored = new Map(added.map((row) => [row.upload_id, receiptOf(scope, row)]));
  for (const { at, offer } of free) {
    const receipt = stored.get(offer.uploadId);
    if (receipt) answers[at] = { state: 'finished', receipt };
  }
}

function entriesOf({ lengthBytes, sha256 }: Row) {
  return lengthBytes === 0 ? [] : [{ index: 0, id: sha256, length: lengthBytes }];
}

function receiptOf(scope: DeviceScope, row: ReceiptRow): Receipt {
  return {
    tenantId: scope.tenantId,
    deviceId: scope.deviceId,
    uploadId: row.upload_id,
    documentId: row.document_id,
    version: row.version,
    lengthBytes: row.length_bytes,
    sha256: row.sha256,
    storedMs: row.stored_ms,
  };
}
