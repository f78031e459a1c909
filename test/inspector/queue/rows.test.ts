import { describe, expect, it } from 'vitest';
import { filters, groupsOf, passes } from '../../../inspector/queue/order.ts';
import {
  changed,
  continued,
  found,
  listed,
  listedRows,
  progressed,
  rowsKeptMax,
  without,
} from '../../../inspector/queue/rows.ts';
import {
  barLookOf,
  percentOf,
  readProgress,
  readUpload,
  stateWord,
} from '../../../inspector/queue/upload.ts';
import { documentOf } from './documents.ts';

const progressOf = (id: string, sentBytes: number) =>
  readProgress({ id, sentBytes, onTheWayBytes: 10, rateBytesPerSecond: 5_000, leftMs: { low: 1, high: 2 } })!;

describe('the table of documents', () => {
  it('never holds a document twice, however often it is told', () => {
    const one = documentOf();
    let rows = listed([one, documentOf()], false);
    rows = changed(rows, [one, { ...one, state: 'stored' }]).rows;
    expect(rows.byId.size).toBe(2);
    expect(rows.byId.get(one.id)?.state).toBe('stored');
  });

  it('keeps the objects of documents that did not change, so that only the others are drawn', () => {
    const [one, two] = [documentOf(), documentOf()];
    const rows = listed([one, two], false);
    const next = changed(rows, [{ ...two, sentBytes: 5 }]).rows;
    expect(next.byId.get(one.id)).toBe(one);
    expect(next.byId.get(two.id)).not.toBe(two);
    expect(without(next, ['unknown'])).toBe(next);
    expect(progressed(next, [progressOf('unknown', 5)])).toBe(next);
  });

  it('lets no late figure turn a bar back or touch what has arrived', () => {
    const going = documentOf({ sentBytes: 500, hold: null });
    const stored = documentOf({ state: 'stored' });
    const rows = progressed(listed([going, stored], false), [
      progressOf(going.id, 400),
      progressOf(stored.id, 1),
    ]);
    expect(rows.byId.get(going.id)).toMatchObject({ sentBytes: 500, rateBytesPerSecond: 5_000 });
    expect(rows.byId.get(stored.id)).toBe(stored);
  });

  it('has no holes: behind the end of a cut list nothing is taken in unless somebody searched for it', () => {
    const first = documentOf({ priority: 3 });
    const behind = documentOf({ priority: 9 });
    const rows = listed([first], true);
    expect(changed(rows, [behind]).rows).toBe(rows);
    expect(changed(rows, [{ ...behind, state: 'parked' }]).rows.byId.size).toBe(2);
    expect(changed(rows, [{ ...behind, priority: 1 }]).rows.byId.size).toBe(2);
    expect(found(rows, [behind]).byId.size).toBe(2);
  });

  it('goes on behind its end, part by part, until the ended ones tell that the line is complete', () => {
    const [one, two, three] = [documentOf(), documentOf(), documentOf()];
    const ended = documentOf({ state: 'stored' });
    let rows = listed([one], true);
    expect(rows.edge).toBe(one);
    rows = found(rows, [three]);
    expect([...listedRows(rows, 'all', '')]).toEqual([one]);
    expect([...listedRows(rows, 'all', 'x')]).toHaveLength(2);
    rows = continued(rows, [two], true);
    expect(rows.edge).toBe(two);
    rows = continued(rows, [three, ended], true);
    expect(rows.edge).toBeNull();
    expect([...listedRows(rows, 'all', '')]).toHaveLength(4);
  });

  it('stays bounded when more arrives than a tablet can hold, and drops the oldest delivered first', () => {
    const line = Array.from({ length: 10 }, () => documentOf());
    const done = Array.from({ length: rowsKeptMax }, (_, index) =>
      documentOf({ state: 'stored', stored: { documentId: 'd', keyId: 'k', storedMs: index } }),
    );
    const rows = changed(listed(line, false), done).rows;
    expect(rows.byId.size).toBeLessThanOrEqual(rowsKeptMax);
    expect(line.every(({ id }) => rows.byId.has(id))).toBe(true);
    expect(rows.byId.has(done[0]!.id)).toBe(false);
    expect(rows.byId.has(done.at(-1)!.id)).toBe(true);
  });
});

describe('the groups', () => {
  it('put what needs a decision on top, then the line as it goes, then what arrived last', () => {
    const low = documentOf({ priority: 10 });
    const old = documentOf({ priority: 5 });
    const young = documentOf({ priority: 5 });
    const critical = documentOf({ priority: 1, state: 'paused' });
    const parked = documentOf({ state: 'parked', priority: 10 });
    const early = documentOf({ state: 'stored', stored: { storedMs: 10 } });
    const late = documentOf({ state: 'indexed', stored: { storedMs: 20 } });
    const groups = groupsOf([late, low, young, early, parked, old, critical], 'all', '');
    expect(groups.map(({ name }) => name)).toEqual(['parked', 'line', 'done']);
    expect(groups[1]?.rows).toEqual([critical, old, young, low]);
    expect(groups[2]?.rows).toEqual([late, early]);
  });

  it('show every state in exactly one filter beside All', () => {
    const states = ['sighted', 'settling', 'sending', 'confirming', 'waiting', 'paused', 'parked', 'stored'];
    for (const state of [...states, 'indexed', 'cancelled']) {
      const shownIn = filters.filter((filter) => passes(documentOf({ state }), filter, ''));
      expect(shownIn).toHaveLength(2);
    }
  });

  it('are searched by every word, wherever it stands, whatever its case', () => {
    const row = documentOf({ name: 'papers/Charter Agreement – Smith.pdf' });
    expect(passes(row, 'all', 'smith charter')).toBe(true);
    expect(passes(row, 'all', 'smith jones')).toBe(false);
  });
});

describe('a document as the daemon tells it', () => {
  it('is read whatever is missing or wrong in it', () => {
    for (const json of [
      { id: 'a' },
      { id: 'a', sizeBytes: 'x', errors: 7, leftMs: [], stored: 1, actions: {} },
    ])
      expect(readUpload(json)).toMatchObject({ id: 'a', sizeBytes: null, leftMs: null, errors: [] });
    for (const json of [null, 7, 'x', [], {}, { id: 5 }]) expect(readUpload(json)).toBeUndefined();
  });

  it('shows 100 percent only when it is stored', () => {
    expect(percentOf(documentOf({ sentBytes: 1_000_000 }))).toBe(99);
    expect(percentOf(documentOf({ state: 'stored' }))).toBe(100);
    expect(percentOf(documentOf({ sizeBytes: null }))).toBeNull();
  });

  it('tells by pattern and by word whether it moves, is held, is queued or is done', () => {
    const looks = [
      [documentOf({ hold: null }), 'moving', 'Sending'],
      [documentOf({ sentBytes: 5 }), 'held', 'Held'],
      [documentOf(), 'queued', 'Queued'],
      [documentOf({ state: 'paused' }), 'held', 'Paused'],
      [documentOf({ state: 'stored' }), 'final', 'Stored'],
    ] as const;
    for (const [row, look, word] of looks) expect([barLookOf(row), stateWord(row)]).toEqual([look, word]);
  });
});
