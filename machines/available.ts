// Which events a cell would take now, where they lead, and why not the others. The buttons of the page, the inspector's
// list and the `actions` of every why come from here: asked of the machine itself, never kept as a second table.
import { dryRun } from './dry-run.ts';
import type { EventSpec, MachineEvent } from './events.ts';
import { type Cell, step } from './kernel.ts';
import { definitionOf } from './registry.ts';
import { typicalEvent } from './typical-events.ts';

export interface Available {
  readonly event: string;
  readonly source: EventSpec['source'];
  /** Its fields; one that may be absent ends in `?`. */
  readonly fields: readonly string[];
  /** Where it most likely leads; the present state when that is kept; null when it is not possible. */
  readonly to: string | null;
  readonly possible: boolean;
  /** One sentence; null when it is possible. */
  readonly why: string | null;
  /** A good example for this cell, to begin with. */
  readonly example: MachineEvent;
}

/**
 * Every event of the kind, in the order of its definition. `at` is the log time to ask for, which a guard may look at;
 * without it, a time at which nothing is too early any more. Throws TENDER_KIND_UNKNOWN.
 */
export function available(kind: string, cell: Cell, at: number = late(cell)): Available[] {
  return Object.entries(definitionOf(kind).events).map(([event, spec]) => {
    const example = typicalEvent(kind, cell, event);
    const answer = dryRun(kind, cell, example, { at });
    return {
      event,
      source: spec.source,
      fields: Object.entries(spec.fields).map(([name, field]) => (field.optional ? `${name}?` : name)),
      to: answer.accepted ? answer.to : null,
      possible: answer.accepted,
      why: answer.accepted ? null : answer.message,
      example,
    };
  });
}

/** One field of an event, for whoever fills in a form. */
export interface FieldAccepts {
  readonly name: string;
  readonly optional: boolean;
  /** What it takes: 'text of 1 to 64 characters', 'a whole number from 1 to 10', 'one of …'. */
  readonly accepts: string;
}

/** What each field of one event takes; empty for an event without fields. Throws TENDER_KIND_UNKNOWN. */
export function fieldsOf(kind: string, event: string): FieldAccepts[] {
  return Object.entries(definitionOf(kind).events[event]?.fields ?? {}).map(([name, field]) => {
    // A field says what it wants when it gets what it does not want; no field takes all three.
    const complaint = field.check(undefined) ?? field.check([]) ?? field.check(false) ?? 'must be anything';
    return { name, optional: field.optional, accepts: complaint.replace(/^must (be|name|have) /, '') };
  });
}

/** The commands a person may give now. */
export function commandsNow(kind: string, cell: Cell): string[] {
  const commands: string[] = [];
  for (const [event, spec] of Object.entries(definitionOf(kind).events))
    if (spec.source === 'cmd' && step(kind, cell, typicalEvent(kind, cell, event), { at: late(cell) }))
      commands.push(event);
  return commands;
}

/** When every armed timer is due. */
function late(cell: Cell): number {
  return Math.max(0, ...Object.values(cell.tm).map((timer) => timer.due));
}
