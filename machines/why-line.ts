// Why the connection and the breakers are as they are, with the numbers of their contexts. Called by why.ts.
import type { BreakerContext, BreakerState } from './breaker.ts';
import type { ConnectionContext, ConnectionState } from './connection.ts';
import type { Json, JsonObject } from './json.ts';
import { breakerWords, connectionWords, type Said } from './why-words.ts';

export function ofConnection(state: ConnectionState, context: ConnectionContext): Said {
  const { attempt, attemptsMax: max, lastError, line, quality, sinceMs, untilMs } = context;
  const words = connectionWords[state];
  const facts: JsonObject = {
    attempt,
    attemptsMax: max,
    sinceMs,
    ...(lastError ? { lastError } : {}),
    ...(line ? { rttMs: line.rttMs, epoch: line.epoch } : {}),
    ...(quality ? { quality } : {}),
  };
  const say = (sentence: string, whatToDo: string = words.whatToDo): Said => ({
    sentence,
    whatToDo,
    untilMs,
    facts,
  });
  switch (state) {
    case 'stopped':
      if (sinceMs === null) return say('The connection was not started yet.');
      // The failure that used up the last try is what stopped it.
      if (max > 0 && attempt >= max && lastError?.atMs === sinceMs)
        return say(`All ${max} tries that were allowed are used up.`);
      return say(words.sentence);
    case 'offline': {
      const cause = lastError && offlineCauses[lastError.class];
      return say(cause ? `There is no connection to the cloud: ${cause}.` : words.sentence);
    }
    case 'connecting':
      return say(
        max > 0
          ? `A connection is being made: try ${attempt} of ${max}.`
          : attempt > 1
            ? `A connection is being made: try ${attempt}.`
            : words.sentence,
      );
    default:
      return say(words.sentence);
  }
}

/** What came before "no connection", by class of the last error; the others have a state of their own or say nothing. */
const offlineCauses: { readonly [failure: string]: string } = {
  LINK: 'the link broke',
  BUSY: 'the cloud is busy and asked to come back later',
  SERVER: 'the cloud failed',
  LOCAL: 'this computer could not open one',
};

export function ofBreaker(state: BreakerState, context: BreakerContext): Said {
  const { forcedBy, opens, reason, sinceMs, untilMs, window } = context;
  const words = breakerWords[state];
  const facts: JsonObject = { opens, reason, sinceMs, window: window as Json, forcedBy };
  if (state !== 'open') return { ...words, facts };
  if (forcedBy !== null)
    return {
      sentence: `Held open by ${forcedBy}: nothing is asked of the cloud.`,
      whatToDo:
        untilMs === null
          ? 'Close it when the cloud may be asked again.'
          : 'Nothing: it ends by itself; or close it when the cloud may be asked again.',
      untilMs,
      facts,
    };
  // The window is that of the first opening; later ones come from a single try.
  const sentence =
    opens > 1
      ? 'The cloud failed again when it was tried, and is left alone for a while.'
      : window
        ? `The cloud failed ${window.failures} of the last ${window.count} times and is left alone for a while.`
        : words.sentence;
  return { sentence, whatToDo: words.whatToDo, untilMs, facts };
}
