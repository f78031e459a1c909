import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { available, commandsNow, fieldsOf } from '../../machines/available.ts';
import { describe as describeMachine } from '../../machines/describe.ts';
import { difference } from '../../machines/difference.ts';
import { dryRun } from '../../machines/dry-run.ts';
import type { Json } from '../../machines/json.ts';
import { type Cell, step } from '../../machines/kernel.ts';
import { definitionOf, registry, validateEvent } from '../../machines/registry.ts';
import { typicalEvent } from '../../machines/typical-events.ts';
import { guardWords } from '../../machines/why-guards.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { life, pausedByCli, pausedForAMinute, sent, spooled, stored, watched } from './cells.ts';
import { frozen } from './frozen.ts';
import { walk } from './walk.ts';

const stamp = { at: 50_000 };
const upload = (...events: Parameters<typeof life>[2][]) => life('upload', watched, ...events).cell;
const refusal = (kind: string, cell: Cell, event: Json, at = stamp.at) => {
  const answer = dryRun(kind, cell, event, { at });
  if (answer.accepted) throw new Error(`accepted, to ${answer.to}`);
  return answer;
};

describe('a dry run', () => {
  it.each(Object.keys(registry))(
    '%s: answers what the machine does, and never touches what it got',
    (kind) => {
      let accepted = 0;
      walk(kind, new FakeRandom(101, kind), 2_000, ({ before, event, at, step: next }) => {
        const answer = dryRun(kind, frozen(before), frozen(event), { at });
        expect(answer.accepted).toBe(next !== null);
        if (!answer.accepted) {
          expect(answer.code).toMatch(/^TENDER_/);
          expect(answer.message).toMatch(/[.]$/);
          return;
        }
        accepted += 1;
        expect(answer).toEqual({
          accepted: true,
          from: before.value,
          to: next?.cell.value,
          cell: next?.cell,
          ops: next?.ops,
          diff: difference(before.context, next?.cell.context ?? {}),
        });
      });
      expect(accepted).toBeGreaterThan(200);
    },
  );

  it('shows where it leads, what would run, and what would change', () => {
    const cell = upload('file.settled');
    expect(dryRun('upload', cell, { type: 'pause', by: 'crew', untilMs: 1_000 }, stamp)).toMatchObject({
      accepted: true,
      from: 'sending',
      to: 'paused',
      ops: [
        { op: 'stop', id: '2.0' },
        { op: 'arm', id: 'pause.crew', due: 51_000 },
      ],
      diff: [{ path: 'paused', before: null, after: { by: { crew: 51_000 }, back: 'sending' } }],
    });
  });

  it('names an event nobody knows, and the field that is wrong with what it takes', () => {
    const cell = upload('file.settled');
    expect(refusal('upload', cell, { type: 'anchor' })).toMatchObject({
      code: 'TENDER_EVENT_UNKNOWN',
      from: 'sending',
      message: expect.stringContaining('"anchor"'),
    });
    expect(refusal('upload', cell, { type: 'prioritise', by: 'crew', priority: 11 })).toMatchObject({
      code: 'TENDER_EVENT_INVALID',
      message: expect.stringContaining('"priority" must be a whole number from 1 to 10'),
    });
    expect(refusal('upload', cell, { type: 'cancel' }).message).toContain('"by" must name who asks');
    expect(refusal('upload', cell, { type: 'cancel', by: 'crew', speed: 1 }).message).toContain('"speed"');
    for (const odd of [null, 1, 'pause', [], {}, { type: 7 }])
      expect(refusal('upload', cell, odd).code).toBe('TENDER_EVENT_INVALID');
  });

  it('names a result that belongs to no effect under way, and which would', () => {
    const cell = upload('file.settled');
    const event = { type: 'source.changed' };
    expect(refusal('upload', cell, { ...event, fx: '9.0' })).toMatchObject({
      code: 'TENDER_EFFECT_NOT_OPEN',
      message: 'No sendDocument 9.0 is under way: "fx" must be 2.0.',
    });
    expect(refusal('upload', cell, event).message).toBe('It names no effect: "fx" must be 2.0.');
    expect(refusal('upload', cell, { type: 'send.incomplete', fx: '2.0' })).toMatchObject({
      code: 'TENDER_EFFECT_NOT_OPEN',
      message: 'send.incomplete is a result of confirmStored, and none is under way.',
    });
    expect(refusal('upload', cell, { ...event, fx: 'x' }).code).toBe('TENDER_EVENT_INVALID');
    expect(dryRun('upload', cell, { ...event, fx: '2.0' }, stamp).accepted).toBe(true);
  });

  it('names a timer that is not armed, or not so any more', () => {
    const cell = upload(pausedForAMinute);
    const event = { type: 'pause.elapsed', by: 'cli', timer: 'pause.cli', due: 1 };
    expect(refusal('upload', cell, event)).toMatchObject({
      code: 'TENDER_TIMER_NOT_ARMED',
      message: 'That timer is armed for another time by now.',
    });
    expect(refusal('upload', cell, { type: 'retry.elapsed' }).code).toBe('TENDER_TIMER_NOT_ARMED');
    expect(dryRun('upload', cell, { ...event, due: 70_010 }, stamp)).toMatchObject({ to: 'settling' });
  });

  it('says of a state that does not listen what it is', () => {
    expect(refusal('upload', upload('cancel'), { type: 'pause', by: 'crew' })).toMatchObject({
      code: 'TENDER_EVENT_NOT_NOW',
      message: 'A document that is cancelled cannot take "pause". It was given up on purpose.',
      guard: null,
    });
  });

  const open = life('breaker', {}, 'breaker.tripped').cell;
  const tried = life('breaker', {}, 'breaker.tripped', 'link.up', 'probe.failed').cell;
  const line = life('connection', {}, 'start', 'line.opened').cell;
  const poor = life('connection', {}, 'start', 'line.opened', 'link.degraded').cell;
  const crowd = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((by) => ({ type: 'pause', by }));
  const checkpoint = { type: 'transfer.checkpointed', bytesDurable: 2 };
  const lost = { class: 'LINK', code: 'TENDER_LINK', message: '', delayMs: 1 };
  const indexed = { type: 'document.indexed', documentId: 'd', version: 1, passages: 2 };
  it.each<[string, string, Cell, Json, string]>([
    [
      'changesPriority',
      'upload',
      upload(),
      { type: 'prioritise', by: 'crew', priority: 5 },
      'It has priority 5 already.',
    ],
    ['addsPauser', 'upload', upload(pausedByCli), pausedByCli as Json, 'Paused by cli already.'],
    [
      'addsPauser',
      'upload',
      upload(...crowd),
      { type: 'pause', by: 'i' },
      '8 parties pause it already, which is the most: let one of them resume it first.',
    ],
    [
      'lastPauser',
      'upload',
      upload({ type: 'pause', by: 'a' }, { type: 'pause', by: 'b' }),
      { type: 'resume', by: 'crew' },
      'It is paused by a and b, not by crew: resume it as one of them.',
    ],
    [
      'lastPauser',
      'upload',
      upload(pausedByCli),
      { type: 'resume', by: 'crew' },
      'It is paused by cli, not by crew: resume it as cli.',
    ],
    [
      'growsDurable',
      'upload',
      upload('file.settled', checkpoint),
      { ...checkpoint, fx: '2.0' },
      '2 bytes were known to be durable already, and nothing was spent or saved since.',
    ],
    ['tellsNews', 'upload', upload(indexed), indexed, 'That was known already.'],
    [
      'fileIsBack',
      'upload',
      life('upload', spooled, 'file.unreadable').cell,
      { type: 'file.sighted' },
      'It was not parked for a missing file: retry it instead.',
    ],
    [
      'isThisLine',
      'connection',
      line,
      { type: 'line.lost', epoch: 3, ...lost },
      'It is about line 3; the present one is line 7.',
    ],
    [
      'tellsNews',
      'connection',
      poor,
      { type: 'link.degraded', numbers: { srttMs: 4_000 } },
      'That was known already.',
    ],
    ['mayTryEarly', 'breaker', tried, { type: 'link.up' }, 'An early try was made less than 15 s before.'],
    [
      'mayTryEarly',
      'breaker',
      life('breaker', { closeEarly: false }, 'breaker.tripped').cell,
      { type: 'link.up' },
      'This breaker is set to wait its time out: no early tries.',
    ],
    [
      'mayTryEarly',
      'breaker',
      life('breaker', {}, { type: 'forceOpen', by: 'crew' }).cell,
      { type: 'link.up' },
      'Held open by crew.',
    ],
    [
      'isNotForced',
      'breaker',
      life('breaker', {}, { type: 'forceOpen', by: 'crew' }).cell,
      { type: 'host.booted', boot: 3 },
      'Held open by crew.',
    ],
  ])('names the guard %s of %s that refused, with its numbers', (guard, kind, cell, event, message) => {
    const answer = refusal(kind, frozen(cell), frozen(event), 20_000);
    expect(answer).toEqual({
      accepted: false,
      from: cell.value,
      code: 'TENDER_EVENT_REFUSED',
      message,
      guard,
    });
    expect(guardWords[kind]?.[guard]).toBeDefined();
  });

  it('an early try is possible again when its time is over', () => {
    expect(dryRun('breaker', open, { type: 'link.up' }, stamp)).toMatchObject({ to: 'half-open' });
    expect(dryRun('breaker', tried, { type: 'link.up' }, stamp)).toMatchObject({ to: 'half-open' });
  });

  it('answers, and does not throw, for a cell or kind this release does not know', () => {
    const event = { type: 'pause', by: 'crew' };
    expect(refusal('anchor', upload(), event).code).toBe('TENDER_KIND_UNKNOWN');
    expect(refusal('upload', { ...upload(), value: 'nowhere' }, event).code).toBe('TENDER_HEAD_INVALID');
    expect(
      refusal(
        'upload',
        { ...upload('file.settled'), context: {} },
        { type: 'send.failed', ...lost, fx: '2.0' },
      ).code,
    ).toMatch(/^TENDER_/);
  });
});

