// Why does it stand still? One answer for page, CLI and API: the sentence from the catalogue in why-words.ts with the
// numbers behind it, until when, what a person can do, and which commands are possible now. Every wait has a name, a
// reason and an end.
import { commandsNow } from './available.ts';
import type { BreakerContext, BreakerState } from './breaker.ts';
import type { ConnectionContext, ConnectionState } from './connection.ts';
import type { Json, JsonObject } from './json.ts';
import type { Cell } from './kernel.ts';
import { definitionOf } from './registry.ts';
import { aheadCountedMax, type Hold } from './schedule.ts';
import type { UploadState } from './upload.ts';
import { attemptsMax, resyncsMax, type UploadContext } from './upload-context.ts';
import { listed } from './why-guards.ts';
import {
  breakerWords,
  cancelledWords,
  connectionWords,
  failureWords,
  holdWords,
  parkedWords,
  sendingOrHeld,
  spoolDamagedWords,
  stateWords,
  type Words,
} from './why-words.ts';

/** One answer. `untilMs` is log time: when it changes by itself at the latest; null: not by the clock. */
export interface Why {
  readonly state: string;
  readonly sentence: string;
  /** The numbers behind the sentence; times in log time, ms. */
  readonly facts: JsonObject;
  readonly untilMs: number | null;
  readonly whatToDo: string;
  /** Commands a person may give now, by their event types: 'resume', 'retry' … */
  readonly actions: readonly string[];
}

/** What differs from the words of the state. */
interface Said extends Words {
  readonly untilMs?: number | null;
  readonly facts?: JsonObject;
}

/**
 * Why an actor of any kind is where it is. `hold` is the scheduler's answer for an upload that wants to send: null when
 * nothing holds it, undefined when it was not asked. Throws TENDER_KIND_UNKNOWN.
 */
export function whyActor(kind: string, cell: Cell, hold?: Hold | null): Why {
  definitionOf(kind);
  const actions = commandsNow(kind, cell);
  if (kind === 'upload')
    return uploadAnswer(cell.value as UploadState, cell.context as unknown as UploadContext, hold, actions);
  const said =
    kind === 'connection'
      ? ofConnection(cell.value as ConnectionState, cell.context as ConnectionContext)
      : ofBreaker(cell.value as BreakerState, cell.context as BreakerContext);
  return answer(cell.value, {}, said, actions);
}

/** The same for an upload of which only state and context are at hand. */
export function whyUpload(state: UploadState, context: UploadContext, hold?: Hold | null): Why {
  const cell = { n: 1, value: state, context: context as unknown as JsonObject, fx: {}, tm: {} };
  return uploadAnswer(state, context, hold, commandsNow('upload', cell));
}

function answer(state: string, facts: JsonObject, said: Said, actions: readonly string[]): Why {
  return {
    state,
    sentence: said.sentence,
    facts: { ...facts, ...said.facts },
    untilMs: said.untilMs ?? null,
    whatToDo: said.whatToDo,
    actions,
  };
}

// ---------------------------------------------------------------------------------- uploads

function uploadAnswer(
  state: UploadState,
  context: UploadContext,
  hold: Hold | null | undefined,
  actions: readonly string[],
): Why {
  const last = context.errors.at(-1);
  const facts: JsonObject = {
    version: context.version,
    priority: context.priority,
    attempts: context.attempts,
    attemptsMax: context.triesMax ?? attemptsMax,
    failedInRow: context.failedInRow,
    bytesDurable: context.bytesDurable,
    ...(last ? { lastError: last } : {}),
  };
  return answer(state, facts, ofUpload(state, context, hold), actions);
}

function ofUpload(state: UploadState, context: UploadContext, hold: Hold | null | undefined): Said {
  switch (state) {
    case 'sending':
      return hold ? ofHold(hold) : hold === null ? stateWords.sending : sendingOrHeld;
    case 'confirming':
      return hold ? ofHold(hold) : stateWords.confirming;
    case 'waiting':
      return ofWaiting(context);
    case 'paused':
      return ofPaused(context);
    case 'parked':
      return ofParked(context);
    case 'stored':
      if (!context.indexFailure) return storedSaid(context, stateWords.stored);
      return storedSaid(context, {
        sentence: `The cloud has it and signed for it, but could not index it: ${context.indexFailure.reason}`,
        whatToDo: 'Nothing is lost: it can be found by its name.',
        facts: { indexFailure: context.indexFailure },
      });
    case 'indexed':
      return ofIndexed(context);
    case 'cancelled':
      return ofCancelled(context);
    default:
      return stateWords[state];
  }
}

