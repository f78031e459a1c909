import { describe, expect, it } from 'vitest';
import { canonical, digestOf } from '../../machines/digest.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import { type Cell, digest, final, init, type Op, restore, step } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { eventFor, life, pausedByCli, pausedForAMinute, spooled, tell, watched } from './cells.ts';
import { walk } from './walk.ts';

const kinds = Object.keys(registry);
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** The cell as its orders alone would have it: what a host that only listens to `ops` believes. */
function followOps(fx: Record<string, unknown>, tm: Record<string, unknown>, ops: readonly Op[]): void {
  for (const op of ops) {
    if (op.op === 'start') fx[op.id] = { type: op.type, params: op.params };
    if (op.op === 'stop') delete fx[op.id];
    if (op.op === 'amend') fx[op.id] = { ...(fx[op.id] as object), params: op.params };
    if (op.op === 'arm') tm[op.id] = { due: op.due, len: op.len, event: op.event };
    if (op.op === 'disarm') delete tm[op.id];
  }
}

describe('the kernel', () => {
  it('K1: an actor is born with record 1 and its first effects', () => {
    const { cell, ops } = init('upload', watched, { at: 5 });
    expect([cell.n, cell.value, Object.keys(cell.fx)]).toEqual([1, 'settling', ['1.0']]);
    expect(ops).toEqual([
      { op: 'start', id: '1.0', type: 'checkSettled', params: { source: watched.source } },
    ]);
  });

  it('K1: an input with a wrong, missing or extra field makes no actor', () => {
    for (const input of [
      {},
      { ...watched, priority: 11 },
      { ...watched, more: 1 },
      { ...watched, version: '1' },
    ])
      expect(() => init('upload', input, { at: 5 })).toThrow(/cannot be made of this/);
    expect(() => init('raft', {}, { at: 5 })).toThrow(/no machine of kind "raft"/);
  });

  it.each(kinds)(
    'K2: in %s every accepted event adds exactly one to n, and a refused one changes nothing',
    (kind) => {
      walk(kind, new FakeRandom(1, kind), 3_000, ({ before, step: next }) => {
        if (next) expect(next.cell.n).toBe(before.n + 1);
      });
    },
  );

  it.each(kinds)('K3: in %s every accepted event changed state, context, ledger or timers', (kind) => {
    walk(kind, new FakeRandom(2, kind), 3_000, ({ before, event, step: next }) => {
      if (next)
        expect(canonical({ ...next.cell, n: 0 }), event.type).not.toBe(canonical({ ...before, n: 0 }));
    });
  });

  it('K4: an answer is taken once; the second time its effect is no longer in the ledger', () => {
    const { cell } = life('upload', watched);
    const answer = eventFor('upload', cell, 'file.settled');
    const next = step('upload', cell, answer, { at: 20_000 });
    expect(next?.cell.value).toBe('sending');
    expect(step('upload', next?.cell as Cell, answer, { at: 20_001 })).toBeNull();
  });

  it('K4: an answer that belongs to another effect, to none, or comes without a mark is refused', () => {
    const { cell } = life('upload', watched, 'file.settled');
    const id = Object.keys(cell.fx)[0] as string;
    expect(step('upload', cell, { type: 'file.settled', stat: {}, fx: id }, { at: 1 })).toBeNull();
    const two = { ...cell, fx: { ...cell.fx, '1.7': { type: 'checkSettled', params: {} } } };
    expect(step('upload', two, { type: 'source.changed', fx: '1.7' }, { at: 1 })).toBeNull();
    expect(step('upload', two, { type: 'source.changed', fx: id }, { at: 1 })).not.toBeNull();
    expect(step('upload', cell, { type: 'source.changed', fx: '77.0' }, { at: 1 })).toBeNull();
    expect(step('upload', cell, { type: 'source.changed', fx: 'toString' }, { at: 1 })).toBeNull();
    expect(step('upload', cell, { type: 'source.changed' }, { at: 1 })).toBeNull();
    expect(step('upload', cell, { type: 'cancel', by: 'cli', fx: id }, { at: 1 })).toBeNull();
    expect(step('upload', cell, { type: 'constructor' }, { at: 1 })).toBeNull();
  });

  it('K4: a soft answer leaves its effect running', () => {
    const { cell } = life('upload', watched, 'file.settled');
    const next = tell('upload', cell, 'transfer.checkpointed');
    expect(next?.cell.fx).toEqual(cell.fx);
  });

  it('K5: a timer is taken only as it was armed: not another one, not one that was armed anew', () => {
    const first = life('upload', watched, 'file.settled', pausedForAMinute).cell;
    const fired = eventFor('upload', first, 'pause.elapsed');
    expect(fired).toMatchObject({ timer: 'pause.cli', by: 'cli' });
    const again = tell('upload', first, 'pause', { by: 'cli', untilMs: 90_000 })?.cell as Cell;
    expect(step('upload', again, fired, { at: 200_000 })).toBeNull();
    expect(step('upload', first, { ...fired, timer: 'retry' }, { at: 200_000 })).toBeNull();
    expect(step('upload', first, fired, { at: 200_000 })?.cell.value).toBe('sending');
  });

  it('K5: asking for a wait without an end takes the timer of a wait with an end away', () => {
    const first = life('upload', watched, 'file.settled', pausedForAMinute).cell;
    const next = tell('upload', first, 'pause', { by: 'cli' });
    expect(next?.cell.tm).toEqual({});
    expect(next?.ops).toEqual([{ op: 'disarm', id: 'pause.cli' }]);
  });

  it.each(kinds)('K6: in %s a host that follows the orders has the same ledger and timers', (kind) => {
    let fx: Record<string, unknown> = {};
    let tm: Record<string, unknown> = {};
    walk(
      kind,
      new FakeRandom(3, kind),
      4_000,
      ({ event, step: next }) => {
        if (!next) return;
        const spec = registry[kind]?.events[event.type];
        if (spec?.source === 'fx' && !spec.soft) delete fx[event.fx as string];
        followOps(fx, tm, next.ops);
        expect(canonical({ fx, tm } as Json)).toBe(canonical({ fx: next.cell.fx, tm: next.cell.tm }));
      },
      (_, first) => {
        fx = {};
        tm = {};
        followOps(fx, tm, first.ops);
      },
    );
  });

  it('K7: no effect id is ever used twice by one actor', () => {
    const ids = new Set<string>();
    walk(
      'upload',
      new FakeRandom(4, 'ids'),
      4_000,
      ({ step: next }) => {
        for (const op of next?.ops ?? []) {
          if (op.op !== 'start') continue;
          expect(ids.has(op.id)).toBe(false);
          ids.add(op.id);
        }
      },
      (_, first) => {
        ids.clear();
        for (const op of first.ops) if (op.op === 'start') ids.add(op.id);
      },
    );
  });

  it.each(kinds)('K8: %s: a cell restored from its JSON goes on exactly as the one in memory', (kind) => {
    walk(kind, new FakeRandom(5, kind), 3_000, ({ before, event, at, step: next }) => {
      const restored = restore(kind, copy(before) as unknown as Json);
      expect(digest(restored)).toBe(digest(before));
      expect(copy(step(kind, restored, copy(event), { at }))).toEqual(copy(next));
    });
  });

  it.each(kinds)('K9: %s: no step changes the cell or the event it was given', (kind) => {
    walk(kind, new FakeRandom(6, kind), 3_000, ({ before, event, at, step: next }) => {
      const frozen = step(kind, freeze(copy(before)), freeze(copy(event)), { at });
      expect(copy(frozen)).toEqual(copy(next));
    });
  });

  it.each(kinds)('K10: %s: a cell holds nothing but JSON', (kind) => {
    walk(kind, new FakeRandom(7, kind), 3_000, ({ step: next }) => {
      if (next) expect(copy(next)).toStrictEqual(next);
    });
  });

  it('K11: an actor is done in a final state with an empty ledger, not before', () => {
    const done = life(
      'upload',
      watched,
      'file.settled',
      'document.sent',
      'upload.stored',
      'document.indexed',
    ).cell;
    expect(final('upload', done)).toBe(true);
    const spool = life('upload', spooled, 'document.sent', 'upload.stored', 'document.indexed').cell;
    expect([spool.value, final('upload', spool)]).toEqual(['indexed', false]);
    expect(final('upload', tell('upload', spool, 'source.released')?.cell as Cell)).toBe(true);
    expect(final('upload', life('upload', watched).cell)).toBe(false);
    expect(final('connection', life('connection', {}).cell)).toBe(false);
  });
});

