// One record of the log as bytes: 43 characters of hash, then a JSON body. The hash is SHA-256 over the previous hash and
// the body, so a record that is missing, moved or changed anywhere breaks the chain at its place. Used by the turn that
// appends, by recovery, the history and the audit.
import { hash } from 'node:crypto';
import type { Json } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { Rec, Source } from './contract.ts';

export const hashLength = 43;

/** Hash that the first record of a log is chained to. */
export function genesis(logId: string): string {
  return hash('sha256', `tender log ${logId}`, 'base64url');
}

export function link(previous: string, body: string): string {
  return hash('sha256', previous + body, 'base64url');
}

/**
 * The body of a record. Short names, spelled by hand: this is written for every event. Joined, because a text made by adding
 * is a tree of its parts that hash and database each have to flatten again.
 */
export function encodeBody(rec: Omit<Rec, 'seq' | 'hash'>, seq: number): string {
  const { actor, kind, n, src, state, digest, event } = rec;
  const head = [`{"s":`, seq, ',"a":', quote(actor), ',"k":', quote(kind), ',"n":', n, spellMoment(rec)];
  const tail = [',"r":"', src, '","o":', quote(state), ',"d":', digest, ',"e":', JSON.stringify(event), '}'];
  return head.concat(tail).join('');
}

type Moment = Pick<Rec, 'at' | 'wall' | 'boot'>;
let spelled: Moment & { readonly text: string } = { at: -1, wall: -1, boot: -1, text: '' };

/** All records of a turn share it. */
function spellMoment({ at, wall, boot }: Moment): string {
  if (spelled.at !== at || spelled.wall !== wall || spelled.boot !== boot)
    spelled = { at, wall, boot, text: `,"t":${at},"w":${wall},"b":${boot}` };
  return spelled.text;
}

/** Ids, kinds and states hold nothing that JSON escapes; whatever else comes is spelled properly. */
function quote(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}
const plain = /^[\w./@-]*$/;

/** Reads a row of the log; undefined when it cannot be one (the chain is the caller's check). */
export function decodeRecord(row: string): Rec | undefined {
  try {
    const value = JSON.parse(row.slice(hashLength)) as Body;
    const { s, a, k, n, t, w, r, b, o, d, e } = value;
    const whole =
      Number.isSafeInteger(s) &&
      typeof a === 'string' &&
      typeof k === 'string' &&
      Number.isSafeInteger(n) &&
      Number.isFinite(t) &&
      typeof o === 'string' &&
      typeof e === 'object' &&
      e !== null &&
      typeof e.type === 'string';
    if (!whole) return undefined;
    return {
      seq: s,
      actor: a,
      kind: k,
      n,
      at: t,
      wall: w,
      src: r,
      boot: b,
      state: o,
      digest: d,
      event: e,
      hash: row.slice(0, hashLength),
    };
  } catch {
    return undefined;
  }
}

/** Whether the row follows the record whose hash is `previous`. */
export function follows(previous: string, row: string): boolean {
  return link(previous, row.slice(hashLength)) === row.slice(0, hashLength);
}

interface Body {
  readonly s: number;
  readonly a: string;
  readonly k: string;
  readonly n: number;
  readonly t: number;
  readonly w: number;
  readonly r: Source;
  readonly b: number;
  readonly o: string;
  readonly d: number;
  readonly e: MachineEvent & { readonly [key: string]: Json };
}
