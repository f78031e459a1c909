// Time travel through one actor: where it stood after any of its records, and what that record made the host do. The same
// fold as recovery, with a checkpoint now and then so that a jump costs at most a stretch of records. Read-only. Used by
// the inspector in the browser, live and over a bundle, and by the local API.
import { MachineError } from './error.ts';
import type { Json } from './json.ts';
import { type Cell, type Op, restore, type Stamp } from './kernel.ts';
import { type LogRecord, stepRecord } from './replay.ts';

/** A cell is kept every so many records: a jump folds at most this many, one step forward folds one. */
export const checkpointEveryRecords = 64;

/** Why a record could not be folded; the state is then what the record says, the rest what it was before. */
export interface Unfolded {
  /** The record that did not fold; it and all after it are told by their records alone. */
  readonly n: number;
  readonly code: string;
  readonly message: string;
}

/** One moment: the actor after record `n`. */
export interface Moment<R extends LogRecord = LogRecord> {
  readonly n: number;
  readonly cell: Cell;
  /** Null only at the base, which stands for records that are no longer kept. */
  readonly record: R | null;
  /** Undefined: the record is its birth, or nothing before it is known. */
  readonly before: Cell | undefined;
  readonly ops: readonly Op[];
  /** Null: folded, and its digest is the recorded one. */
  readonly unfolded: Unfolded | null;
}

/** Where an actor's kept history begins when its oldest records were trimmed: its cell after record `n`. */
export interface Base {
  readonly n: number;
  /** Absent: nobody can tell, and `lost` says why. */
  readonly cell?: Json;
  /** Machine version that wrote the cell; absent: today's. */
  readonly version?: number;
  readonly lost?: string;
}

export interface Travel<R extends LogRecord = LogRecord> {
  /**
   * Takes the next records in their order; those of other actors and those known already are passed over. Answers the
   * number it still waits for when there is a gap before the rest, which is then not taken; else null.
   */
  add(records: readonly R[]): { readonly missing: number | null };
  /** Undefined: no such record is known. Never throws. */
  at(n: number): Moment<R> | undefined;
  /** The base, or the first record; 0 while nothing is known. */
  readonly firstN: number;
  readonly lastN: number;
  /** The first record that did not fold, among those looked at so far. */
  readonly unfolded: Unfolded | null;
}

