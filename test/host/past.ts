// What tests of the past share: a log as months at sea leave it, every cell it ever went through, and a host on it that
// drops old records when time passes.
import { expect } from 'vitest';
import { nodeClock } from '../../agent/adapters/node-clock.ts';
import { createCells } from '../../agent/daemon/history-cells.ts';
import type { Host, Rec } from '../../agent/host/contract.ts';
import type { HostLimits } from '../../agent/host/limits.ts';
import type { Storage } from '../../agent/ports.ts';
import type { Cell } from '../../machines/kernel.ts';
import { foldRecord } from '../../machines/replay.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fillLog } from '../support/full-log.ts';
import { collect, hostOn, type Kit, until } from './support.ts';

/** Long after the log was made. */
const nowMs = Date.UTC(2027, 5, 1);

/** Every record of a log, and every cell each actor was, by its n. */
export interface Past {
  readonly records: readonly Rec[];
  readonly cells: ReadonlyMap<string, readonly (Cell | undefined)[]>;
}

/** Fills `directory` so that the next start may drop everything but the last records. */
export async function fillPast(directory: string, records: number, seed = 1): Promise<Past> {
  await fillLog(directory, { records, seed, alongside: 25 });
  const { host } = hostOn(directory, { clock: new FakeClock(nowMs) });
  host.setPermits('line', 0);
  await host.open();
  // Nothing is dropped that LevelDB might still lose: the next 8 MiB have to be behind it.
  await host.checkpoint();
  for (let part = 0; part < 18; part++)
    await host.putRows([{ type: 'put', key: 'file/ballast', value: String(part).repeat(500_000) }]);
  await host.send('connection/main', { type: 'stop', by: 'test' });
  await host.checkpoint();
  await host.close();
  const reader = hostOn(directory, { clock: new FakeClock(nowMs) });
  reader.host.setPermits('line', 0);
  await reader.host.open();
  const all = await collect(reader.host.history({ limit: 1_000_000 }));
  await reader.host.close();
  return { records: all, cells: cellsOf(all) };
}

function cellsOf(records: readonly Rec[]): Map<string, (Cell | undefined)[]> {
  const cells = new Map<string, (Cell | undefined)[]>();
  for (const record of records) {
    if (record.actor === 'host/log') continue;
    const own = cells.get(record.actor) ?? [undefined];
    own.push(foldRecord(own.at(-1), record));
    cells.set(record.actor, own);
  }
  return cells;
}

/** A host that drops records older than a second, `sweepRecords` at a time, whenever `sweep` is called. */
export async function dropping(
  directory: string,
  options: {
    readonly sweepRecords: number;
    readonly storage?: Storage;
    readonly limits?: Partial<HostLimits>;
  },
): Promise<Kit & { sweep(): Promise<void> }> {
  const limits = {
    retainMs: 1_000,
    retentionEveryMs: 10_000,
    retentionSweepMaxRecords: options.sweepRecords,
    ...options.limits,
  };
  const { storage } = options;
  const kit = hostOn(directory, {
    limits,
    clock: new FakeClock(nowMs),
    ...(storage === undefined ? {} : { storage }),
  });
  kit.host.setPermits('line', 0);
  await kit.host.open();
  const sweep = async (): Promise<void> => {
    const before = kit.host.status().oldestSeq;
    await until(async () => {
      await kit.clock.advance(10_000);
      return kit.host.status().oldestSeq > before;
    });
  };
  return { ...kit, sweep };
}

/** Lets held time pass until something is done: what a sweep still writes waits for its company by that clock. */
export async function passing<T>({ clock }: Kit, work: Promise<T>): Promise<T> {
  let done = false;
  const settled = work.finally(() => {
    done = true;
  });
  settled.catch(() => undefined);
  await until(async () => {
    await clock.advance(250);
    return done;
  });
  return settled;
}

/** Every record that is kept leads to the cell it led to; what is not kept is refused. Answers how many were compared. */
export async function comparePast(
  host: Pick<Host, 'history' | 'base' | 'look' | 'status'>,
  past: Past,
): Promise<number> {
  const cells = createCells({ host, clock: nodeClock() });
  const { oldestSeq } = host.status();
  let compared = 0;
  for (const { actor, n, seq, at } of past.records) {
    if (actor === 'host/log' || seq < oldestSeq) continue;
    const { cell, at: foldedAt } = await cells.at(actor, n);
    expect(cell).toEqual(past.cells.get(actor)![n]);
    expect(foldedAt).toBe(at);
    compared += 1;
    const oldestN = await cells.oldestN(actor);
    // The first that is kept: its base is known, what is before the base is not.
    if (n !== oldestN || n === 1) continue;
    expect((await cells.at(actor, n - 1)).cell).toEqual(past.cells.get(actor)![n - 1]);
    await expect(cells.at(actor, n - 2)).rejects.toMatchObject({ code: 'TENDER_NO_SUCH_RECORD' });
  }
  return compared;
}
