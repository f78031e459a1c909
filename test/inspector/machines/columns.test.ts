// The log's index in columns: one range without gaps, whichever end it grows at, and the states of all actors from it.
import { describe, expect, it } from 'vitest';
import { densityOf, laneOf } from '../../../inspector/machines/lanes.ts';
import { createMatcher, noFilter } from '../../../inspector/machines/matches.ts';
import type { TimelinePage, WireRecord } from '../../../inspector/machines/source.ts';
import { createStatesAt } from '../../../inspector/machines/states-at.ts';
import { createColumns } from '../../../inspector/machines/timeline-columns.ts';
import { FakeRandom } from '../../support/fake-random.ts';

const types = ['actor.created', 'send.failed', 'document.sent', 'retry.elapsed', 'pause'];
const states = ['sending', 'waiting', 'confirming', 'paused'];

function records(count: number, actors: number, from = 1): WireRecord[] {
  const random = new FakeRandom(count, 'columns');
  const ns = new Map<string, number>();
  return Array.from({ length: count }, (_, place) => {
    const actor = `upload/A${random.between(1, actors)}`;
    const n = (ns.get(actor) ?? 0) + 1;
    ns.set(actor, n);
    return {
      seq: from + place,
      actor,
      kind: 'upload@3',
      n,
      at: 1_000_000 + place * 7,
      wall: 0,
      src: random.pick(['cmd', 'fx', 'tm', 'sys']),
      boot: 1,
      type: random.pick(types),
      event: { type: 'x' },
      state: random.pick(states),
      digest: 0,
      hash: '',
    };
  });
}

function pageOf(list: readonly WireRecord[]): TimelinePage {
  const actors = [...new Set(list.map((record) => record.actor))];
  const sources = ['cmd', 'fx', 'tm', 'sys'];
  let at = 0;
  const rows = list.flatMap((record) => {
    const later = record.at - at;
    at = record.at;
    return [
      actors.indexOf(record.actor),
      record.n,
      types.indexOf(record.type),
      states.indexOf(record.state),
      sources.indexOf(record.src),
      later,
    ];
  });
  const last = list.at(-1)?.seq ?? 0;
  return { oldest: 1, head: last, next: last, more: false, actors, types, states, rows };
}

describe('columns', () => {
  const all = records(10_000, 50);

  it('are the same from pages in any order that touches as from records one by one', () => {
    const grown = createColumns();
    grown.append(all);
    const paged = createColumns();
    expect(paged.addPage(4_000, pageOf(all.slice(4_000, 6_000)))).toBe(true);
    expect(paged.addPage(1_500, pageOf(all.slice(1_500, 4_200)))).toBe(true);
    expect(paged.append(all.slice(5_990, 9_000))).toBe(true);
    expect(paged.addPage(0, pageOf(all.slice(0, 1_500)))).toBe(true);
    expect(paged.append(all.slice(9_000))).toBe(true);
    expect([paged.first, paged.last]).toEqual([1, 10_000]);
    for (let seq = 1; seq <= 10_000; seq++) {
      const a = grown.row(seq)!;
      const b = paged.row(seq)!;
      expect([grown.actors.list[a.actor], a.n, grown.types.list[a.type], a.at, a.source]).toEqual([
        paged.actors.list[b.actor],
        b.n,
        paged.types.list[b.type],
        b.at,
        b.source,
      ]);
    }
  });

  it('refuse what would leave a gap', () => {
    const columns = createColumns();
    columns.append(all.slice(100, 200));
    expect(columns.append(all.slice(300, 310))).toBe(false);
    expect(columns.addPage(0, pageOf(all.slice(0, 50)))).toBe(false);
    expect([columns.first, columns.last]).toEqual([101, 200]);
  });

  it('let the oldest go beyond their limit, and forget who was only there', () => {
    const columns = createColumns(5_000);
    columns.append(all);
    expect(columns.last).toBe(10_000);
    expect(columns.last - columns.first).toBeLessThan(9_000);
    expect(columns.row(columns.first - 1)).toBeUndefined();
    for (let actor = 0; actor < columns.actors.list.length; actor++) {
      const first = columns.firstOf(actor);
      expect(first === 0 || first >= columns.first).toBe(true);
    }
  });

  it.each([
    ['with room for snapshots', undefined],
    ['with room for one', 500],
  ])('tell every actor’s last record at any moment, %s', (_, bytes) => {
    const columns = createColumns();
    columns.append(all);
    const statesAt = createStatesAt(columns, bytes);
    const random = new FakeRandom(5, 'moments');
    for (let round = 0; round < 100; round++) {
      const seq = random.between(1, 10_000);
      const expected = new Map<string, number>();
      for (const record of all.slice(0, seq)) expected.set(record.actor, record.seq);
      const last = statesAt.at(seq);
      columns.actors.list.forEach((actor, place) => {
        expect(last[place] ?? 0, `${actor} at ${seq}`).toBe(expected.get(actor) ?? 0);
      });
    }
  });

  it('tell the states again after older rows came', () => {
    const columns = createColumns();
    columns.append(all.slice(5_000));
    const statesAt = createStatesAt(columns);
    statesAt.at(7_000);
    columns.addPage(0, pageOf(all.slice(0, 5_000)));
    const expected = new Map<string, number>();
    for (const record of all.slice(0, 300)) expected.set(record.actor, record.seq);
    const last = statesAt.at(300);
    columns.actors.list.forEach((actor, place) => {
      expect(last[place] ?? 0).toBe(expected.get(actor) ?? 0);
    });
  });

  it('count every record in one lane of one column of pixels', () => {
    const columns = createColumns();
    columns.append(all);
    const density = densityOf(columns, { from: 1, to: 10_000 }, 333, 0);
    expect(density.all.reduce((sum, count) => sum + count, 0)).toBe(10_000);
    const own = all.filter((record) => record.actor === columns.actors.list[0]).length;
    expect(density.ofActor.reduce((sum, count) => sum + count, 0)).toBe(own);
    expect(laneOf('send.failed', 1)).toBe('error');
    expect(laneOf('document.sent', 1)).toBe('done');
    expect(laneOf('retry.elapsed', 2)).toBe('timer');
    expect(laneOf('pause', 0)).toBe('event');
  });
});

