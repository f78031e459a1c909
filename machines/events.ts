// What an event is, and the one check every event passes before it may touch a cell or a log. The event types of each
// kind stand beside it in upload-events.ts, connection-events.ts and breaker-events.ts. Called by the host at its door.
import { MachineError, type Refusal } from './error.ts';
import { checkFields, type Fields, isObject, type ObjectOf } from './fields.ts';
import type { Json, JsonObject } from './json.ts';

/** A fact or command for one actor. Results of effects carry `fx` ('n.i'), fired timers carry `timer` and `due`. */
export type MachineEvent = { readonly type: string; readonly [key: string]: Json };

/** How one event type is built and where it may come from. */
export interface EventSpec {
  readonly fields: Fields;
  /** Who may send it: a person or program (cmd), an effect (fx), a timer (tm), the agent itself (sys). */
  readonly source: 'cmd' | 'fx' | 'tm' | 'sys';
  /** The effects it may be a result of. */
  readonly effects?: readonly string[];
  /** A result that leaves its effect running (checkpoints); may be logged soft. */
  readonly soft?: boolean;
}

export type EventSpecs = { readonly [type: string]: EventSpec };

/** The union of event types a set of specs describes, as machines see them: with the record's time. */
export type EventsOf<S extends EventSpecs> = {
  [K in keyof S & string]: { readonly type: K; readonly at: number } & ObjectOf<S[K]['fields']>;
}[keyof S & string];

/** Fields the host or the kernel adds; no spec may use their names. */
export const reservedFields = ['type', 'fx', 'timer', 'due', 'at'] as const;

const effectId = /^[1-9][0-9]{0,15}\.[0-9]{1,3}$/;

/** Checks one event of one kind: shape, fields, and the marks its source must or must not carry. Null: fine. */
export function validateAgainst(specs: EventSpecs, kind: string, event: Json): Refusal | null {
  if (!isObject(event) || typeof event.type !== 'string')
    return { code: 'TENDER_EVENT_INVALID', message: 'An event must be an object with a "type": send one.' };
  if (!Object.hasOwn(specs, event.type))
    return {
      code: 'TENDER_EVENT_UNKNOWN',
      message: `The machine "${kind}" knows no event "${event.type.slice(0, 64)}": use one of those in docs/machines.md.`,
    };
  const spec = specs[event.type] as EventSpec;
  const wrong = checkFields(spec.fields, event, reservedFields) ?? wrongMarks(spec, event);
  return wrong
    ? {
        code: 'TENDER_EVENT_INVALID',
        message: `The event ${event.type} was not taken: ${wrong}. Correct it and send it again.`,
      }
    : null;
}

function wrongMarks(spec: EventSpec, event: JsonObject): string | null {
  if (event.at !== undefined) return '"at" is given by the log, not by the sender';
  if (spec.source === 'fx' && !(typeof event.fx === 'string' && effectId.test(event.fx)))
    return '"fx" must name the effect it is the result of';
  if (spec.source !== 'fx' && event.fx !== undefined) return '"fx" belongs to results of effects only';
  if (spec.source === 'tm' && !(typeof event.timer === 'string' && typeof event.due === 'number'))
    return '"timer" and "due" must be those the timer was armed with';
  if (spec.source !== 'tm' && (event.timer !== undefined || event.due !== undefined))
    return '"timer" and "due" belong to fired timers only';
  return null;
}

/** Turns one event of an older machine version into today's (none, one or several). */
export type Upcaster = (event: MachineEvent) => readonly MachineEvent[];

/** Per version it reads *from*: event type → upcaster. Types not named are unchanged. */
export type Upcasters = { readonly [fromVersion: number]: { readonly [type: string]: Upcaster } };

/** Applies every upcaster between the version an event was written by and today's, one version at a time. */
export function upcastBy(
  steps: Upcasters,
  from: number,
  to: number,
  event: MachineEvent,
): readonly MachineEvent[] {
  if (from > to)
    throw new MachineError(
      'TENDER_HISTORY_FROM_THE_FUTURE',
      `This history was written by a newer release (version ${from}, here ${to}): install that release or a newer one.`,
    );
  let events: readonly MachineEvent[] = [event];
  for (let version = from; version < to; version++) {
    const step = steps[version];
    if (step) events = events.flatMap((each) => step[each.type]?.(each) ?? [each]);
  }
  return events;
}
