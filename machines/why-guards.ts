// What to tell whoever sent an event that a machine does not take: the sentence of the guard that refused it, with its
// numbers, or of the state that does not listen for it. And what each guard asks, for whoever reads a chart. Used by dry
// runs, by the list of available events and by the chart's text.
import { earlyTryEveryMs } from './breaker.ts';
import type { MachineEvent } from './events.ts';
import { isObject } from './fields.ts';
import type { Json, JsonObject } from './json.ts';
import type { Cell } from './kernel.ts';
import { pausersMax } from './upload-context.ts';
import { breakerWords, connectionWords, stateWords, type Words } from './why-words.ts';

type Sentences = { readonly [kind: string]: { readonly [guard: string]: string } };

/** Guards that can refuse an event, by kind of machine. A test holds this list complete against the machines. */
export const guardWords: Sentences = {
  upload: {
    changesPriority: 'It has that priority already.',
    addsPauser: 'It is paused by this party already, or too many pause it: let one of them resume first.',
    lastPauser: 'It is not paused by this party: resume it as the one who paused it.',
    growsDurable: 'That many bytes were known to be durable already.',
    tellsNews: 'That was known already.',
    fileIsBack: 'It was not parked for a missing file: retry it instead.',
    alreadyIndexed: 'The cloud has not said yet that it is searchable.',
  },
  connection: {
    isThisLine: 'That line is not the present one any more.',
    tellsNews: 'That was known already.',
  },
  breaker: {
    mayTryEarly: 'An early try was made a moment ago, or a person holds the breaker open.',
    isNotForced: 'A person holds the breaker open.',
  },
};

/** What each guard asks: it lets an event pass when this is so. A test holds this list complete, too. */
export const guardMeanings: Sentences = {
  upload: {
    isSpooled: 'Its bytes are kept in the agent’s own store, not in a watched folder.',
    mustPark: 'Only a person can mend this failure, or its tries are used up.',
    resyncedTooOften: 'Yacht and cloud disagreed too often about what has arrived.',
    alreadyIndexed: 'The cloud said that it is searchable before its receipt was here.',
    tellsNews: 'It says something that was not known yet.',
    changesPriority: 'It asks for another priority than it has.',
    addsPauser: 'Somebody pauses it who did not, or for another time.',
    growsDurable: 'Another part of it is durable, or something was spent or saved.',
    othersStillPause: 'Others still pause it.',
    lastPauser: 'The last who paused it lets it go on.',
    waitsFor: 'That is where it was when it failed.',
    fileIsBack: 'It was parked because its file was missing or could not be read.',
  },
  connection: {
    triesUsedUp: 'The tries a person allowed are used up.',
    isOf: 'The failure is of that class.',
    isOfAndThisLine: 'The failure is of that class, and of the present line.',
    isThisLine: 'It is about the present line, not an earlier one.',
    tellsNews: 'The numbers are not those known already.',
  },
  breaker: {
    mayTryEarly: `Early tries are allowed, nobody holds it open, and the last one was ${earlyTryEveryMs / 1000} s ago or more.`,
    isNotForced: 'No person holds it open.',
    forcedForAWhile: 'It was asked for a limited time.',
  },
};

/** The sentence of one guard for one refused event, with the numbers the cell knows. */
export function guardSentence(kind: string, guard: string, cell: Cell, event: MachineEvent): string {
  const exact = exactly[`${kind}.${guard}`]?.(cell.context, event);
  return exact ?? guardWords[kind]?.[guard] ?? `The machine does not allow it now (${guard}).`;
}

/** Sharper sentences where cell and event say which of several reasons it was; undefined: the general one is right. */
const exactly: {
  readonly [guard: string]: (context: JsonObject, event: MachineEvent) => string | undefined;
} = {
  'upload.changesPriority': (context) => `It has priority ${String(context.priority)} already.`,
  'upload.addsPauser': (context, event) => {
    const who = pausersOf(context);
    if (who.includes(String(event.by))) return `Paused by ${String(event.by)} already.`;
    return who.length >= pausersMax
      ? `${who.length} parties pause it already, which is the most: let one of them resume it first.`
      : undefined;
  },
  'upload.lastPauser': (context, event) => {
    const who = pausersOf(context);
    if (who.length === 0) return undefined;
    return `It is paused by ${listed(who)}, not by ${String(event.by)}: resume it as ${who.length === 1 ? who[0] : 'one of them'}.`;
  },
  'upload.growsDurable': (context) =>
    `${String(context.bytesDurable)} bytes were known to be durable already, and nothing was spent or saved since.`,
  'connection.isThisLine': (context, event) => {
    const line = context.line as { readonly epoch?: Json } | null;
    return line && event.epoch !== undefined
      ? `It is about line ${String(event.epoch)}; the present one is line ${String(line.epoch)}.`
      : undefined;
  },
  'breaker.mayTryEarly': (context) =>
    context.closeEarly === false
      ? 'This breaker is set to wait its time out: no early tries.'
      : (forced(context) ?? `An early try was made less than ${earlyTryEveryMs / 1000} s before.`),
  'breaker.isNotForced': (context) => forced(context),
};

function forced(context: JsonObject): string | undefined {
  return typeof context.forcedBy === 'string' ? `Held open by ${context.forcedBy}.` : undefined;
}

function pausersOf(context: JsonObject): string[] {
  const paused = context.paused;
  return isObject(paused) && isObject(paused.by) ? Object.keys(paused.by).sort() : [];
}

/** 'a', 'a and b', 'a, b and c'. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

const subjects: { readonly [kind: string]: string } = {
  upload: 'A document',
  connection: 'A connection',
  breaker: 'A breaker',
};

/** The state does not listen for that event. */
export function stateSentence(kind: string, state: string, event: string): string {
  const words = wordsOf(kind)[state];
  return `${subjects[kind] ?? `A ${kind}`} that is ${state} cannot take "${event}".${words ? ` ${words.sentence}` : ''}`;
}

/** The words of a kind's states. */
export function wordsOf(kind: string): { readonly [state: string]: Words } {
  if (kind === 'upload') return stateWords;
  if (kind === 'connection') return connectionWords;
  return kind === 'breaker' ? breakerWords : {};
}
