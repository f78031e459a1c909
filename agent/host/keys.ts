// Where everything lies in the database. Keys are sorted as bytes, so every number in one has a fixed width. The
// prefixes below belong to the host; any other (`file/`, `ch/`, `cursor` …) is a side row of its caller.
import type { KeyRange } from '../ports.ts';

const digits = (value: number, width: number): string =>
  String(Math.min(Math.max(0, Math.trunc(value)), 10 ** width - 1)).padStart(width, '0');

export const keys = {
  /** Which log this is: format, id, where its chain begins. */
  identity: 'meta/log',
  /** How far the heads have caught up with the log. */
  checkpoint: 'meta/checkpoint',
  /** Written when damage was found at work: the next start rebuilds. */
  damage: 'meta/damage',
  log: (seq: number) => `log/${digits(seq, 12)}`,
  /** Index: one actor's records. */
  by: (actor: string, n: number) => `by/${actor}/${digits(n, 9)}`,
  head: (actor: string) => `head/${actor}`,
  receipt: (actor: string) => `rc/${actor}`,
  /** Cell before the first record that is kept of an actor. */
  base: (actor: string) => `base/${actor}`,
  deadLetter: (actor: string) => `dl/${actor}`,
  timer: (due: number, actor: string, id: string) => `tm/${digits(due, 15)}/${actor}/${id}`,
  /** Open effects: what they wait for, urgent first, then oldest first. */
  queue: (permit: string, priority: number, added: number, actor: string, id: string) =>
    `q/${permit}/${digits(priority, 2)}/${digits(added, 15)}/${actor}/${id}`,
  /** Live actors that carry a version of a name, in order of versions. */
  version: (name: string, version: number) => `ver/${name}/${digits(version, 9)}`,
};

export const prefixes = {
  log: 'log/',
  by: 'by/',
  head: 'head/',
  receipt: 'rc/',
  base: 'base/',
  deadLetter: 'dl/',
  timer: 'tm/',
  queue: 'q/',
  version: 'ver/',
} as const;

const reserved = ['meta/', ...Object.values(prefixes)];

/** Whether callers may write this key themselves. */
export function isSideKey(key: string): boolean {
  return key.length > 0 && key.length <= 8_192 && !reserved.some((prefix) => key.startsWith(prefix));
}

/** All keys that begin with `prefix`, which ends in a plain ASCII character. */
export function below(prefix: string): { readonly gte: string; readonly lt: string } {
  const last = prefix.length - 1;
  return { gte: prefix, lt: prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1) };
}

/** Ranges of one prefix from a key on, exclusive. */
export function after(prefix: string, key: string): KeyRange {
  return { gt: key, lt: below(prefix).lt };
}

export const sequenceOf = (key: string): number => Number(key.slice(prefixes.log.length));

/** `q/line/05/000001763650000/upload/01H…/12.0` → its parts. */
export function parseQueueKey(key: string): {
  readonly permit: string;
  readonly priority: number;
  readonly added: number;
  readonly actor: string;
  readonly id: string;
} {
  const [, permit = '', priority = '', added = '', ...rest] = key.split('/');
  const id = rest.pop() ?? '';
  return { permit, priority: Number(priority), added: Number(added), actor: rest.join('/'), id };
}

/** `tm/000001763650000/upload/01H…/retry` → its parts. */
export function parseTimerKey(key: string): {
  readonly due: number;
  readonly actor: string;
  readonly id: string;
} {
  const [, due = '', kind = '', name = '', ...id] = key.split('/');
  // A pause's timer carries who asked for it, and that is free text.
  return { due: Number(due), actor: `${kind}/${name}`, id: id.join('/') };
}