describe('a stored head', () => {
  const head = copy(life('upload', watched, 'file.settled', pausedByCli).cell) as unknown as JsonObject;

  it.each<[string, Json]>([
    ['no object', []],
    ['a record number of 0', { ...head, n: 0 }],
    ['a state nobody knows', { ...head, value: 'flying' }],
    ['a state out of the prototype', { ...head, value: 'constructor' }],
    ['no context', { ...head, context: null }],
    ['a context with a missing field', { ...head, context: {} }],
    ['a context with a field too many', { ...head, context: { ...(head.context as JsonObject), more: 1 } }],
    ['a context with a wrong field', { ...head, context: { ...(head.context as JsonObject), priority: 99 } }],
    ['an effect this kind does not have', { ...head, fx: { '1.0': { type: 'openLine', params: {} } } }],
    ['an effect with a strange id', { ...head, fx: { x: { type: 'sendDocument', params: {} } } }],
    ['a timer without its event', { ...head, tm: { retry: { due: 1, len: 1 } } }],
  ])('with %s is set aside with TENDER_HEAD_INVALID', (_, broken) => {
    expect(() => restore('upload', broken)).toThrow(expect.objectContaining({ code: 'TENDER_HEAD_INVALID' }));
  });

  it('of an older version is migrated', () => {
    const context = head.context as JsonObject;
    const { compressedAwayBytes: _, dedupedBytes: __, resumedBytes: ___, ...second } = context;
    expect(restore('upload', { ...head, context: second }, 2).context).toEqual(context);
    const { resyncs: ____, resyncSinceMs: _____, ...first } = second;
    expect(restore('upload', { ...head, context: first }, 1).context).toEqual(context);
  });

  it('of a version of the future is refused, not guessed at', () => {
    expect(() => restore('upload', head, 4)).toThrow(
      expect.objectContaining({ code: 'TENDER_HISTORY_FROM_THE_FUTURE' }),
    );
  });
});

