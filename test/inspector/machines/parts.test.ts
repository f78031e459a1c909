// The smaller parts of the inspector's model, each by its rules.
import { describe, expect, it } from 'vitest';
import { treeRows } from '../../../inspector/machines/actor-tree.ts';
import { causesOf } from '../../../inspector/machines/causes.ts';
import { eventFromJson, eventOf, fieldsOf } from '../../../inspector/machines/draft.ts';
import { commandOf } from '../../../inspector/machines/keys.ts';
import { isError } from '../../../inspector/machines/lanes.ts';
import type { Moment } from '../../../inspector/machines/moments.ts';
import { formatPlace, parsePlace } from '../../../inspector/machines/place.ts';
import type { WireRecord } from '../../../inspector/machines/source.ts';
import { ago, count, span, timeOfDay } from '../../../inspector/machines/words.ts';
import { holding, windowOf, zoomBy } from '../../../inspector/machines/zoom.ts';
import { available } from '../../../machines/available.ts';
import { describe as describeMachine } from '../../../machines/describe.ts';
import type { MachineEvent } from '../../../machines/events.ts';
import { digest, init, step } from '../../../machines/kernel.ts';
import { registry } from '../../../machines/registry.ts';
import { createdEvent } from '../../../machines/replay.ts';
import { createTravel } from '../../../machines/travel.ts';

const input = {
  source: { kind: 'watched' as const, folder: 'scans', path: 'a.pdf' },
  name: 'scans/a.pdf',
  version: 1,
  priority: 5,
  addedMs: 1,
};

describe('a place in the address', () => {
  it.each([
    ['', { actor: null, seq: null }],
    ['/connection/main', { actor: 'connection/main', seq: null }],
    ['/upload/01ABC@4711', { actor: 'upload/01ABC', seq: 4711 }],
    ['/@5', { actor: null, seq: 5 }],
  ])('%s is read and written back', (text, place) => {
    expect(parsePlace(text)).toEqual(place);
    expect(parsePlace(formatPlace(place))).toEqual(place);
  });

  it.each(['/../etc@1', '/%', '/upload/<b>', '/upload/a@-1', '/upload/a@1e9', `/x@${'9'.repeat(20)}`])(
    'what is no place, %s, is nowhere',
    (text) => {
      expect(parsePlace(text)).toEqual({ actor: null, seq: null });
    },
  );
});

describe('keys', () => {
  const press = (key: string, more = {}) =>
    commandOf({ key, shift: false, other: false, in: 'other', ...more });

  it('are left alone where somebody types, and with the browser’s own modifiers', () => {
    expect(press('/', { in: 'text' })).toBeNull();
    expect(press('ArrowLeft', { in: 'text' })).toBeNull();
    expect(press('ArrowLeft', { other: true })).toBeNull();
  });

  it('walk, with Shift through the same actor, on the scrubber too', () => {
    expect([press('ArrowLeft'), press('ArrowRight'), press('Home'), press('End'), press('Escape')]).toEqual([
      'back',
      'on',
      'first',
      'last',
      'live',
    ]);
    expect(press('ArrowLeft', { shift: true, in: 'range' })).toBe('actorBack');
  });
});

describe('words', () => {
  it('tell times and spans in two units at most', () => {
    expect([span(340), span(1_900), span(18_000), span(125_000), span(7_200_000), span(90_000_000)]).toEqual([
      '340 ms',
      '1.9 s',
      '18 s',
      '2 min 5 s',
      '2 h',
      '1 d 1 h',
    ]);
    expect(ago(1_000, 61_000)).toBe('1 min ago');
    expect(ago(61_000, 1_000)).toBe('in 1 min');
    expect(timeOfDay(Number.NaN)).toBe('–');
    expect(count(1_234_567)).toBe('1 234 567');
  });
});

describe('the lane of errors', () => {
  it('holds every event of the machines that tells of a failure, and no command', () => {
    const all = Object.values(registry).flatMap(({ events }) => Object.entries(events));
    expect(
      all
        .filter(([type]) => isError(type))
        .map(([type]) => type)
        .sort(),
    ).toEqual(
      [
        'breaker.tripped',
        'document.indexFailed',
        'file.unreadable',
        'file.vanished',
        'line.failed',
        'line.lost',
        'link.degraded',
        'probe.failed',
        'send.failed',
        'send.incomplete',
      ].sort(),
    );
    expect(all.filter(([type, { source }]) => source === 'cmd' && isError(type))).toEqual([]);
  });
});

describe('the window of the lanes', () => {
  const extent = { first: 1, last: 10_000 };

  it('keeps the sequence under the pointer where it is', () => {
    const zoom = zoomBy({ from: 1, to: 10_000 }, 0.1, 7_500, extent)!;
    expect(zoom.to - zoom.from + 1).toBe(1_000);
    expect((7_500 - zoom.from) / 1_000).toBeCloseTo(0.75, 2);
  });

  it('never leaves what is held, follows the end while live, and holds the cursor', () => {
    expect(windowOf({ from: 9_500, to: 10_499 }, extent, false)).toEqual({ from: 9_001, to: 10_000 });
    expect(windowOf({ from: 1, to: 100 }, extent, true)).toEqual({ from: 9_901, to: 10_000 });
    expect(zoomBy({ from: 1, to: 5_000 }, 3, 1, extent)).toBeNull();
    const moved = holding({ from: 1, to: 100 }, 5_000);
    expect(moved.from <= 5_000 && moved.to >= 5_000 && moved.to - moved.from === 99).toBe(true);
  });
});

