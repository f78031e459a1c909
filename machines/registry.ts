// Kind → machine, and the questions about kinds that host, replay and inspector ask.
import { breaker } from './breaker.ts';
import { connection } from './connection.ts';
import type { Definition } from './define.ts';
import { MachineError, type Refusal } from './error.ts';
import { type MachineEvent, upcastBy, validateAgainst } from './events.ts';
import { checkFields, isObject } from './fields.ts';
import type { Json } from './json.ts';
import { upload } from './upload.ts';

export const registry: { readonly [kind: string]: Definition } = Object.freeze({
  upload,
  connection,
  breaker,
});

/** Throws TENDER_KIND_UNKNOWN. */
export function definitionOf(kind: string): Definition {
  const definition = Object.hasOwn(registry, kind) ? registry[kind] : undefined;
  if (!definition)
    throw new MachineError('TENDER_KIND_UNKNOWN', `There is no machine of kind "${kind.slice(0, 64)}".`);
  return definition;
}

/** 'upload/01J…' → 'upload'. Throws TENDER_KIND_UNKNOWN. */
export function kindOf(actorId: string): string {
  return definitionOf(actorId.split('/', 1)[0] ?? '').kind;
}

/** The door: may this event be put to an actor of this kind? Null: yes. */
export function validateEvent(kind: string, event: Json): Refusal | null {
  return validateAgainst(definitionOf(kind).events, kind, event);
}

/** May an actor of this kind be created with this input? Null: yes. */
export function validateInput(kind: string, input: Json): Refusal | null {
  const wrong = isObject(input) ? checkFields(definitionOf(kind).input, input) : 'it must be an object';
  return wrong
    ? { code: 'TENDER_INPUT_INVALID', message: `A ${kind} cannot be made of this: ${wrong}.` }
    : null;
}

/** What an effect needs before it may start. */
export function permitOf(kind: string, effectType: string): 'line' | 'none' {
  return definitionOf(kind).effects[effectType]?.permit ?? 'none';
}

/** Results that leave their effect running and may be logged soft. */
export function isSoft(kind: string, eventType: string): boolean {
  return definitionOf(kind).events[eventType]?.soft === true;
}

/** An event as today's machine reads it. Throws TENDER_HISTORY_FROM_THE_FUTURE. */
export function upcast(kind: string, fromVersion: number, event: MachineEvent): readonly MachineEvent[] {
  const definition = definitionOf(kind);
  return upcastBy(definition.upcasters, fromVersion, definition.version, event);
}
