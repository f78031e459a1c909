// A cell with its place in the log, and how it lies in the database: as a head while its work goes on, as a receipt
// afterwards. Heads are checkpoints, the log is the truth; a head that is older than the log knows is damage.
import { MachineError } from '../../machines/error.ts';
import type { Json } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import { restore } from '../../machines/kernel.ts';
import { definitionOf, kindOf } from '../../machines/registry.ts';
import { TenderError } from '../errors.ts';
import type { Change } from '../ports.ts';
import { keys } from './keys.ts';
import { seal, unseal } from './sealed.ts';

export interface Slot {
  readonly actor: string;
  readonly kind: string;
  readonly cell: Cell;
  /** Sequence numbers of its first and last record. */
  readonly first: number;
  readonly last: number;
  /** Log time of these two records. */
  readonly bornAt: number;
  readonly lastAt: number;
  /** Why nothing may be done to it any more; its machine could not go on. */
  readonly quarantined?: string;
}

/** `upload@2`: the kind and the version of the machine that wrote a record or head. */
export const stamped = (kind: string): string => `${kind}@${definitionOf(kind).version}`;

/** `upload@2` → its parts; throws TENDER_LOG_FROM_THE_FUTURE for a version this release does not know. */
export function readStamp(text: string): { readonly kind: string; readonly version: number } {
  const at = text.lastIndexOf('@');
  const kind = text.slice(0, at);
  const version = Number(text.slice(at + 1));
  let known: number;
  try {
    known = definitionOf(kind).version;
  } catch {
    throw fromTheFuture(text);
  }
  if (!Number.isSafeInteger(version) || version > known) throw fromTheFuture(text);
  return { kind, version };
}

export function fromTheFuture(what: string): TenderError {
  return new TenderError(
    'TENDER_LOG_FROM_THE_FUTURE',
    `The log was written by a newer release (${what}). Install that release again, or a newer one; nothing was changed.`,
  );
}

export function headRow(slot: Slot): Change {
  return row(keys.head(slot.actor), slot);
}

export function receiptRow(slot: Slot): Change {
  return row(keys.receipt(slot.actor), slot);
}

function row(key: string, slot: Slot): Change {
  const { cell, first, last, bornAt, lastAt, quarantined } = slot;
  const value = JSON.stringify({
    k: stamped(slot.kind),
    f: first,
    s: last,
    b: bornAt,
    t: lastAt,
    q: quarantined,
    c: cell,
  });
  return { type: 'put', key, value: seal(key, value) };
}

/** Reads a head or receipt row. A cell its machine cannot take (any more) comes back quarantined, never as a guess. */
export function readSlot(actor: string, key: string, sealed: string): Slot {
  const value = JSON.parse(unseal(key, sealed)) as {
    k: string;
    f: number;
    s: number;
    b: number;
    t: number;
    q?: string;
    c: Cell;
  };
  const { kind, version } = readStamp(value.k);
  const place = { actor, kind, first: value.f, last: value.s, bornAt: value.b, lastAt: value.t };
  if (value.q !== undefined) return { ...place, cell: value.c, quarantined: value.q };
  try {
    return { ...place, cell: restore(kind, value.c as unknown as Json, version) };
  } catch (error) {
    return { ...place, cell: value.c, quarantined: (error as Error).message };
  }
}

/** The kind in an actor's id, or undefined if there is no such machine. */
export function kindOrUndefined(actor: string): string | undefined {
  if (actor.length > 200 || !/^[a-z]+\/[\w.-]+$/.test(actor)) return undefined;
  try {
    return kindOf(actor);
  } catch (error) {
    if (error instanceof MachineError) return undefined;
    throw error;
  }
}
