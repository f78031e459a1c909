import { describe, expect, it } from 'vitest';
import { reservedFields } from '../../machines/events.ts';
import type { Json } from '../../machines/json.ts';
import { step } from '../../machines/kernel.ts';
import {
  definitionOf,
  isSoft,
  kindOf,
  permitOf,
  registry,
  upcast,
  validateEvent,
  validateInput,
} from '../../machines/registry.ts';
import { uploadUpcasters } from '../../machines/upload-events.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { samples, spooled, watched } from './cells.ts';
import { walk } from './walk.ts';

/** A sample with the marks its source must carry. */
function good(kind: string, type: string): { readonly [key: string]: Json } {
  const source = registry[kind]?.events[type]?.source;
  const marks = source === 'fx' ? { fx: '12.0' } : source === 'tm' ? { timer: 'retry', due: 5 } : {};
  return { type, ...samples[kind]?.[type], ...marks };
}
const all = Object.entries(registry).flatMap(([kind, { events }]) =>
  Object.keys(events).map((type) => [kind, type] as const),
);
const code = (kind: string, event: Json) => validateEvent(kind, event)?.code;

describe('the door for events', () => {
  it.each(all)('%s: takes a good %s', (kind, type) => {
    expect(validateEvent(kind, good(kind, type))).toBeNull();
  });

  it.each(all)(
    '%s: refuses a %s with a field too many, a missing one, or one of another type',
    (kind, type) => {
      const event = good(kind, type);
      expect(code(kind, { ...event, more: 1 })).toBe('TENDER_EVENT_INVALID');
      for (const [name, field] of Object.entries(registry[kind]?.events[type]?.fields ?? {})) {
        const { [name]: _, ...without } = event;
        if (!field.optional) expect(code(kind, without), `without ${name}`).toBe('TENDER_EVENT_INVALID');
        for (const wrong of [[], 'x'.repeat(20_000), -1.5, null])
          expect(
            code(kind, { ...event, [name]: wrong }),
            `${name} = ${JSON.stringify(wrong).slice(0, 20)}`,
          ).toBe('TENDER_EVENT_INVALID');
      }
    },
  );

  it.each(all)('%s: refuses a %s with the marks of another source', (kind, type) => {
    const source = registry[kind]?.events[type]?.source;
    const { fx: _, timer: __, due: ___, ...bare } = good(kind, type);
    if (source !== 'fx') expect(code(kind, { ...good(kind, type), fx: '1.0' })).toBe('TENDER_EVENT_INVALID');
    if (source !== 'tm')
      expect(code(kind, { ...good(kind, type), timer: 'retry' })).toBe('TENDER_EVENT_INVALID');
    if (source === 'fx' || source === 'tm') expect(code(kind, bare)).toBe('TENDER_EVENT_INVALID');
    expect(code(kind, { ...good(kind, type), at: 5 })).toBe('TENDER_EVENT_INVALID');
  });

  it.each<[string, Json]>([
    ['nothing', null],
    ['a list', []],
    ['text', 'pause'],
    ['no type', {}],
    ['a type that is no text', { type: 5 }],
  ])('refuses %s', (_, event) => {
    expect(code('upload', event)).toBe('TENDER_EVENT_INVALID');
  });

  it.each(['pauze', 'toString', '__proto__', 'xstate.init', 'xstate.stop', 'xstate.error.actor.x'])(
    'does not know %s',
    (type) => {
      expect(code('upload', { type })).toBe('TENDER_EVENT_UNKNOWN');
    },
  );

  it('takes no party whose name would stand for all, break a line, or is too long', () => {
    for (const by of ['*', 'a*', 'a\nb', '', 'x'.repeat(65)])
      expect(code('upload', { type: 'pause', by })).toBe('TENDER_EVENT_INVALID');
    expect(code('upload', { type: 'pause', by: 'Jörg (bridge)' })).toBeUndefined();
  });

  it('says which field is wrong and what it must be', () => {
    expect(validateEvent('upload', { type: 'prioritise', by: 'cli', priority: 11 })?.message).toBe(
      'The event prioritise was not taken: "priority" must be a whole number from 1 to 10. Correct it and send it again.',
    );
  });

  it('keeps the names of its own marks out of every event’s fields', () => {
    for (const [kind, type] of all)
      for (const name of reservedFields)
        expect(registry[kind]?.events[type]?.fields).not.toHaveProperty(name);
  });

  it('every effect has results, and every result belongs to an effect that exists', () => {
    for (const { effects, events } of Object.values(registry)) {
      const answered = new Set(Object.values(events).flatMap((spec) => spec.effects ?? []));
      expect([...answered].sort()).toEqual(Object.keys(effects).sort());
    }
  });
});

