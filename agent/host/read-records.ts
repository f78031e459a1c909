// Records as others may see them: in order of the log, or of one actor's own numbers; whole, at a glance, or only those that
// fit. Reads show only what is durable, from one consistent view, and let others have their turn at every page of rows.
import { TenderError } from '../errors.ts';
import type { KeyValue } from '../ports.ts';
import type { Outline, Rec, RecordFilter, RecordRange, RecordsFound } from './contract.ts';
import { below, keys, prefixes } from './keys.ts';
import { outlineOf } from './outline.ts';
import { decodeRecord } from './record.ts';

/** Records looked at by one search: about 20 ms of reading, a few at a time. */
export const scannedMaxRecords = 5_000;

/** Records after a sequence number, or of one actor after one of its own. */
export async function* history(kv: KeyValue, range: RecordRange): AsyncGenerator<Rec> {
  for await (const [key, row] of rowsOf(kv, range)) yield whole(key, decodeRecord(row));
}

/** The same at a glance. */
export async function* outlines(kv: KeyValue, range: RecordRange): AsyncGenerator<Outline> {
  for await (const [key, row] of rowsOf(kv, range)) yield whole(key, outlineOf(row));
}

export async function search(kv: KeyValue, filter: RecordFilter): Promise<RecordsFound> {
  const { types, states, sources, limit } = filter;
  const records: Rec[] = [];
  let scannedTo: number | undefined;
  let scanned = 0;
  for await (const [key, row] of rowsOf(kv, { ...filter, limit: scannedMaxRecords + 1 })) {
    if (scanned === scannedMaxRecords || records.length === limit) return { records, scannedTo, more: true };
    scanned += 1;
    const outline = whole(key, outlineOf(row));
    scannedTo = filter.actor === undefined ? outline.seq : outline.n;
    const fits =
      (types?.includes(outline.type) ?? true) &&
      (states?.includes(outline.state) ?? true) &&
      (sources?.includes(outline.src) ?? true);
    if (fits) records.push(whole(key, decodeRecord(row)));
  }
  return { records, scannedTo, more: false };
}

type Row = readonly [key: string, row: string];

function rowsOf(kv: KeyValue, range: RecordRange): AsyncIterable<Row> {
  const { actor, after = 0, before, reverse = false, limit } = range;
  if (limit <= 0 || (before !== undefined && before <= after + 1)) return none();
  if (actor !== undefined) return ownRows(kv, { ...range, actor });
  return kv.iterate({
    gt: keys.log(after),
    lt: before === undefined ? below(prefixes.log).lt : keys.log(before),
    reverse,
    limit,
  });
}

async function* ownRows(kv: KeyValue, range: RecordRange & { readonly actor: string }): AsyncGenerator<Row> {
  const { actor, after = 0, before, reverse = false, limit } = range;
  const lt = before === undefined ? below(`${prefixes.by}${actor}/`).lt : keys.by(actor, before);
  for await (const [, seq] of kv.iterate({ gt: keys.by(actor, after), lt, reverse, limit })) {
    const key = keys.log(Number(seq));
    const row = await kv.get(key);
    // Dropped by the retention in between.
    if (row !== undefined) yield [key, row];
  }
}

async function* none(): AsyncGenerator<Row> {}

function whole<T>(key: string, record: T | undefined): T {
  if (record !== undefined) return record;
  throw new TenderError(
    'TENDER_LOG_BROKEN',
    `The record ${key} cannot be read. Restart the agent: it sets the broken log aside and rebuilds.`,
  );
}
