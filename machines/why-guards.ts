// What to tell whoever sent an event that a machine does not take: the sentence of the guard that refused it, or of the
// state that does not listen for it. Used by dry runs, by the list of available events, and by the catalogue in why.ts.
import type { Cell } from './kernel.ts';

/** Guards that can refuse an event, by kind of machine. A test holds this list complete against the machines. */
export const guardWords: { readonly [kind: string]: { readonly [guard: string]: string } } = {
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

/** The sentence of one guard, with what the cell knows about it. */
export function guardSentence(kind: string, guard: string, _cell: Cell): string {
  return guardWords[kind]?.[guard] ?? `The machine does not allow it now (${guard}).`;
}

/** A state that does not listen. */
export function stateSentence(kind: string, state: string, event: string): string {
  return `${kind === 'upload' ? 'An' : 'A'} ${kind} that is ${state} does not take ${event}.`;
}