describe('whatever is put to a machine', () => {
  const cells = Object.keys(registry).map((kind) => {
    const lives: Cell[] = [];
    walk(kind, new FakeRandom(105, kind), 200, ({ before }) => lives.push(frozen(before)));
    return { kind, lives };
  });
  const anyEvent = ({ kind, lives }: { kind: string; lives: Cell[] }) =>
    fc.tuple(
      fc.constantFrom(...lives),
      fc.oneof(
        fc.jsonValue(),
        fc
          .tuple(
            fc.constantFrom(...Object.keys(definitionOf(kind).events)),
            fc.dictionary(
              fc.constantFrom('by', 'fx', 'timer', 'due', 'at', 'class', 'untilMs', 'priority', 'epoch', 'x'),
              fc.jsonValue({ maxDepth: 2 }),
            ),
          )
          .chain(([type, fields]) => fc.constantFrom({ ...fields, type })),
        fc
          .tuple(fc.constantFrom(...lives), fc.constantFrom(...Object.keys(definitionOf(kind).events)))
          .map(([cell, type]) => typicalEvent(kind, cell, type)),
      ),
    );

  it.each(cells)('$kind: a dry run answers, never throws, and takes only what the door takes', (one) => {
    fc.assert(
      fc.property(anyEvent(one), ([cell, event]) => {
        const answer = dryRun(one.kind, cell, event as Json, stamp);
        if (answer.accepted) expect(validateEvent(one.kind, event as Json)).toBeNull();
        else {
          expect(answer.code).toMatch(/^TENDER_[A-Z_]+$/);
          expect(answer.message).toMatch(/[.]$/);
        }
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});

describe('available events', () => {
  it.each(Object.keys(registry))(
    '%s: are what the machine takes, with a sentence for each that it does not',
    (kind) => {
      const { events } = definitionOf(kind);
      walk(kind, new FakeRandom(103, kind), 400, ({ before }) => {
        const list = available(kind, frozen(before), 1e12);
        expect(list.map((each) => each.event)).toEqual(Object.keys(events));
        for (const { event, source, fields, possible, to, why, example } of list) {
          expect([source, fields.length]).toEqual([
            events[event]?.source,
            Object.keys(events[event]?.fields ?? {}).length,
          ]);
          const next = step(kind, before, example, { at: 1e12 });
          expect([possible, to]).toEqual([next !== null, next?.cell.value ?? null]);
          if (possible) expect([why, validateEvent(kind, example)]).toEqual([null, null]);
          else expect(why).toMatch(/[.]$/);
        }
        const commands = list
          .filter((each) => each.source === 'cmd' && each.possible)
          .map((each) => each.event);
        expect(commandsNow(kind, before)).toEqual(commands);
      });
    },
  );

  it('have a good example of every event there is, wherever it is taken', () => {
    for (const kind of Object.keys(registry)) {
      const taken = new Set<string>();
      walk(kind, new FakeRandom(104, kind), 3_000, ({ before }) => {
        for (const type of Object.keys(definitionOf(kind).events))
          if (step(kind, before, typicalEvent(kind, before, type), { at: 1e12 })) taken.add(type);
      });
      expect([...taken].sort(), kind).toEqual(Object.keys(definitionOf(kind).events).sort());
    }
  });

  it('in a state are possible only where the machine has a transition', () => {
    const cells = [upload(), upload(...sent), upload(...stored), upload('cancel')];
    const { edges } = describeMachine(definitionOf('upload'));
    for (const cell of cells)
      for (const { event, possible } of available('upload', cell))
        if (possible)
          expect(edges.some((edge) => edge.from === cell.value && edge.event === event)).toBe(true);
  });
});

describe('the fields of an event', () => {
  it('say what they take, in the words of their refusal', () => {
    expect(fieldsOf('upload', 'prioritise')).toEqual([
      { name: 'priority', optional: false, accepts: 'a whole number from 1 to 10' },
      { name: 'by', optional: false, accepts: 'who asks in 1 to 64 characters, without "*" or line breaks' },
      { name: 'reason', optional: true, accepts: 'text of 1 to 500 characters' },
    ]);
    expect(fieldsOf('upload', 'send.failed').find((field) => field.name === 'class')?.accepts).toMatch(
      /^one of LINK, /,
    );
    expect(fieldsOf('upload', 'file.vanished')).toEqual([]);
    for (const kind of Object.keys(registry))
      for (const event of Object.keys(definitionOf(kind).events))
        for (const field of fieldsOf(kind, event)) expect(field.accepts).not.toMatch(/anything|^must/);
  });
});
