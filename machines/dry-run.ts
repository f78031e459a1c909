// What would happen if? One event on one cell, past or present: the machine's own answer, and when it says no, who said so
// and why, in words. Nothing is sent, stored or changed. Called by the inspector in the browser, by the API and the CLI.
import { type Change, difference } from './difference.ts';
import { MachineError } from './error.ts';
import type { EventSpec, MachineEvent } from './events.ts';
import { isObject } from './fields.ts';
import type { Branch } from './flat.ts';
import type { Json } from './json.ts';
import { branchesOf, type Cell, type Op, type Stamp, step } from './kernel.ts';
import { definitionOf, validateEvent } from './registry.ts';
import { guardSentence, stateSentence } from './why-guards.ts';

/** Why an event would not be taken. Besides these, the codes of error.ts. */
export type DryRunCode =
  | 'TENDER_EVENT_NOT_NOW' // the state does not listen for it
  | 'TENDER_EVENT_REFUSED' // a guard said no
  | 'TENDER_EVENT_CHANGES_NOTHING' // taken, but nothing would be different: such an event is not logged
  | 'TENDER_EFFECT_NOT_OPEN' // a result of an effect that is not under way
  | 'TENDER_TIMER_NOT_ARMED'; // a timer that is not armed, or is armed otherwise

export type DryRun =
  | {
      readonly accepted: true;
      readonly from: string;
      readonly to: string;
      readonly cell: Cell;
      /** What the host would do, in this order. */
      readonly ops: readonly Op[];
      /** Of the context; paths as in difference.ts. */
      readonly diff: readonly Change[];
    }
  | {
      readonly accepted: false;
      readonly from: string;
      readonly code: string;
      readonly message: string;
      /** Name of the guard that refused, where one did. */
      readonly guard: string | null;
    };

/** Puts `event` to the machine without consequences. Never throws, never changes what it is given. */
export function dryRun(kind: string, cell: Cell, event: Json, stamp: Stamp): DryRun {
  const no = (code: string, message: string, guard: string | null = null): DryRun => ({
    accepted: false,
    from: cell.value,
    code,
    message,
    guard,
  });
  try {
    const spec = specOf(kind, event);
    const wrong = validateEvent(kind, marked(spec, event));
    if (wrong) return no(wrong.code, wrong.message);
    const asked = event as MachineEvent;
    const next = step(kind, cell, asked, stamp);
    if (next)
      return {
        accepted: true,
        from: cell.value,
        to: next.cell.value,
        cell: next.cell,
        ops: next.ops,
        diff: difference(cell.context, next.cell.context),
      };
    const missing = spec && unmarked(spec, cell, asked);
    if (missing) return no(missing.code, missing.message);
    const branches = branchesOf(kind, cell, asked, stamp);
    if (branches.length === 0) return no('TENDER_EVENT_NOT_NOW', stateSentence(kind, cell.value, asked.type));
    const guard = refusing(branches);
    if (guard) return no('TENDER_EVENT_REFUSED', guardSentence(kind, guard, cell, asked), guard);
    return no('TENDER_EVENT_CHANGES_NOTHING', 'It would change nothing, so it would not be recorded.');
  } catch (error) {
    if (error instanceof MachineError) return no(error.code, error.message);
    return no('TENDER_HEAD_INVALID', `The machine could not be asked: ${String(error)}`);
  }
}

function specOf(kind: string, event: Json): EventSpec | undefined {
  const { events } = definitionOf(kind);
  if (!isObject(event) || typeof event.type !== 'string') return undefined;
  return Object.hasOwn(events, event.type) ? events[event.type] : undefined;
}

/** A result without its effect's id is a good event that fits nothing: it is told so, not called malformed. */
function marked(spec: EventSpec | undefined, event: Json): Json {
  if (!spec || !isObject(event)) return event;
  if (spec.source === 'fx' && event.fx === undefined) return { ...event, fx: '1.0' };
  if (spec.source === 'tm' && event.timer === undefined && event.due === undefined)
    return { ...event, timer: 'none', due: 0 };
  return event;
}

function unmarked(
  spec: EventSpec,
  cell: Cell,
  event: MachineEvent,
): { readonly code: DryRunCode; readonly message: string } | null {
  if (spec.source === 'fx') {
    const open = typeof event.fx === 'string' ? cell.fx[event.fx] : undefined;
    if (open && spec.effects?.includes(open.type)) return null;
    const wanted = spec.effects?.join(' or ') ?? 'none';
    const fitting = Object.entries(cell.fx).filter(([, each]) => spec.effects?.includes(each.type));
    const ids = fitting.map(([id]) => id).join(', ');
    const named =
      event.fx === undefined ? 'It names no effect' : `No ${wanted} ${String(event.fx)} is under way`;
    return {
      code: 'TENDER_EFFECT_NOT_OPEN',
      message: ids
        ? `${named}: "fx" must be ${ids}.`
        : `${event.type} is a result of ${wanted}, and none is under way.`,
    };
  }
  if (spec.source === 'tm') {
    const armed = typeof event.timer === 'string' ? cell.tm[event.timer] : undefined;
    if (armed && armed.due === event.due && armed.event.type === event.type) return null;
    return {
      code: 'TENDER_TIMER_NOT_ARMED',
      message: armed
        ? 'That timer is armed for another time by now.'
        : `${event.type} comes from a timer, and none of that name is armed.`,
    };
  }
  return null;
}

/** The guard on the last branch said the final no; a branch without a guard or with a passing one was taken. */
function refusing(branches: readonly Branch[]): string | null {
  return branches.some((branch) => branch.passes) ? null : (branches.at(-1)?.guard ?? null);
}