describe('a million records', () => {
  it('are held, counted and travelled through', () => {
    const columns = createColumns();
    const page = pageOf(records(5_000, 4_000));
    for (let after = 0; after < 1_000_000; after += 5_000) expect(columns.addPage(after, page)).toBe(true);
    expect([columns.first, columns.last]).toEqual([1, 1_000_000]);
    const statesAt = createStatesAt(columns);
    const random = new FakeRandom(3, 'million');
    for (let round = 0; round < 200; round++) {
      const seq = random.between(1, 1_000_000);
      const row = columns.row(seq)!;
      expect(statesAt.at(seq)[row.actor]).toBe(seq);
    }
    const { all } = densityOf(columns, { from: 1, to: 1_000_000 }, 1_200, undefined);
    expect(all.reduce((sum, count) => sum + count, 0)).toBe(1_000_000);
  });
});

describe('a filter', () => {
  const all = records(6_000, 20);
  const columns = createColumns();
  columns.append(all.slice(0, 3_000));
  const labelOf = (actor: string) => (actor === 'upload/A3' ? 'Charter agreement.pdf' : actor);

  it('keeps exactly the records it names, and those that come later', () => {
    const matcher = createMatcher({ columns, labelOf });
    const filter = { ...noFilter, state: 'waiting', source: 2, errorsOnly: true };
    const expected = (list: readonly WireRecord[]) =>
      list
        .filter((r) => r.state === 'waiting' && r.src === 'tm' && r.type === 'send.failed')
        .map((r) => r.seq);
    const shown = (matches: { length: number; at(place: number): number }) =>
      Array.from({ length: matches.length }, (_, place) => matches.at(place));
    expect(shown(matcher(filter, undefined))).toEqual(expected(all.slice(0, 3_000)));
    columns.append(all.slice(3_000));
    expect(shown(matcher(filter, undefined))).toEqual(expected(all));
  });

  it('finds words in types, states, ids and labels, whatever their case', () => {
    const matcher = createMatcher({ columns, labelOf });
    const count = (words: string) => matcher({ ...noFilter, words }, undefined).length;
    expect(count('CHARTER')).toBe(all.filter((record) => record.actor === 'upload/A3').length);
    expect(count('retry.el')).toBe(all.filter((record) => record.type === 'retry.elapsed').length);
    expect(count('no such thing')).toBe(0);
  });

  it('none shows all and holds nothing', () => {
    const matches = createMatcher({ columns, labelOf })(noFilter, undefined);
    expect([matches.length, matches.at(0), matches.place(4_000), matches.has(6_001)]).toEqual([
      6_000,
      1,
      3_999,
      false,
    ]);
  });
});
