// Reads everything once and checks it: every link of the chain from its anchor on, every checksum, every head against the
// newest record of its actor. A start verifies only what LevelDB may have lost lately; this finds rot in what is old.
// Run by vigil.ts, in the background and on demand.
import type { KeyValue } from '../ports.ts';
import type { Cells } from './cells.ts';
import { readCheckpoint, readIdentity } from './checkpoint.ts';
import { below, isSideKey, keys, prefixes, sequenceOf } from './keys.ts';
import { decodeRecord, follows, hashLength } from './record.ts';
import { unsealOrUndefined } from './sealed.ts';
import { readSlot } from './slot.ts';

export interface Audited {
  /** The first thing found wrong, in one sentence. */
  readonly damage?: string;
  readonly records: number;
  readonly rows: number;
}

/** Rows read before others may have their turn. */
const sliceRows = 200;

/** `breathe` is awaited between slices; what it throws ends the audit as if the log could not be read. */
export async function audit(kv: KeyValue, cells: Cells, breathe: () => Promise<void>): Promise<Audited> {
  const counts = { records: 0, rows: 0 };
  try {
    const damage = (await auditChain(kv, counts, breathe)) ?? (await auditRows(kv, cells, counts, breathe));
    return damage === undefined ? counts : { ...counts, damage };
  } catch (error) {
    return { ...counts, damage: `The log cannot be read: ${(error as Error).message}` };
  }
}

async function auditChain(
  kv: KeyValue,
  counts: { records: number },
  breathe: () => Promise<void>,
): Promise<string | undefined> {
  const sealed = await kv.get(keys.identity);
  if (sealed === undefined) return 'The log has lost its name.';
  let { seq, hash } = readIdentity(sealed).base;
  const checkpoint = readCheckpoint(await kv.get(keys.checkpoint));
  for await (const [key, row] of kv.iterate(below(prefixes.log))) {
    const here = sequenceOf(key);
    if (here !== seq + 1) return `Records ${seq + 1} to ${here - 1} are missing.`;
    const rec = follows(hash, row) ? decodeRecord(row) : undefined;
    if (rec?.seq !== here) return `Record ${here} is not what was written.`;
    if ((await kv.get(keys.by(rec.actor, rec.n))) !== String(here)) {
      return `Record ${here} is not found under its actor ${rec.actor}.`;
    }
    seq = here;
    hash = row.slice(0, hashLength);
    counts.records += 1;
    if (counts.records % sliceRows === 0) await breathe();
  }
  return seq < checkpoint.seq ? `Records ${seq + 1} to ${checkpoint.seq} are missing.` : undefined;
}

async function auditRows(
  kv: KeyValue,
  cells: Cells,
  counts: { rows: number },
  breathe: () => Promise<void>,
): Promise<string | undefined> {
  const chained = [prefixes.log, prefixes.by];
  for await (const [key, value] of kv.iterate({})) {
    counts.rows += 1;
    if (counts.rows % sliceRows === 0) await breathe();
    if (chained.some((prefix) => key.startsWith(prefix))) continue;
    if (unsealOrUndefined(key, value) === undefined)
      return `The row ${key.slice(0, 120)} is not what was written.`;
    if (isSideKey(key) || !key.startsWith(prefixes.head)) continue;
    const actor = key.slice(prefixes.head.length);
    const slot = readSlot(actor, key, value);
    if (slot.quarantined !== undefined || (await kv.get(keys.by(actor, slot.cell.n + 1))) === undefined)
      continue;
    // It may have moved on since this row was read; the cells look at the present one.
    await cells.find(actor);
  }
  return undefined;
}