describe('the tree of actors', () => {
  const descriptions = Object.values(registry).map(describeMachine);
  const actor = (kind: string, id: string, state: string | null, label = id) => ({
    place: 0,
    actor: `${kind}/${id}`,
    kind,
    label,
    state,
  });
  const actors = [
    actor('upload', 'A', 'sending', 'Crew list.pdf'),
    actor('upload', 'B', 'indexed'),
    actor('upload', 'C', null),
    actor('connection', 'main', 'online'),
  ];
  const rows = (more: Partial<Parameters<typeof treeRows>[0]> = {}) =>
    treeRows({ actors, descriptions, folded: new Set(), words: '', state: '', ...more }).rows.map((row) =>
      row.is === 'group' ? `${row.title} ${row.count}` : row.id,
    );

  it('puts the connection first and uploads into groups; who is not born yet is not there', () => {
    expect(rows()).toEqual([
      'Connection 1',
      'connection/main',
      'Uploads 2',
      expect.stringMatching(/ 1$/),
      'upload/A',
      expect.stringMatching(/ 1$/),
      'upload/B',
    ]);
  });

  it('shows of a folded group its title and how many it holds', () => {
    expect(rows({ folded: new Set(['upload']) })).toEqual(['Connection 1', 'connection/main', 'Uploads 2']);
  });

  it('finds by words and by state', () => {
    expect(rows({ words: 'CREW' })).toContain('upload/A');
    expect(rows({ words: 'CREW' })).not.toContain('upload/B');
    expect(rows({ state: 'indexed' })).not.toContain('upload/A');
  });
});

describe('an event as a form', () => {
  const cell = init('upload', input, { at: 5 }).cell;
  const entries = available('upload', cell);

  it('begins as the example and reads back as the same event, for every event of the machine', () => {
    for (const entry of entries) expect(eventOf(entry.event, fieldsOf(entry))).toEqual(entry.example);
  });

  it('says which field cannot be read', () => {
    const pause = entries.find(({ event }) => event === 'pause')!;
    const fields = fieldsOf(pause).map((field) =>
      field.name === 'untilMs' ? { ...field, text: 'soon' } : field,
    );
    expect(() => eventOf('pause', fields)).toThrow('"untilMs" must be a number');
    expect(() => eventFromJson('{"type"')).toThrow('not JSON');
    expect(() => eventFromJson('[1]')).toThrow('"type"');
  });
});

describe('cause links', () => {
  /** An upload's life, and travel through it. */
  function life(events: readonly ((fx: (type: string) => string) => MachineEvent)[]) {
    let { cell } = init('upload', input, { at: 0 });
    const records: WireRecord[] = [];
    const record = (event: MachineEvent, at: number) => {
      const { n, value: state } = cell;
      records.push({
        ...{ seq: n * 10, actor: 'upload/A', kind: `upload@${registry.upload!.version}`, n, at, wall: at },
        ...{ src: 'fx', boot: 1, type: event.type, event, state, digest: digest(cell), hash: '' },
      });
    };
    record(createdEvent(input), 0);
    events.forEach((make, place) => {
      const event = make((type) => Object.entries(cell.fx).find(([, fx]) => fx.type === type)![0]);
      cell = step('upload', cell, event, { at: (place + 1) * 1_000 })!.cell;
      record(event, (place + 1) * 1_000);
    });
    const travel = createTravel<WireRecord>('upload', 'upload/A');
    travel.add(records);
    const at = (n: number): Moment | undefined => travel.at(n);
    return (n: number) => causesOf(at(n)!, at, records.length);
  }
  const failure = { class: 'BUSY', code: 'X', message: '', delayMs: 30_000 };
  const links = life([
    (fx) => ({ type: 'file.settled', stat: {}, fx: fx('checkSettled') }),
    (fx) => ({ type: 'transfer.checkpointed', bytesDurable: 5, fx: fx('sendDocument') }),
    (fx) => ({ type: 'send.failed', ...failure, fx: fx('sendDocument') }),
    () => ({ type: 'retry.elapsed', timer: 'retry', due: 33_000 }),
  ]);

  it('lead from a result to the record that started its effect, and from there to what became of it', () => {
    expect(links(2)).toContainEqual({
      direction: 'cause',
      through: 'checkSettled 1.0',
      n: 1,
      what: 'actor.created',
    });
    expect(links(1)).toContainEqual({
      direction: 'outcome',
      through: 'checkSettled 1.0',
      n: 2,
      what: 'file.settled',
    });
    // A checkpoint leaves its effect running: it is no outcome.
    expect(links(2)).toContainEqual({
      direction: 'outcome',
      through: 'sendDocument 2.0',
      n: 4,
      what: 'send.failed',
    });
  });

  it('lead from a timer that fired to the record that armed it, and back', () => {
    expect(links(5)).toContainEqual({
      direction: 'cause',
      through: 'timer retry',
      n: 4,
      what: 'send.failed',
    });
    expect(links(4)).toContainEqual({
      direction: 'outcome',
      through: 'timer retry',
      n: 5,
      what: 'retry.elapsed',
    });
  });

  it('say of what is not over that it is still under way', () => {
    expect(links(5)).toContainEqual({
      direction: 'outcome',
      through: expect.stringMatching(/^sendDocument 5/),
      n: null,
      what: 'still under way',
    });
  });
});