function ofHold(hold: Hold): Said {
  const facts: JsonObject = { hold };
  switch (hold.why) {
    case 'connection':
      return { ...connectionWords[hold.state], untilMs: hold.untilMs ?? null, facts };
    case 'breaker':
      return { ...holdWords.breaker, untilMs: hold.untilMs ?? null, facts };
    case 'probing':
      return { ...holdWords.probing, facts };
    case 'earlierVersion':
      return {
        sentence: `An earlier version of the same document goes first: version ${hold.version}.`,
        whatToDo: holdWords.earlierVersion.whatToDo,
        facts,
      };
    case 'turn': {
      const count = `${hold.ahead >= aheadCountedMax ? 'at least ' : ''}${hold.ahead}`;
      return {
        sentence: `Others go first: ${count} ${hold.ahead === 1 ? 'is' : 'are'} ahead of it.`,
        whatToDo: holdWords.turn.whatToDo,
        facts,
      };
    }
  }
}

function ofWaiting({ waiting, resyncs, failingSinceMs, ...context }: UploadContext): Said {
  if (!waiting) return stateWords.waiting;
  const { sentence, whatToDo } = failureWords[waiting.class];
  const counts = waiting.class === 'ITEM' || waiting.class === 'SERVER';
  return {
    sentence: counts ? `${sentence} ${usedUp(context)}` : sentence,
    // Where a person can do nothing about the cause, they can still be impatient.
    whatToDo: whatToDo.startsWith('Nothing:') ? stateWords.waiting.whatToDo : whatToDo,
    untilMs: waiting.untilMs,
    facts: {
      class: waiting.class,
      code: waiting.code,
      ...(counts ? { failingSinceMs } : {}),
      ...(waiting.class === 'RESYNC' ? { resyncs, resyncsMax } : {}),
    },
  };
}

function usedUp({ attempts, triesMax }: Pick<UploadContext, 'attempts' | 'triesMax'>): string {
  const max = triesMax ?? attemptsMax;
  if (attempts >= max) return `All ${max} tries are used up.`;
  return `${attempts} of ${max} tries ${attempts === 1 ? 'is' : 'are'} used up.`;
}

function ofParked(context: UploadContext): Said {
  const { parked } = context;
  if (!parked) return stateWords.parked;
  const facts = { ...parked };
  const { class: cause, code } = parked;
  if (code === 'TENDER_SPOOL_DAMAGED') return { ...spoolDamagedWords, facts };
  if (cause === 'GONE' || cause === 'UNREADABLE') return { ...parkedWords[cause], facts };
  if (cause === 'RESYNC') return { ...parkedWords.RESYNC, facts };
  const tries = context.attempts >= (context.triesMax ?? attemptsMax) ? ` ${usedUp(context)}` : '';
  return {
    sentence: `${failureWords[cause].sentence}${tries} ${stateWords.parked.sentence}`,
    whatToDo: stateWords.parked.whatToDo,
    facts,
  };
}

function ofPaused({ paused }: UploadContext): Said {
  const by = paused?.by ?? {};
  const who = Object.keys(by).sort();
  const ends = Object.values(by);
  // It goes on when the last of them is over; one without an end means: not by the clock.
  const untilMs =
    ends.length > 0 && ends.every((end) => end !== null) ? Math.max(...(ends as number[])) : null;
  return {
    sentence: `Paused by ${listed(who) || 'somebody'}.`,
    whatToDo:
      untilMs !== null
        ? 'Nothing: it goes on by itself then; or resume it to go on at once.'
        : who.length > 1
          ? 'Resume it for each of them.'
          : stateWords.paused.whatToDo,
    untilMs,
    facts: { pausedBy: by, goesBackTo: paused?.back ?? null },
  };
}

function storedSaid({ stored }: UploadContext, said: Said): Said {
  const facts: JsonObject = stored ? { documentId: stored.documentId, storedMs: stored.storedMs } : {};
  return { ...said, facts: { ...facts, ...said.facts } };
}

function ofIndexed(context: UploadContext): Said {
  const passages = context.indexed?.passages ?? 0;
  if (!context.indexed || passages > 0)
    return storedSaid(context, { ...stateWords.indexed, facts: { passages } });
  const { reason } = context.indexed;
  return storedSaid(context, {
    sentence: `It is in the cloud and can be found there by its name; it has no text${reason ? `: ${reason}` : '.'}`,
    whatToDo: stateWords.indexed.whatToDo,
    facts: { passages },
  });
}

function ofCancelled({ cancelled }: UploadContext): Said {
  if (!cancelled) return stateWords.cancelled;
  const facts = { ...cancelled };
  const words = cancelledWords[cancelled.reason];
  if (cancelled.reason === 'person' && cancelled.by)
    return { ...words, sentence: `Cancelled by ${cancelled.by}.`, facts };
  if (cancelled.reason === 'unchanged' && cancelled.version)
    return {
      ...words,
      sentence: `The cloud has exactly this content already, as version ${cancelled.version}.`,
      facts,
    };
  return { ...words, facts };
}

// ---------------------------------------------------------------------------------- the connection

function ofConnection(state: ConnectionState, context: ConnectionContext): Said {
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

// ---------------------------------------------------------------------------------- breakers

function ofBreaker(state: BreakerState, context: BreakerContext): Said {
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