/** Nothing is folded before it is asked for. */
export function createTravel<R extends LogRecord = LogRecord>(
  kind: string,
  actor: string,
  base?: Base,
): Travel<R> {
  const records: R[] = [];
  /** After record number → cell. */
  const checkpoints = new Map<number, Cell>();
  let broken: Unfolded | null = null;
  /** The last good cell, for what comes after a break. */
  let lastGood: Cell | undefined;
  /** Furthest record folded; and the one folded last, so that going on costs one step. */
  let folded = 0;
  let cursor: Cell | undefined;

  if (base) {
    const cell = checkedBase(kind, base);
    if ('code' in cell) broken = cell;
    else checkpoints.set(base.n, cell);
    lastGood = 'code' in cell ? undefined : cell;
    folded = base.n;
  }

  const first = () => records[0]?.n ?? 0;
  const recordAt = (n: number): R | undefined => records[n - first()];

  /** The cell after record `n` - 1 and everything needed to fold `n`; undefined: its birth, or broken before. */
  function cellAt(n: number): Cell | undefined {
    if (cursor?.n === n) return cursor;
    const start = nearest(n);
    let cell = start;
    for (let next = (start?.n ?? first() - 1) + 1; next <= n; next++) {
      const step = foldAt(cell, next);
      if (!step) return undefined;
      cell = step.cell;
    }
    return cell;
  }

  /** The best known cell at or before `n`. */
  function nearest(n: number): Cell | undefined {
    const origin = base?.n ?? 0;
    const place = origin + Math.floor((n - origin) / checkpointEveryRecords) * checkpointEveryRecords;
    for (let at = place; at >= origin; at -= checkpointEveryRecords) {
      const cell = checkpoints.get(at);
      if (!cell) continue;
      return cursor && cursor.n > at && cursor.n <= n ? cursor : cell;
    }
    return cursor && cursor.n <= n ? cursor : undefined;
  }

  function foldAt(before: Cell | undefined, n: number): { cell: Cell; ops: readonly Op[] } | undefined {
    if (broken && n >= broken.n) return undefined;
    const record = recordAt(n) as R;
    try {
      const step = stepRecord(before, record);
      cursor = step.cell;
      if (n > folded) {
        folded = n;
        lastGood = step.cell;
        if ((n - (base?.n ?? 0)) % checkpointEveryRecords === 0) checkpoints.set(n, step.cell);
      }
      return step;
    } catch (error) {
      broken = reasonOf(n, error);
      return undefined;
    }
  }

  /** As much as the record itself says, over what was last known. */
  function byRecord(record: R, reason: Unfolded): Moment<R> {
    const known = lastGood ?? { n: 0, value: '', context: {}, fx: {}, tm: {} };
    const before = recordAt(record.n - 1);
    return {
      n: record.n,
      cell: { ...known, n: record.n, value: record.state },
      record,
      before: before && { ...known, n: before.n, value: before.state },
      ops: [],
      unfolded: reason,
    };
  }

  return {
    add: (more) => {
      for (const record of more) {
        if (record.actor !== actor) continue;
        const expected = records.length > 0 ? first() + records.length : base ? base.n + 1 : record.n;
        if (record.n < expected) continue;
        if (record.n > expected) return { missing: expected };
        if (records.length === 0 && !base && record.n > 1) broken = trimmed(actor, record.n);
        records.push(record);
      }
      return { missing: null };
    },
    at: (n) => {
      if (base && n === base.n) return atBase(base, checkpoints.get(n), broken);
      const record = recordAt(n);
      if (!record) return undefined;
      if (broken && n >= broken.n) return byRecord(record, broken);
      const before = n === first() && !base ? undefined : cellAt(n - 1);
      const step = foldAt(before, n);
      if (step) return { n, cell: step.cell, record, before, ops: step.ops, unfolded: null };
      return byRecord(record, broken as unknown as Unfolded);
    },
    get firstN() {
      return base?.n ?? first();
    },
    get lastN() {
      return records.at(-1)?.n ?? base?.n ?? 0;
    },
    get unfolded() {
      return broken;
    },
  };
}

function atBase<R extends LogRecord>(base: Base, cell: Cell | undefined, broken: Unfolded | null): Moment<R> {
  const unknown = { n: base.n, value: '', context: {}, fx: {}, tm: {} };
  return {
    n: base.n,
    cell: cell ?? unknown,
    record: null,
    before: undefined,
    ops: [],
    unfolded: cell ? null : broken,
  };
}

function checkedBase(kind: string, base: Base): Cell | Unfolded {
  if (base.cell === undefined)
    return {
      n: base.n,
      code: 'TENDER_HISTORY_TRIMMED',
      message: base.lost ?? `What it was after record ${base.n} is not known.`,
    };
  try {
    const cell = restore(kind, base.cell, base.version);
    return cell.n === base.n ? cell : { ...cell, n: base.n };
  } catch (error) {
    return reasonOf(base.n, error);
  }
}

function trimmed(actor: string, n: number): Unfolded {
  return {
    n,
    code: 'TENDER_HISTORY_TRIMMED',
    message: `What ${actor} was before record ${n} is no longer kept: its states are shown as recorded, its context is not known.`,
  };
}

function reasonOf(n: number, error: unknown): Unfolded {
  if (error instanceof MachineError) return { n, code: error.code, message: error.message };
  return { n, code: 'TENDER_HISTORY_BROKEN', message: `Record ${n} does not fold: ${String(error)}` };
}

/** Log time of a moment; the base has none. */
export function stampOf(moment: Moment): Stamp | null {
  return moment.record ? { at: moment.record.at } : null;
}
