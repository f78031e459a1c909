// An actor as it was after any of its kept records: folded from the nearest cell that is known, which is its base, a cell
// folded before, or nothing. The same fold as recovery and the page. Slice by slice, one such question at a time, so that
// neither a long history nor many questions keep the daemon from its work.
import { MachineError } from '../../machines/error.ts';
import type { Cell } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { foldRecord } from '../../machines/replay.ts';
import { TenderError } from '../errors.ts';
import type { Host, Rec } from '../host/contract.ts';
import type { Clock } from '../ports.ts';

/** Records folded before others have their turn: about 5 ms. */
const sliceRecords = 256;
/** A cell is remembered every so many records … */
const rememberEveryRecords = 512;
/** … and at most so many of them, about 1 KB each. */
const rememberedMaxCells = 256;
/** Records that vanish while they are read: the retention was there; from the new base it goes on. */
const retentionMaxRetries = 3;

export interface Past {
  readonly cell: Cell;
  /** Log time of the record; null where only its cell is kept. */
  readonly at: number | null;
}

export interface Cells {
  /** Throws TENDER_NO_SUCH_ACTOR, TENDER_NO_SUCH_RECORD, TENDER_HISTORY_BROKEN; TENDER_AGENT_STOPPING when cut short. */
  at(actor: string, n: number, signal?: AbortSignal): Promise<Past>;
  /**
   * The first kept record of an actor; the cell before it is known too, if there was one. The record after its last one when
   * only its receipt is left.
   */
  oldestN(actor: string): Promise<number>;
}

export function createCells(ports: {
  readonly host: Pick<Host, 'history' | 'base' | 'look'>;
  readonly clock: Clock;
}): Cells {
  const { host, clock } = ports;
  const remembered = createMemory();
  let turn: Promise<unknown> = Promise.resolve();

  async function fold(actor: string, n: number, signal: AbortSignal | undefined, retries = 0): Promise<Past> {
    const base = await host.base(actor);
    if (n < (base?.n ?? 1)) throw notKept(actor, n, (base?.n ?? 0) + 1);
    if (base?.lost !== undefined) throw broken(actor, base.lost);
    if (base?.n === n) return { cell: base.cell, at: null };
    // The record itself is folded in any case: it tells the time.
    let cell = remembered.before(actor, n, base?.n ?? 0) ?? base?.cell;
    for (;;) {
      const from = cell?.n ?? 0;
      let last: Rec | undefined;
      const slice = { actor, after: from, before: n + 1, limit: sliceRecords };
      for await (const record of host.history(slice)) {
        if (record.n !== (cell?.n ?? 0) + 1) break;
        cell = foldOne(cell, record);
        if (record.n % rememberEveryRecords === 0) remembered.keep(actor, cell);
        last = record;
      }
      if (last !== undefined && last.n === n) return { cell: cell!, at: last.at };
      if (last === undefined) return vanished(actor, n, from, signal, retries);
      if (signal?.aborted) throw cutShort();
      await new Promise<void>((resolve) => void clock.after(0, resolve));
    }
  }

  /** No next record: there never was one, or the retention came in between. */
  async function vanished(
    actor: string,
    n: number,
    from: number,
    signal: AbortSignal | undefined,
    retries: number,
  ): Promise<Past> {
    const base = await host.base(actor);
    if ((base?.n ?? 0) > from && retries < retentionMaxRetries) return fold(actor, n, signal, retries + 1);
    if (from === 0) {
      const first = await firstRecord(actor);
      if (first !== undefined) throw notKept(actor, n, first);
      const state = await host.look(actor);
      throw state === undefined ? noSuchActor(actor) : notKept(actor, n, state.cell.n + 1);
    }
    throw new TenderError(
      'TENDER_NO_SUCH_RECORD',
      `${actor} has no record ${n} yet: its last one is ${from}.`,
    );
  }

  async function firstRecord(actor: string): Promise<number | undefined> {
    for await (const { n } of host.history({ actor, limit: 1 })) return n;
    return undefined;
  }

  return {
    at(actor, n, signal) {
      const mine = turn.then(() => {
        if (!Object.hasOwn(registry, actor.slice(0, actor.indexOf('/')))) throw noSuchActor(actor);
        if (signal?.aborted) throw cutShort();
        return fold(actor, n, signal);
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
    oldestN: async (actor) => {
      const base = await host.base(actor);
      if (base !== undefined) return base.n + 1;
      return (await firstRecord(actor)) ?? ((await host.look(actor))?.cell.n ?? 0) + 1;
    },
  };
}

function foldOne(before: Cell | undefined, record: Rec): Cell {
  try {
    return foldRecord(before, record);
  } catch (error) {
    if (error instanceof MachineError) throw broken(record.actor, error.message);
    throw error;
  }
}

/** Cells on the way to where somebody looked: facts, so they never go out of date. The oldest give way. */
function createMemory() {
  const kept = new Map<string, { readonly actor: string; readonly cell: Cell }>();
  return {
    keep(actor: string, cell: Cell): void {
      kept.set(`${actor} ${cell.n}`, { actor, cell });
      if (kept.size > rememberedMaxCells) kept.delete(kept.keys().next().value!);
    },
    /** The nearest cell before record `n`, if it is behind `least`. */
    before(actor: string, n: number, least: number): Cell | undefined {
      let best: Cell | undefined;
      for (const { actor: whose, cell } of kept.values())
        if (whose === actor && cell.n < n && cell.n > (best?.n ?? least)) best = cell;
      return best;
    },
  };
}

export function noSuchActor(actor: string): TenderError {
  const what = actor.slice(0, 100);
  return new TenderError(
    'TENDER_NO_SUCH_ACTOR',
    actor.startsWith('host/')
      ? `${what} is the log itself: its records have no machine behind them.`
      : `There is no actor ${what} in this log: \`tender ls\` lists the documents.`,
  );
}

function notKept(actor: string, n: number, first: number): TenderError {
  return new TenderError(
    'TENDER_NO_SUCH_RECORD',
    n < 1
      ? `${actor} begins with record 1.`
      : `What ${actor} was after record ${n} is no longer kept: its history begins with record ${first}.`,
  );
}

function broken(actor: string, why: string): TenderError {
  return new TenderError('TENDER_HISTORY_BROKEN', `The history of ${actor} cannot be folded: ${why}`);
}

function cutShort(): TenderError {
  return new TenderError('TENDER_AGENT_STOPPING', 'Nobody waited for the answer any more.');
}
