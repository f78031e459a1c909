// Where the kept history of an actor begins. When old records of an actor are dropped, the cell as it was after the last
// of them stays as one row, so that the records that are left still fold. Written by the retention in the batch that drops
// the records, and by a rebuild, whose new log begins with cells instead of records; gone with the actor's last record.
import { MachineError } from '../../machines/error.ts';
import type { Json } from '../../machines/json.ts';
import { type Cell, final, restore } from '../../machines/kernel.ts';
import { foldRecord } from '../../machines/replay.ts';
import type { Change, KeyValue } from '../ports.ts';
import type { Base, Rec } from './contract.ts';
import { keys } from './keys.ts';
import { seal, unseal } from './sealed.ts';
import { readStamp, stamped } from './slot.ts';

/** An actor's cell after its record `n`, the last that is not kept. */
export function baseRow(actor: string, base: Base): Change {
  const kind = actor.slice(0, actor.indexOf('/'));
  const key = keys.base(actor);
  const body = base.cell === undefined ? { n: base.n, x: base.lost } : { n: base.n, c: base.cell };
  return { type: 'put', key, value: seal(key, JSON.stringify({ k: stamped(kind), ...body })) };
}

/** Throws TENDER_LOG_BROKEN on a damaged row, TENDER_LOG_FROM_THE_FUTURE. */
export function readBase(actor: string, sealed: string): Base {
  const value = JSON.parse(unseal(keys.base(actor), sealed)) as Row;
  if (value.c === undefined) return { n: value.n, lost: value.x ?? 'its base was lost' };
  const { kind, version } = readStamp(value.k);
  try {
    return { n: value.n, cell: restore(kind, value.c as unknown as Json, version) };
  } catch (error) {
    return { n: value.n, lost: (error as Error).message };
  }
}

interface Row {
  /** Machine and version the cell is of. */
  readonly k: string;
  readonly n: number;
  readonly c?: Cell;
  /** Why there is no cell. */
  readonly x?: string;
}

export async function findBase(kv: KeyValue, actor: string): Promise<Base | undefined> {
  const sealed = await kv.get(keys.base(actor));
  return sealed === undefined ? undefined : readBase(actor, sealed);
}

/** The bases that the records dropped by one batch make; folded from the ones before, in the order of the log. */
export interface Bases {
  /** Takes in a record that is about to be dropped. */
  drop(record: Rec): Promise<void>;
  /** The rows that belong into the same batch; begins anew. */
  take(): Change[];
}

export function createBases(kv: () => KeyValue): Bases {
  /** Bases of this batch; null: its actor is over, and this was its last record. */
  let changed = new Map<string, Base | null>();
  return {
    drop: async (record) => {
      const { actor } = record;
      const known = changed.get(actor);
      const before = known ?? (known === null ? undefined : await findBase(kv(), actor));
      // A sweep whose commit was kept although it was told otherwise begins again.
      if (before !== undefined && before.n >= record.n) return;
      changed.set(actor, foldInto(before, record));
    },
    take: () => {
      const rows: Change[] = [];
      for (const [actor, base] of changed)
        rows.push(base === null ? { type: 'del', key: keys.base(actor) } : baseRow(actor, base));
      changed = new Map();
      return rows;
    },
  };
}

/** What does not fold costs only that actor's history; the reason is kept in place of the cell. */
function foldInto(before: Base | undefined, record: Rec): Base | null {
  if (before?.lost !== undefined) return { n: record.n, lost: before.lost };
  try {
    const cell = foldRecord(before?.cell, record);
    return final(record.actor.slice(0, record.actor.indexOf('/')), cell) ? null : { n: record.n, cell };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return { n: record.n, lost: error.message };
  }
}
