// The log of an agent that does not run, for reading: what `tender bundle`, `tender inspect` and `tender doctor` see when the
// daemon is down, perhaps because it cannot start. Opened under the agent's own lock, so that none can start meanwhile; the
// chain is verified as at a start, but what is found wrong is only told: no rebuild, no quarantine, no boot, no record.
// (LevelDB itself tidies its files when it opens them; no row changes by that.)
import { registry } from '../../machines/registry.ts';
import { TenderError } from '../errors.ts';
import { type Audited, audit } from '../host/audit.ts';
import { findBase } from '../host/base-rows.ts';
import { createCells } from '../host/cells.ts';
import type { Host } from '../host/contract.ts';
import { below, prefixes, sequenceOf } from '../host/keys.ts';
import { history, outlines, search } from '../host/read-records.ts';
import { find, list, look } from '../host/reads.ts';
import { readRow, readRows } from '../host/side-rows.ts';
import { parseMark } from '../host/store.ts';
import { type Verdict, verify } from '../host/verify.ts';
import type { KeyValue, Storage } from '../ports.ts';

/** Everything of a Host that only reads; answers as the daemon's would. */
export type HostReads = Pick<
  Host,
  'history' | 'outlines' | 'search' | 'base' | 'list' | 'find' | 'look' | 'read' | 'row' | 'rows'
>;

export interface OfflineLog {
  readonly logId: string;
  /** First and last record; `oldest` is `head` + 1 when there is none. */
  readonly oldest: number;
  readonly head: number;
  /** Boots so far, and whether the last one closed the log itself. */
  readonly boot: number;
  readonly clean: boolean;
  /** Greatest log time written. */
  readonly at: number;
  /** What is wrong with it, in one sentence: the next start would rebuild. Null: nothing that a start looks at. */
  readonly damage: string | null;
  /** Actors whose records do not fold. */
  readonly quarantined: readonly string[];
  readonly reads: HostReads;
  /** Every row and every link, not only what a start looks at. */
  audit(): Promise<Audited>;
  /** Lets go of the lock. */
  close(): Promise<void>;
}

const rebuilding = 'rebuilding ';

/**
 * Throws TENDER_STATE_LOCKED while an agent works on it, TENDER_STATE_MISSING where there is no log, TENDER_LOG_BROKEN when
 * LevelDB cannot open it, TENDER_LOG_FROM_THE_FUTURE. `storage` must not create anything.
 */
export async function openOfflineLog(storage: Pick<Storage, 'open' | 'marked'>): Promise<OfflineLog> {
  const note = (await storage.marked?.()) ?? '';
  const halfDone = note.startsWith(rebuilding);
  const kv = await storage.open();
  try {
    const verdict = await verify(kv, halfDone ? undefined : parseMark(note));
    if (verdict.kind === 'fresh') throw empty(halfDone);
    return await assemble(kv, verdict);
  } catch (error) {
    await kv.close();
    throw error;
  }
}

async function assemble(kv: KeyValue, verdict: Exclude<Verdict, { kind: 'fresh' }>): Promise<OfflineLog> {
  const { standing } = verdict;
  const slots = [...(standing?.slots.values() ?? [])];
  const cells = createCells(
    () => kv,
    slots.length + Object.keys(registry).length,
    () => false,
  );
  for (const slot of slots) cells.publish(slot);
  const last = await edge(kv, true);
  const head = standing?.tip.seq ?? last ?? 0;
  const reads: HostReads = {
    history: (range) => history(kv, range),
    outlines: (range) => outlines(kv, range),
    search: (filter) => search(kv, filter),
    base: (actor) => findBase(kv, actor),
    list: (filter) => list(kv, cells, filter),
    find: (filter) => find(kv, cells, filter),
    look: (actor) => look(cells, actor),
    read: async (actor) => (await cells.find(actor))?.slot.cell,
    row: (key) => readRow(kv, key),
    rows: (range) => readRows(kv, range),
  };
  return {
    logId: standing?.identity.logId ?? '',
    oldest: standing === undefined ? ((await edge(kv, false)) ?? head + 1) : standing.identity.base.seq + 1,
    head,
    boot: standing?.boot ?? 0,
    clean: standing?.clean ?? false,
    at: standing?.at ?? 0,
    damage: verdict.kind === 'broken' ? verdict.reason : null,
    quarantined: standing?.quarantined ?? [],
    reads,
    audit: () => audit(kv, cells, async () => undefined),
    close: () => kv.close(),
  };
}

/** The first or last record that is there. */
async function edge(kv: KeyValue, reverse: boolean): Promise<number | undefined> {
  for await (const [key] of kv.iterate({ ...below(prefixes.log), reverse, limit: 1 })) return sequenceOf(key);
  return undefined;
}

function empty(halfDone: boolean): TenderError {
  return halfDone
    ? new TenderError(
        'TENDER_LOG_BROKEN',
        'A rebuild of the log was cut off, and there is nothing in it yet: start the agent once, it begins again with what it set aside.',
      )
    : new TenderError('TENDER_STATE_MISSING', 'There is no log yet: the agent has never run here.');
}
