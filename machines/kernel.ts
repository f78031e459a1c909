// Steps machines purely: (cell, event, time) → (cell, what the host has to do). The cell is everything an actor is,
// as plain JSON: record number, state, context, started-but-unanswered effects and armed timers, so that replaying
// the same events gives the same cell, and recovery is "do what the ledger says". Called by host, replay and inspector.
import { type Definition, microstepsMax } from './define.ts';
import { digestOf } from './digest.ts';
import { MachineError } from './error.ts';
import type { MachineEvent } from './events.ts';
import { checkFields, isObject } from './fields.ts';
import { type Branch, type FlatMachine, flatten } from './flat.ts';
import type { Json, JsonObject } from './json.ts';
import { fold, without } from './ledger.ts';
import { definitionOf } from './registry.ts';

export type { MachineEvent } from './events.ts';

export type OpenEffect = {
  readonly type: string;
  readonly params: JsonObject;
};

export type ArmedTimer = {
  /** Log time at which it fires. */
  readonly due: number;
  /** Its whole length: after a reboot no timer waits longer than this. */
  readonly len: number;
  /** To be sent back as it stands when the time comes; carries `timer` and `due`. */
  readonly event: MachineEvent;
};

/** All of one actor. `n` is the number of its last record; effects are named by record and place in it: 'n.i'. */
export type Cell = {
  readonly n: number;
  readonly value: string;
  readonly context: JsonObject;
  readonly fx: { readonly [id: string]: OpenEffect };
  readonly tm: { readonly [id: string]: ArmedTimer };
};

/** Log time of a record in ms: wall clock at the boot's start plus monotonic time since. */
export interface Stamp {
  readonly at: number;
}

/** What the host has to do once the record is durable, in this order. */
export type Op =
  | { readonly op: 'start'; readonly id: string; readonly type: string; readonly params: JsonObject }
  | { readonly op: 'stop'; readonly id: string }
  | { readonly op: 'amend'; readonly id: string; readonly params: JsonObject }
  | {
      readonly op: 'arm';
      readonly id: string;
      readonly due: number;
      readonly len: number;
      readonly event: MachineEvent;
    }
  | { readonly op: 'disarm'; readonly id: string };

export interface Step {
  readonly cell: Cell;
  readonly ops: readonly Op[];
}

/** Creates an actor: its record number 1. Throws TENDER_INPUT_INVALID, TENDER_KIND_UNKNOWN. */
export function init(kind: string, input: JsonObject, stamp: Stamp): Step {
  const definition = definitionOf(kind);
  const wrong = checkFields(definition.input, input);
  if (wrong) throw new MachineError('TENDER_INPUT_INVALID', `A ${kind} cannot be made of this: ${wrong}.`);
  const born = flatOf(definition).start(input);
  return fold({ n: 0, value: '', context: {}, fx: {}, tm: {} }, 1, born, stamp.at, 0);
}

/** One event. Null: not accepted, nothing changed, nothing to log. Throws only if the machine itself is at fault. */
export function step(kind: string, cell: Cell, event: MachineEvent, stamp: Stamp): Step | null {
  return stepAs(definitionOf(kind), cell, event, stamp, cell.n + 1, 0);
}

/** The step with an explicit record number and place of its first effect; replay of upcast records needs both. */
export function stepAs(
  definition: Definition,
  cell: Cell,
  event: MachineEvent,
  stamp: Stamp,
  n: number,
  firstEffect: number,
): Step | null {
  const spec = Object.hasOwn(definition.events, event.type) ? definition.events[event.type] : undefined;
  if (!spec) return null;
  let before = cell;
  let answered: Op[] = [];
  if (spec.source === 'fx') {
    const id = event.fx;
    if (typeof id !== 'string' || !Object.hasOwn(cell.fx, id)) return null;
    if (!spec.effects?.includes(cell.fx[id]!.type)) return null;
    if (!spec.soft) before = { ...before, fx: without(cell.fx, id) };
  } else if (event.fx !== undefined) return null;
  if (spec.source === 'tm') {
    const id = event.timer;
    if (typeof id !== 'string' || !Object.hasOwn(cell.tm, id)) return null;
    const timer = cell.tm[id]!;
    if (timer.due !== event.due || timer.event.type !== event.type) return null;
    before = { ...before, tm: without(cell.tm, id) };
    answered = [{ op: 'disarm', id }];
  }

  const flat = flatOf(definition);
  if (!flat.has(cell.value))
    throw new MachineError('TENDER_HEAD_INVALID', `A ${definition.kind} has no state "${cell.value}".`);
  const moved = flat.step(cell, { ...event, at: stamp.at });
  if (moved === undefined) return null;
  const folded = fold(before, n, moved, stamp.at, firstEffect);
  return answered.length === 0 ? folded : { cell: folded.cell, ops: [...answered, ...folded.ops] };
}

