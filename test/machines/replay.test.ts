import { describe, expect, it } from 'vitest';
import { type Cell, digest } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { createdEvent, fold, foldRecord, type LogRecord, stepThrough } from '../../machines/replay.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { life, watched } from './cells.ts';
import { randomHistory } from './history.ts';
import { walk } from './walk.ts';

const history = randomHistory('upload', new FakeRandom(51, 'upload'), 60);
const last = history.at(-1) as LogRecord;

describe('replay', () => {
  it.each(Object.keys(registry))('%s: gives exactly the cell that lived', (kind) => {
    for (let seed = 0; seed < 40; seed++) {
      let live: Cell | undefined;
      const label = `${kind}/${seed}`;
      walk(kind, new FakeRandom(52, label), 80, ({ before, step }) => {
        live = step?.cell ?? before;
      });
      const { cells, broken } = fold(randomHistory(kind, new FakeRandom(52, label), 80, label));
      expect(broken.size).toBe(0);
      expect(cells.get(label)).toEqual(live);
    }
  });

  it('from a head in the middle gives the same as from the beginning', () => {
    const half = Math.floor(history.length / 2);
    const { cells: heads } = fold(history.slice(0, half));
    const resumed = fold(history.slice(half), new Map(JSON.parse(JSON.stringify([...heads]))));
    expect(resumed.cells).toEqual(fold(history).cells);
  });

  it('survives the log’s JSON', () => {
    expect(fold(JSON.parse(JSON.stringify(history))).cells).toEqual(fold(history).cells);
  });

  it.each<[string, (records: LogRecord[]) => LogRecord[]]>([
    ['a missing record', (records) => records.toSpliced(2, 1)],
    ['a record twice', (records) => records.toSpliced(2, 0, records[2] as LogRecord)],
    [
      'two records swapped',
      (records) => records.toSpliced(1, 2, records[2] as LogRecord, records[1] as LogRecord),
    ],
    [
      'a beginning that is not a birth',
      (records) => records.slice(1).map((one, i) => ({ ...one, n: i + 1 })),
    ],
    ['another state than the log says', (records) => records.with(-1, { ...last, state: 'indexed2' })],
    ['another digest than the log says', (records) => records.with(-1, { ...last, digest: last.digest ^ 1 })],
    [
      'an event the machine does not take',
      (records) => records.with(-1, { ...last, event: { type: 'file.settled', fx: '99.0', stat: {} } }),
    ],
    ['a kind that is none', (records) => records.with(-1, { ...last, kind: 'upload' })],
    ['a machine nobody has', (records) => records.with(-1, { ...last, kind: 'anchor@1' })],
  ])('notices %s, and sets only that actor aside', (_, damage) => {
    const other = randomHistory('connection', new FakeRandom(53, 'other'), 40, 'connection/main');
    const { cells, broken } = fold([...damage([...history]), ...other]);
    expect([...broken.keys()]).toEqual(['upload/1']);
    expect([...cells.keys()]).toEqual(['connection/main']);
    expect(broken.get('upload/1')?.code).toMatch(/^TENDER_(HISTORY_BROKEN|KIND_UNKNOWN)$/);
  });

  it('notices a gap by its number alone, even where what follows would fit', () => {
    const { cell } = life('upload', watched, 'file.settled');
    const record = {
      actor: 'upload/1',
      kind: 'upload@3',
      at: 9,
      event: { type: 'cancel', by: 'cli' },
      state: 'cancelled',
      digest: 0,
    };
    for (const n of [2, 4, 5])
      expect(() => foldRecord(cell, { ...record, n })).toThrow(`has record ${n} where 3 should be`);
  });

  it('refuses to go on over records of a newer machine instead of guessing', () => {
    const future = history.with(-1, { ...last, kind: 'upload@4' });
    expect(() => fold(future)).toThrow(expect.objectContaining({ code: 'TENDER_HISTORY_FROM_THE_FUTURE' }));
  });
});

describe('a history written by upload@1', () => {
  const old = (n: number, event: LogRecord['event'], state: string): LogRecord => ({
    actor: 'upload/old',
    kind: 'upload@1',
    n,
    at: 1_000 + n,
    event,
    state,
    // What version 1 digested had another shape: only the state can be compared.
    digest: 0,
  });
  const records = [
    old(1, createdEvent(watched), 'settling'),
    old(2, { type: 'file.settled', fx: '1.0', stat: {} }, 'sending'),
    old(3, { type: 'transfer.progressed', fx: '2.0', percent: 1 }, 'sending'),
    old(4, { type: 'transfer.progressed', fx: '2.0', percent: 2 }, 'sending'),
    old(5, { type: 'send.failed', fx: '2.0', reason: 'busy', retryInMs: 3_000 }, 'waiting'),
  ];

  it('is read as today’s: reasons become classes, progress no longer counts', () => {
    const cell = fold(records).cells.get('upload/old') as Cell;
    expect(cell).toMatchObject({
      n: 5,
      value: 'waiting',
      context: { waiting: { class: 'BUSY', untilMs: 4_005 } },
    });
    expect(cell.tm.retry?.len).toBe(3_000);
    expect(cell.context).toEqual({
      ...life('upload', watched, 'file.settled').cell.context,
      stat: {},
      waiting: cell.context.waiting,
      lastAttemptMs: 1_005,
      errors: cell.context.errors,
      failedInRow: 1,
    });
  });

  it('a record read as several events stays one record, and no effect id comes twice', () => {
    const before = life('upload', watched, 'file.settled', 'send.failed').cell;
    const events = [
      { type: 'retry', by: 'cli' },
      { type: 'pause', by: 'cli' },
      { type: 'resume', by: 'cli' },
    ];
    expect(stepThrough('upload', before, events, { n: 4, at: 99 })).toMatchObject({
      cell: { n: 4, value: 'sending', fx: { '4.1': {} } },
      ops: [{ op: 'disarm' }, { op: 'start', id: '4.0' }, { op: 'stop' }, { op: 'start', id: '4.1' }],
    });
    expect(stepThrough('upload', before, [...events, { type: 'resume', by: 'cli' }], { n: 4, at: 99 })).toBe(
      'resume',
    );
  });

  it('goes on with records of today, numbered on', () => {
    const before = fold(records).cells.get('upload/old') as Cell;
    const event = { type: 'retry', by: 'cli' };
    const next = foldRecord(before, {
      actor: 'upload/old',
      kind: 'upload@3',
      n: 6,
      at: 2_000,
      event,
      state: 'sending',
      ...digestAfter(before, event),
    });
    expect(Object.keys(next.fx)).toEqual(['6.0']);
  });

  function digestAfter(before: Cell, event: LogRecord['event']): { digest: number } {
    // Learned from a fold that is told to compare states only.
    const cell = foldRecord(before, {
      actor: 'a',
      kind: 'upload@1',
      n: 6,
      at: 2_000,
      event,
      state: 'sending',
      digest: 0,
    });
    return { digest: digest(cell) };
  }
});