describe('the digest', () => {
  it('never changes its answers: logs hold them', () => {
    expect([digestOf([]), digestOf({}), digestOf(''), digestOf(0), digestOf(null)]).toEqual([
      625341585, 1020716019, 2872998923, 1887252077, 1540483477,
    ]);
    const value = { b: [1, 'ü"\n', null, true], a: { z: -0, y: 1e21 } };
    expect(canonical(value)).toBe('{"a":{"y":1e+21,"z":0},"b":[1,"ü\\"\\n",null,true]}');
    expect(digestOf(value)).toBe(193114862);
  });

  it('tells apart what canonical JSON tells apart', () => {
    const values: Json[] = [
      1,
      '1',
      [1],
      { a: 1 },
      { a: '1' },
      [[1]],
      true,
      'true',
      null,
      'null',
      0,
      '',
      [],
      {},
    ];
    values.push(
      { a: 1, b: 2 },
      { a: 2, b: 1 },
      { ab: 1 },
      { a: { b: 1 } },
      [1, 2],
      [2, 1],
      1.5,
      2 ** 32,
      2 ** 33,
    );
    expect(new Set(values.map(digestOf)).size).toBe(values.length);
    expect(digestOf(-0)).toBe(digestOf(0));
  });

  it('does not depend on the order in which keys were written', () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(digestOf({ a: 1, b: 2 })).not.toBe(digestOf({ a: 2, b: 1 }));
  });

  it.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY], [() => 1]])('refuses %s', (value) => {
    expect(() => digestOf({ a: value as unknown as Json })).toThrow(
      expect.objectContaining({ code: 'TENDER_VALUE_NOT_JSON' }),
    );
  });
});

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