/** The transitions this cell's state has for an event, with what their guards say; empty: it does not listen. */
export function branchesOf(kind: string, cell: Cell, event: MachineEvent, stamp: Stamp): readonly Branch[] {
  return flatOf(definitionOf(kind)).branches(cell, { ...event, at: stamp.at });
}

/** Is the actor's work over: in a final state, nothing running, nothing armed? */
export function final(kind: string, cell: Cell): boolean {
  if (!definitionOf(kind).finalStates.includes(cell.value)) return false;
  return isEmpty(cell.fx) && isEmpty(cell.tm);
}

/** 32-bit FNV-1a over the canonical JSON of state, context, ledger and timers. Throws TENDER_VALUE_NOT_JSON. */
export function digest(cell: Cell): number {
  return digestOf([cell.value, cell.context, cell.fx, cell.tm]);
}

/**
 * A stored head → cell, checked; of an older machine version, migrated. Throws TENDER_HEAD_INVALID or
 * TENDER_HISTORY_FROM_THE_FUTURE.
 */
export function restore(kind: string, head: Json, version?: number): Cell {
  const definition = definitionOf(kind);
  const invalid = (what: string): never => {
    throw new MachineError(
      'TENDER_HEAD_INVALID',
      `The stored ${kind} cannot be used: ${what}. It is set aside.`,
    );
  };
  if (!isObject(head)) return invalid('it is no object');
  const { n, value, context, fx, tm } = head;
  if (!Number.isSafeInteger(n) || (n as number) < 1) return invalid('"n" must be a record number');
  if (typeof value !== 'string' || !flatOf(definition).has(value))
    return invalid(`it has no state ${JSON.stringify(value)}`);
  if (!isObject(context) || !isObject(fx) || !isObject(tm))
    return invalid('context, fx and tm must be objects');
  const today = migrate(definition, context, version ?? definition.version);
  const wrong = checkFields(definition.context, today);
  if (wrong) return invalid(`in its context, ${wrong}`);
  for (const [id, effect] of Object.entries(fx))
    if (!/^[1-9][0-9]*\.[0-9]+$/.test(id) || !isOpenEffect(effect, definition))
      return invalid(`effect "${id}"`);
  for (const [id, timer] of Object.entries(tm)) if (!isArmedTimer(timer)) return invalid(`timer "${id}"`);
  return { n: n as number, value, context: today, fx: fx as Cell['fx'], tm: tm as Cell['tm'] };
}

function migrate(definition: Definition, context: JsonObject, from: number): JsonObject {
  if (from > definition.version)
    throw new MachineError(
      'TENDER_HISTORY_FROM_THE_FUTURE',
      `A stored ${definition.kind} is of version ${from}, here ${definition.version}: install the newer release.`,
    );
  let today = context;
  for (let version = from; version < definition.version; version++)
    today = definition.migrations[version]?.(today) ?? today;
  return today;
}

function isOpenEffect(value: Json, definition: Definition): boolean {
  if (!isObject(value) || typeof value.type !== 'string' || !isObject(value.params)) return false;
  return Object.hasOwn(definition.effects, value.type);
}

function isArmedTimer(value: Json): boolean {
  if (!isObject(value) || !isObject(value.event)) return false;
  return Number.isFinite(value.due) && Number.isFinite(value.len) && typeof value.event.type === 'string';
}

const flats = new WeakMap<Definition, FlatMachine>();

/** Each machine is read once. */
function flatOf(definition: Definition): FlatMachine {
  const known = flats.get(definition);
  if (known) return known;
  const flat = flatten(definition.machine, microstepsMax);
  flats.set(definition, flat);
  return flat;
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}
