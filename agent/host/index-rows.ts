// Everything about a cell that must be found without loading it: its timers by due time, its open effects by urgency,
// the version of a name it carries. The rows are a pure function of the cell, so the change of a turn is a difference.
import { hash } from 'node:crypto';
import type { Cell } from '../../machines/kernel.ts';
import { final } from '../../machines/kernel.ts';
import { permitOf } from '../../machines/registry.ts';
import type { Change } from '../ports.ts';
import { keys } from './keys.ts';
import { seal } from './sealed.ts';
import { timerRow } from './timers.ts';

/** An effect in the ledger, with its place in the queue. */
export interface QueuedEffect {
  readonly key: string;
  readonly lane: string;
  readonly actor: string;
  /** 'n.i' */
  readonly id: string;
}

export interface Difference {
  readonly changes: readonly Change[];
  /** By effect id: entries that came, went, or only changed their place (`moved`). */
  readonly opened: readonly QueuedEffect[];
  readonly closed: readonly QueuedEffect[];
  readonly moved: readonly { readonly from: QueuedEffect; readonly to: QueuedEffect }[];
  readonly armed: readonly { readonly id: string; readonly due: number; readonly len: number }[];
  readonly disarmed: readonly { readonly id: string; readonly due: number }[];
}

/** States in which a version no longer stands in the way of the next version of its name. */
const outOfTheWay = new Set(['stored', 'indexed', 'cancelled', 'parked']);

/** What changes when an actor goes from one cell to another; `undefined`: not there (yet, or any more). */
export function difference(
  actor: string,
  kind: string,
  before: Cell | undefined,
  after: Cell | undefined,
  boot: number,
): Difference {
  const changes: Change[] = [];
  const { opened, closed, moved } = effectChanges(actor, kind, before, after, changes);
  const { armed, disarmed } = timerChanges(actor, before, after, boot, changes);
  const was = onItsWay(kind, before);
  const is = onItsWay(kind, after);
  // Name and version of an upload never change: only whether it still stands in the way of the next.
  if (was && !is) changes.push(del(versionKey(kind, before)!));
  if (is && !was) changes.push(put(versionKey(kind, after)!, actor));
  if (before?.value !== after?.value) {
    if (after?.value === 'parked') {
      const letter = JSON.stringify({ state: after.value, n: after.n });
      changes.push(put(keys.deadLetter(actor), letter));
    } else if (before?.value === 'parked') changes.push(del(keys.deadLetter(actor)));
  }
  return { changes, opened, closed, moved, armed, disarmed };
}

/** Most steps change one thing of six: lists that stay empty are shared. */
const none: readonly never[] = Object.freeze([]);

type EffectChanges = Pick<Difference, 'opened' | 'closed' | 'moved'>;

function effectChanges(
  actor: string,
  kind: string,
  before: Cell | undefined,
  after: Cell | undefined,
  changes: Change[],
): EffectChanges {
  // A change of priority moves effects that did not change themselves.
  if (before?.fx === after?.fx && before?.context.priority === after?.context.priority)
    return { opened: none, closed: none, moved: none };
  let opened: QueuedEffect[] | undefined;
  let closed: QueuedEffect[] | undefined;
  const moved: EffectChanges['moved'][number][] = [];
  for (const id in before?.fx) {
    const from = queued(actor, kind, before, id);
    if (after === undefined || after.fx[id] === undefined) {
      closed ??= [];
      closed.push(from);
      changes.push(del(from.key));
      continue;
    }
    const to = queued(actor, kind, after, id);
    if (to.key === from.key) continue;
    moved.push({ from, to });
    changes.push(del(from.key), put(to.key, ''));
  }
  for (const id in after?.fx) {
    if (before?.fx[id] !== undefined) continue;
    const to = queued(actor, kind, after, id);
    opened ??= [];
    opened.push(to);
    changes.push(put(to.key, ''));
  }
  return { opened: opened ?? none, closed: closed ?? none, moved };
}

type TimerChanges = Pick<Difference, 'armed' | 'disarmed'>;

function timerChanges(
  actor: string,
  before: Cell | undefined,
  after: Cell | undefined,
  boot: number,
  changes: Change[],
): TimerChanges {
  if (before?.tm === after?.tm) return { armed: none, disarmed: none };
  const armed: TimerChanges['armed'][number][] = [];
  const disarmed: TimerChanges['disarmed'][number][] = [];
  for (const id in before?.tm) {
    const { due } = before.tm[id]!;
    if (after?.tm[id]?.due === due) continue;
    disarmed.push({ id, due });
    changes.push(del(keys.timer(due, actor, id)));
  }
  for (const id in after?.tm) {
    const { due, len } = after.tm[id]!;
    if (before?.tm[id]?.due === due) continue;
    armed.push({ id, due, len });
    changes.push(put(keys.timer(due, actor, id), timerRow(len, boot)));
  }
  return { armed, disarmed };
}

function put(key: string, value: string): Change {
  return { type: 'put', key, value: seal(key, value) };
}

function del(key: string): Change {
  return { type: 'del', key };
}

/** Effects of one lane share its places: all that need the line together, every other type by itself. */
export function laneOf(kind: string, type: string): string {
  return permitOf(kind, type) === 'line' ? 'line' : type;
}

/** Where an open effect stands in the queue. */
export function queued(actor: string, kind: string, cell: Cell, id: string): QueuedEffect {
  const { priority, addedMs } = cell.context;
  const lane = laneOf(kind, cell.fx[id]!.type);
  const key = keys.queue(
    lane,
    typeof priority === 'number' ? priority : 5,
    typeof addedMs === 'number' ? addedMs : 0,
    actor,
    id,
  );
  return { key, lane, actor, id };
}

/** Key of the row that says: this version of this name is still on its way. */
export function versionKey(kind: string, cell: Cell | undefined): string | undefined {
  if (cell === undefined || !onItsWay(kind, cell)) return undefined;
  const { name, version } = cell.context;
  return keys.version(hash('sha256', JSON.stringify(name), 'base64url'), version as number);
}

function onItsWay(kind: string, cell: Cell | undefined): boolean {
  if (cell === undefined || cell.context.name === undefined || typeof cell.context.version !== 'number')
    return false;
  return !outOfTheWay.has(cell.value) && !final(kind, cell);
}
