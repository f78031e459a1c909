// A broken log is set aside as evidence and a new one is made of what can be trusted: every head, receipt and side row
// whose checksum holds, and the records up to the damage. The new log has a new id, so that no effect id ever means two
// things; the daemon then rescans its folders and asks the cloud what it holds. Safe to be killed at any point.
import type { Change, KeyValue, Storage } from '../ports.ts';
import { baseRow } from './base-rows.ts';
import { checkpointRow, formatVersion, identityRow } from './checkpoint.ts';
import type { Base, Rebuilt } from './contract.ts';
import { difference } from './index-rows.ts';
import { below, isSideKey, keys, prefixes } from './keys.ts';
import { encodeBody, genesis, link } from './record.ts';
import { unsealOrUndefined } from './sealed.ts';
import { headRow, readSlot, receiptRow, type Slot } from './slot.ts';
import { markNote, type Tip } from './store.ts';
import { hostActor, hostKind, quarantineRow } from './turn.ts';
import type { Verdict } from './verify.ts';

/** Rows per batch while a log is rebuilt. */
const batchMaxRows = 1_000;

/** What could be saved, held in memory (about 1 KB per unfinished upload) until the new database takes it. */
export interface Salvage {
  readonly slots: readonly Slot[];
  readonly receipts: readonly Slot[];
  /** Side rows, sealed as they were. */
  readonly rows: readonly Change[];
}

/** Reads what can be trusted. Rows that cannot be read are left out; the evidence keeps them. */
export async function salvage(kv: KeyValue, verdict: Verdict & { kind: 'broken' }): Promise<Salvage> {
  const { standing } = verdict;
  const receipts = new Map<string, Slot>();
  for await (const [actor, slot] of slotsBelow(kv, prefixes.receipt)) receipts.set(actor, slot);
  const slots = new Map<string, Slot>();
  for await (const [actor, slot] of slotsBelow(kv, prefixes.head)) slots.set(actor, slot);
  for (const [actor, slot] of standing?.slots ?? []) slots.set(actor, slot);
  for (const actor of receipts.keys()) slots.delete(actor);

  const rows: Change[] = [];
  try {
    for await (const [key, value] of kv.iterate({})) {
      if (isSideKey(key) && unsealOrUndefined(key, value) !== undefined)
        rows.push({ type: 'put', key, value });
    }
  } catch {
    // What lies behind an unreadable place is found again by the rescan and the cloud's inventory.
  }
  return { slots: [...slots.values()], receipts: [...receipts.values()], rows };
}

async function* slotsBelow(kv: KeyValue, prefix: string): AsyncGenerator<readonly [string, Slot]> {
  try {
    for await (const [key, sealed] of kv.iterate(below(prefix))) {
      const actor = key.slice(prefix.length);
      if (unsealOrUndefined(key, sealed) !== undefined) yield [actor, readSlot(actor, key, sealed)];
    }
  } catch {
    // As above: the rest of this range cannot be read.
  }
}

export interface RebuildParts {
  readonly storage: Storage;
  readonly logId: string;
  readonly at: number;
  readonly wall: number;
  /** Greater than any boot of the former log. */
  readonly boot: number;
}

/** Fills an empty database. Its name is written last: without it the next start begins again with the evidence. */
export async function refill(
  kv: KeyValue,
  saved: Salvage,
  rebuilt: Rebuilt,
  parts: RebuildParts,
): Promise<Tip> {
  const changes: Change[] = [...saved.rows];
  for (const former of saved.receipts) changes.push(receiptRow({ ...former, first: 0, last: 0 }));
  for (const former of saved.slots) {
    const slot = { ...former, first: 0, last: 0 };
    changes.push(headRow(slot));
    if (slot.quarantined !== undefined) changes.push(quarantineRow(slot.actor, slot.quarantined));
    else changes.push(...difference(slot.actor, slot.kind, undefined, slot.cell, 0).changes);
    changes.push(baseRow(slot.actor, baseOf(slot)));
  }
  for (let from = 0; from < changes.length; from += batchMaxRows) {
    await kv.batch(changes.slice(from, from + batchMaxRows), { sync: true });
  }
  const { reason, evidence, formerLogId = null } = rebuilt;
  return begin(kv, { type: 'log.rebuilt', logId: parts.logId, formerLogId, reason, evidence }, parts);
}

/** The new log has no records of what it was filled with: its history begins with these cells. */
function baseOf({ cell, quarantined }: Slot): Base {
  return quarantined === undefined ? { n: cell.n, cell } : { n: cell.n, lost: quarantined };
}

/** Writes the name, the first record and the first checkpoint of a log, and the mark beside it. */
export async function begin(
  kv: KeyValue,
  event: { readonly type: string; readonly [key: string]: string | null },
  { storage, logId, at, wall, boot }: RebuildParts,
): Promise<Tip> {
  const base = { seq: 0, hash: genesis(logId) };
  const body = encodeBody(
    {
      actor: hostActor,
      kind: hostKind,
      n: 1,
      at,
      wall,
      src: 'sys',
      boot,
      event,
      state: 'open',
      digest: 0,
    },
    1,
  );
  const tip = { seq: 1, hash: link(base.hash, body) };
  await kv.batch(
    [
      { type: 'put', key: keys.log(1), value: tip.hash + body },
      { type: 'put', key: keys.by(hostActor, 1), value: '1' },
      identityRow({ format: formatVersion, logId, base }),
      checkpointRow({ ...tip, verifyFrom: 1, hostN: 1, boot, at, logBytes: body.length }),
    ],
    { sync: true },
  );
  storage.mark?.(markNote(logId, tip), true);
  return tip;
}
