import { describe, expect, it } from 'vitest';
import { type Change, changeDepthMax, changesMax, difference } from '../../machines/difference.ts';
import { isObject } from '../../machines/fields.ts';
import type { Json } from '../../machines/json.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { walk } from './walk.ts';

describe('the difference of two values', () => {
  it.each<[string, Json, Json, Change[]]>([
    ['nothing', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['nothing but the order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ['a changed value', { a: 1 }, { a: 2 }, [{ path: 'a', before: 1, after: 2 }]],
    [
      'something deep',
      { paused: { by: { crew: null } } },
      { paused: { by: { crew: 5 } } },
      [{ path: 'paused.by.crew', before: null, after: 5 }],
    ],
    ['something new', {}, { a: null }, [{ path: 'a', after: null }]],
    ['something gone', { a: null }, {}, [{ path: 'a', before: null }]],
    ['a list that grew', { e: [1] }, { e: [1, 2] }, [{ path: 'e[1]', after: 2 }]],
    [
      'a list that shrank',
      [1, 2],
      [3],
      [
        { path: '[0]', before: 1, after: 3 },
        { path: '[1]', before: 2 },
      ],
    ],
    ['another kind of value', { a: {} }, { a: [] }, [{ path: 'a', before: {}, after: [] }]],
    ['the whole', 1, '1', [{ path: '', before: 1, after: '1' }]],
    [
      'keys that are no words',
      { '2.0': 1, 'a b': { c: 1 } },
      { 'a b': { c: 2 } },
      [
        { path: '["2.0"]', before: 1 },
        { path: '["a b"].c', before: 1, after: 2 },
      ],
    ],
    ['a key called __proto__', JSON.parse('{"__proto__":1}'), {}, [{ path: '__proto__', before: 1 }]],
    ['a key everything inherits', {}, { toString: 1 }, [{ path: 'toString', after: 1 }]],
  ])('tells %s', (_, before, after, changes) => {
    expect(difference(before, after)).toEqual(changes);
  });

  it('is bounded in breadth and depth', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i]));
    expect(difference({}, many)).toHaveLength(changesMax);
    expect(difference({ list: [] }, { list: Object.values(many) })).toHaveLength(changesMax);
    const deep = (end: Json) => {
      let value = end;
      for (let i = 0; i < 100; i++) value = { a: value };
      return value;
    };
    const [change, ...more] = difference(deep(1), deep(2));
    expect(change?.path.split('.')).toHaveLength(changeDepthMax);
    expect(more).toEqual([]);
  });

  it('put back into the first value gives the second, for every step of a machine', () => {
    let steps = 0;
    walk('upload', new FakeRandom(95, 'difference'), 500, ({ before, step }) => {
      if (!step) return;
      steps += 1;
      const context = structuredClone(before.context) as { [key: string]: Json };
      for (const change of difference(before.context, step.cell.context)) put(context, change);
      expect(context).toEqual(step.cell.context);
    });
    expect(steps).toBeGreaterThan(100);
  });
});

/** Carries out one change. */
function put(root: { [key: string]: Json }, change: Change): void {
  const parts = change.path.match(/[^.[\]]+|\["(?:[^"\\]|\\.)*"\]/g) ?? [];
  const keys = parts.map((part) =>
    part.startsWith('["') ? (JSON.parse(part.slice(1, -1)) as string) : part,
  );
  let place: Json = root;
  for (const key of keys.slice(0, -1)) place = (place as { [key: string]: Json })[key] as Json;
  const last = keys.at(-1) as string;
  if (Array.isArray(place)) {
    if ('after' in change) (place as Json[])[Number(last)] = change.after as Json;
    else (place as Json[]).splice(Number(last), 1);
  } else if (isObject(place)) {
    if ('after' in change) (place as { [key: string]: Json })[last] = change.after as Json;
    else delete (place as { [key: string]: Json })[last];
  }
}
