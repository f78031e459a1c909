// What changed between two JSON values, as a flat list that people can read: path, before, after. For dry runs, for the
// context panel of the inspector, for comparing two moments. Bounded, because contexts may hold foreign objects.
import { isObject } from './fields.ts';
import type { Json } from './json.ts';

/**
 * One changed place. `path` names it from the root, 'paused.by.crew' or 'errors[0].code'; keys that are no plain words
 * are quoted: 'fx["2.0"]'; the root itself is ''. Without `before` it was added, without `after` removed.
 */
export interface Change {
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
}

/** More changes than this are not listed: whoever needs them all looks at both values. */
export const changesMax = 200;
/** Below this many levels two values are compared whole and told as one change. */
export const changeDepthMax = 12;

/** The changes from `before` to `after`, in the order of their keys, at most `changesMax`. */
export function difference(before: Json, after: Json): Change[] {
  const changes: Change[] = [];
  compare(before, after, '', 0, changes);
  return changes;
}

function compare(before: Json, after: Json, path: string, depth: number, changes: Change[]): void {
  if (changes.length >= changesMax || same(before, after)) return;
  if (depth < changeDepthMax && isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of [...keys].sort())
      inside(before, after, Object.hasOwn(before, key), Object.hasOwn(after, key), key);
    return;
  }
  if (depth < changeDepthMax && Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    for (let i = 0; i < length && changes.length < changesMax; i++)
      inside(before, after, i < before.length, i < after.length, i);
    return;
  }
  changes.push({ path, before, after });

  function inside(was: Json, is: Json, had: boolean, has: boolean, key: string | number): void {
    if (changes.length >= changesMax) return;
    const place = join(path, key);
    const old = (was as { readonly [key: string]: Json })[key] as Json;
    const now = (is as { readonly [key: string]: Json })[key] as Json;
    if (had && has) compare(old, now, place, depth + 1, changes);
    else if (had) changes.push({ path: place, before: old });
    else changes.push({ path: place, after: now });
  }
}

function join(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** Equal as JSON: the order of keys does not matter. */
export function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => same(item, b[i] as Json));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(a[key] as Json, b[key] as Json));
}
