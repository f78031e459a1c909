// An event as a form: one field for each of its own, filled with a good example, and free JSON for whoever wants another.
// What is typed is only text until it is read here.
import type { Available } from '../../machines/available.ts';
import type { MachineEvent } from '../../machines/events.ts';
import type { Json } from '../../machines/json.ts';

/** Characters of free JSON. */
export const draftMaxChars = 20_000;

export interface DraftField {
  readonly name: string;
  readonly optional: boolean;
  /** How it is typed: JSON for whatever has an inside. */
  readonly as: 'text' | 'number' | 'flag' | 'json';
  readonly text: string;
}

/** The fields of a form for an event, the marks its source needs (`fx`, `timer`, `due`) among them. */
export function fieldsOf(entry: Available): readonly DraftField[] {
  const { type: _, ...example } = entry.example;
  const named = entry.fields.map((field) => ({
    name: field.replace(/\?$/, ''),
    optional: field.endsWith('?'),
  }));
  const marks = Object.keys(example)
    .filter((name) => !named.some((field) => field.name === name))
    .map((name) => ({ name, optional: false }));
  return [...named, ...marks].map(({ name, optional }) => {
    const value = example[name];
    return { name, optional, as: kindOf(name, value), text: textOf(value) };
  });
}

/** What the form says, as an event; fields left empty are absent. Throws an Error in words when one cannot be read. */
export function eventOf(type: string, fields: readonly DraftField[]): MachineEvent {
  const event: { [key: string]: Json } & { type: string } = { type };
  for (const { name, as, text } of fields) {
    if (text.trim() === '' && as !== 'text') continue;
    if (as === 'text') {
      if (text !== '') event[name] = text;
    } else if (as === 'number') {
      const number = Number(text);
      if (!Number.isFinite(number)) throw new Error(`"${name}" must be a number.`);
      event[name] = number;
    } else if (as === 'flag') event[name] = text === 'true';
    else event[name] = parse(name, text);
  }
  return event;
}

/** Free JSON as an event. Throws an Error in words. */
export function eventFromJson(text: string): MachineEvent {
  if (text.length > draftMaxChars) throw new Error(`An event has at most ${draftMaxChars} characters.`);
  const value = parse('event', text);
  const type = typeof value === 'object' && value !== null ? (value as { type?: Json }).type : undefined;
  if (typeof type !== 'string') throw new Error('An event is an object with a "type".');
  return value as MachineEvent;
}

function parse(name: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Error(`"${name}" is not JSON.`);
  }
}

function kindOf(name: string, value: Json | undefined): DraftField['as'] {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'flag';
  if (typeof value === 'string') return 'text';
  if (value !== undefined) return 'json';
  if (name === 'permanent') return 'flag';
  return /(Ms|Bytes|count|boot|epoch|version|passages)$/.test(name) ? 'number' : 'text';
}

function textOf(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