describe('the registry', () => {
  it('takes good inputs and says what is wrong with others', () => {
    for (const input of [watched, spooled]) expect(validateInput('upload', input)).toBeNull();
    expect(validateInput('upload', { ...watched, name: { b64: 'gA==' } })).toBeNull();
    expect(validateInput('upload', { ...watched, priority: 0 })?.message).toContain(
      '"priority" must be a whole number',
    );
    expect(validateInput('upload', [])?.code).toBe('TENDER_INPUT_INVALID');
  });

  it('answers what hosts ask of a kind', () => {
    expect([kindOf('upload/01J'), kindOf('connection/main'), kindOf('breaker/line')]).toEqual([
      'upload',
      'connection',
      'breaker',
    ]);
    expect(() => kindOf('constructor/1')).toThrow(expect.objectContaining({ code: 'TENDER_KIND_UNKNOWN' }));
    expect([permitOf('upload', 'sendDocument'), permitOf('upload', 'checkSettled')]).toEqual([
      'line',
      'none',
    ]);
    expect([isSoft('upload', 'transfer.checkpointed'), isSoft('upload', 'document.sent')]).toEqual([
      true,
      false,
    ]);
  });
});

describe('upcasters', () => {
  it('read a version 1 failure in today’s words, one class per old reason', () => {
    const classes = ['busy', 'server', 'disk', 'resync', 'rejected', 'never heard of'].map(
      (reason) => upcast('upload', 1, { type: 'send.failed', fx: '2.0', reason, retryInMs: 5 })[0]?.class,
    );
    expect(classes).toEqual(['BUSY', 'SERVER', 'LOCAL', 'RESYNC', 'ITEM', 'SERVER']);
  });

  it('give events that today’s door takes', () => {
    const [event] = upcast('upload', 1, { type: 'send.failed', fx: '2.0', reason: 'busy', retryInMs: 5 });
    expect(validateEvent('upload', event as Json)).toBeNull();
  });

  it('leave out what is no longer a fact, and leave alone what did not change', () => {
    expect(upcast('upload', 1, { type: 'transfer.progressed', fx: '2.0', percent: 3 })).toEqual([]);
    const same = { type: 'pause', by: 'cli' };
    expect(upcast('upload', 1, same)).toEqual([same]);
    expect(upcast('upload', 2, { type: 'send.failed', reason: 'busy' })).toEqual([
      { type: 'send.failed', reason: 'busy' },
    ]);
  });

  it('read no version below the machine’s own only', () => {
    for (const from of Object.keys(uploadUpcasters))
      expect(Number(from)).toBeLessThan(registry.upload?.version ?? 0);
    expect(() => upcast('upload', 4, { type: 'pause' })).toThrow(
      expect.objectContaining({ code: 'TENDER_HISTORY_FROM_THE_FUTURE' }),
    );
  });
});

describe('the reason of a command', () => {
  it.each(Object.keys(registry))(
    'K12: %s takes one with every command, and moves the same without',
    (kind) => {
      const reason = 'The office asked for it.';
      let commands = 0;
      walk(kind, new FakeRandom(61, kind), 400, ({ before, event, at, step: moved }) => {
        if (definitionOf(kind).events[event.type]?.source !== 'cmd') return;
        commands += 1;
        expect(validateEvent(kind, { ...event, reason })).toBeNull();
        expect(step(kind, before, { ...event, reason }, { at })).toEqual(moved);
      });
      expect(commands).toBeGreaterThan(20);
      const [command] =
        Object.entries(definitionOf(kind).events).find(([, spec]) => spec.source === 'cmd') ?? [];
      const event = { type: command as string, by: 'crew', reason: 'x'.repeat(501) };
      expect(validateEvent(kind, event)?.message).toContain('"reason" must be text of 1 to 500 characters');
    },
  );
});
