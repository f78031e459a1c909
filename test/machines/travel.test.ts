// Time travel must be recovery by another name: whatever moment is asked for, in whatever order, the answer is the fold of
// the records up to it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Cell, digest, type Op } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { foldRecord, type LogRecord, stepRecord } from '../../machines/replay.ts';
import { checkpointEveryRecords, createTravel, type Moment } from '../../machines/travel.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { randomHistory } from './history.ts';

/** The cell after each record, and the orders of each, by plain folding. */
function folded(records: readonly LogRecord[], base?: Cell): { cells: Cell[]; ops: (readonly Op[])[] } {
  const cells: Cell[] = [];
  const ops: (readonly Op[])[] = [];
  for (const record of records) {
    const step = stepRecord(cells.at(-1) ?? base, record);
    cells.push(step.cell);
    ops.push(step.ops);
  }
  return { cells, ops };
}

/** A long life of one actor: walks end where work is over, so the longest of several. */
function longHistory(kind: string, seed: number, length = 600): LogRecord[] {
  let longest: LogRecord[] = [];
  for (let i = 0; i < 6; i++) {
    const records = randomHistory(kind, new FakeRandom(seed, `${kind}/${i}`), length);
    if (records.length > longest.length) longest = records;
  }
  return longest;
}

/** Every record asked for once, in a random order, then some more. */
function askedFor(random: FakeRandom, firstN: number, lastN: number): number[] {
  const all = Array.from({ length: lastN - firstN + 1 }, (_, i) => firstN + i);
  const order = all.map((n) => ({ n, place: random.unit() })).sort((a, b) => a.place - b.place);
  return [...order.map(({ n }) => n), ...all.slice(-5), ...all.slice(0, 5)];
}

describe('time travel', () => {
  it.each(Object.keys(registry))(
    '%s: any moment, asked for in any order, equals the fold up to it',
    (kind) => {
      for (let seed = 0; seed < 25; seed++) {
        const random = new FakeRandom(81 + seed, kind);
        const records = randomHistory(kind, random, 20 + Math.floor(random.unit() * 300));
        const { cells, ops } = folded(records);
        const travel = createTravel(kind, `${kind}/1`);
        expect(travel.add(records)).toEqual({ missing: null });
        expect([travel.firstN, travel.lastN]).toEqual([1, records.length]);
        for (const n of askedFor(random, 1, records.length)) {
          const moment = travel.at(n) as Moment;
          expect(moment).toEqual({
            n,
            cell: cells[n - 1],
            record: records[n - 1],
            before: cells[n - 2],
            ops: ops[n - 1],
            unfolded: null,
          });
          expect(digest(moment.cell)).toBe(moment.record?.digest);
        }
        expect(travel.unfolded).toBeNull();
      }
    },
  );

  it.each(Object.keys(registry))('%s: goes on from a base the same', (kind) => {
    for (let seed = 0; seed < 10; seed++) {
      const random = new FakeRandom(91 + seed, kind);
      const records = longHistory(kind, 91 + seed, 200);
      const { cells, ops } = folded(records);
      const at = Math.floor(random.unit() * (records.length - 1)) + 1;
      const base = { n: at, cell: JSON.parse(JSON.stringify(cells[at - 1])) };
      const travel = createTravel(kind, `${kind}/1`, base);
      travel.add(records.slice(at));
      expect([travel.firstN, travel.lastN]).toEqual([at, records.length]);
      expect(travel.at(at)).toMatchObject({ cell: cells[at - 1], record: null, before: undefined, ops: [] });
      for (const n of askedFor(random, at + 1, records.length))
        expect(travel.at(n)).toMatchObject({ cell: cells[n - 1], before: cells[n - 2], ops: ops[n - 1] });
      expect(travel.at(at - 1)).toBeUndefined();
      expect(travel.at(records.length + 1)).toBeUndefined();
    }
  });

  it('goes on from a base that an older machine wrote', () => {
    const records = longHistory('upload', 12, 300);
    const { cells } = folded(records);
    const { compressedAwayBytes: _, dedupedBytes: __, resumedBytes: ___, ...context } = cells[3]!.context;
    const travel = createTravel('upload', 'upload/1', { n: 4, cell: { ...cells[3]!, context }, version: 2 });
    travel.add(records);
    expect(travel.at(4)?.cell.context).toMatchObject({ resumedBytes: 0 });
    expect(travel.unfolded).toBeNull();
  });

  it('takes records in pieces, twice, and among those of others; a gap is told, not guessed over', () => {
    const records = longHistory('connection', 7).slice(0, 200);
    const travel = createTravel('connection', 'connection/1');
    expect([travel.firstN, travel.lastN, travel.at(1)]).toEqual([0, 0, undefined]);
    travel.add(records.slice(0, 50));
    const other = { ...(records[50] as LogRecord), actor: 'connection/2' };
    expect(travel.add([...records.slice(30, 50), other])).toEqual({ missing: null });
    expect(travel.lastN).toBe(50);
    expect(travel.add(records.slice(60))).toEqual({ missing: 51 });
    expect(travel.lastN).toBe(50);
    expect(travel.add(records.slice(45))).toEqual({ missing: null });
    const { cells } = folded(records);
    for (const n of [200, 1, 51, 50, 137]) expect(travel.at(n)?.cell).toEqual(cells[n - 1]);
  });

  it('a jump folds at most a stretch between checkpoints, one step forward one record', () => {
    let events = 0;
    const records = longHistory('connection', 8, 2_000).map(({ event, ...record }) => ({
      ...record,
      get event() {
        events += 1;
        return event;
      },
    }));
    // How often folding one record looks at its event.
    const once = (() => {
      events = 0;
      foldRecord(undefined, records[0] as LogRecord);
      return events;
    })();
    const travel = createTravel('connection', 'connection/1');
    travel.add(records);
    expect(records.length).toBeGreaterThan(300);
    travel.at(records.length);
    const cost = (n: number): number => {
      events = 0;
      travel.at(n);
      return events / once;
    };
    const random = new FakeRandom(5, 'jumps');
    for (let i = 0; i < 100; i++)
      expect(cost(1 + Math.floor(random.unit() * records.length))).toBeLessThanOrEqual(
        checkpointEveryRecords,
      );
    travel.at(100);
    for (let n = 101; n < 160; n++) expect(cost(n)).toBe(1);
  });

  const shelf = join(import.meta.dirname, '..', 'histories');
  it.each(readdirSync(shelf))('reads %s, written by an older machine, as recovery does', (file) => {
    const lines = readFileSync(join(shelf, file), 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as LogRecord);
    for (const actor of new Set(records.map((record) => record.actor))) {
      const own = records.filter((record) => record.actor === actor);
      const { cells, ops } = folded(own);
      const travel = createTravel(actor.split('/')[0] as string, actor);
      travel.add(records);
      for (const [i, { n, state }] of own.entries())
        expect(travel.at(n)).toMatchObject({
          cell: cells[i],
          ops: ops[i],
          unfolded: null,
          record: { state },
        });
    }
  });
});

describe('a history that does not fold', () => {
  const records = longHistory('upload', 9);
  const { cells } = folded(records);
  const bad = Math.floor(records.length / 2);
  const damaged = (change: Partial<LogRecord>) =>
    records.with(bad - 1, { ...(records[bad - 1] as LogRecord), ...change });

  it.each<[string, readonly LogRecord[], string]>([
    ['another digest', damaged({ digest: 1 }), 'TENDER_HISTORY_BROKEN'],
    ['another state', damaged({ state: 'elsewhere' }), 'TENDER_HISTORY_BROKEN'],
    ['an event it does not take', damaged({ event: { type: 'anchor' } }), 'TENDER_HISTORY_BROKEN'],
    ['no event at all', damaged({ event: null as never }), 'TENDER_HISTORY_BROKEN'],
    ['a newer machine', damaged({ kind: 'upload@99' }), 'TENDER_HISTORY_FROM_THE_FUTURE'],
    ['a machine nobody has', damaged({ kind: 'anchor@1' }), 'TENDER_KIND_UNKNOWN'],
  ])(
    'with %s is shown by its records from there on, with the reason; before it as it was',
    (_, own, code) => {
      expect(bad).toBeGreaterThan(5);
      for (const order of [
        [records.length, bad, bad - 1, 1],
        [1, bad - 1, bad, records.length, bad + 1],
      ]) {
        const travel = createTravel('upload', 'upload/1');
        travel.add(own);
        for (const n of order) {
          const moment = travel.at(n) as Moment;
          if (n < bad) expect(moment).toMatchObject({ cell: cells[n - 1], unfolded: null });
          else {
            expect(moment).toMatchObject({ unfolded: { n: bad, code }, ops: [], record: { n } });
            expect(moment.cell).toMatchObject({ n, value: own[n - 1]?.state });
            expect(moment.cell.context).toEqual(cells[bad - 2]?.context);
            expect(moment.before?.value).toBe(own[n - 2]?.state);
          }
        }
        expect(travel.unfolded?.n).toBe(bad);
      }
    },
  );

  it('whose beginning is gone without a base shows states, and says why no more', () => {
    const travel = createTravel('upload', 'upload/1');
    travel.add(records.slice(4));
    expect(travel.at(5)).toMatchObject({
      cell: { value: records[4]?.state, context: {} },
      before: undefined,
      unfolded: { n: 5, code: 'TENDER_HISTORY_TRIMMED' },
    });
    expect(travel.at(7)?.cell.value).toBe(records[6]?.state);
  });

  it('whose base is lost or not a cell shows states, and says why no more', () => {
    for (const base of [
      { n: 4, lost: 'It was dropped by an older release.' },
      { n: 4, cell: { n: 4, value: 'nowhere', context: {}, fx: {}, tm: {} } },
      { n: 4, cell: null },
      { n: 4, cell: cells[3] as never, version: 99 },
    ]) {
      const travel = createTravel('upload', 'upload/1', base);
      travel.add(records);
      expect(travel.firstN).toBe(4);
      expect(travel.at(4)?.unfolded?.code).toMatch(/^TENDER_/);
      expect(travel.at(6)).toMatchObject({ cell: { value: records[5]?.state }, unfolded: { n: 4 } });
    }
  });
});
