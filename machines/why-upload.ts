// Why an upload is where it is, case by case, with the numbers its context holds. Called by why.ts.
import type { JsonObject } from './json.ts';
import { aheadCountedMax, type Hold } from './schedule.ts';
import type { UploadState } from './upload.ts';
import { attemptsMax, resyncsMax, serverPatienceMs, type UploadContext } from './upload-context.ts';
import { listed } from './why-guards.ts';
import {
  cancelledWords,
  connectionWords,
  failureWords,
  holdWords,
  parkedWords,
  type Said,
  sendingOrHeld,
  spoolDamagedWords,
  stateWords,
} from './why-words.ts';

/** `hold`: null when nothing holds it, undefined when the scheduler was not asked. */
export function ofUpload(state: UploadState, context: UploadContext, hold: Hold | null | undefined): Said {
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

function ofWaiting(context: UploadContext): Said {
  const { waiting, resyncs, failingSinceMs } = context;
  if (!waiting) return stateWords.waiting;
  const { sentence, whatToDo } = failureWords[waiting.class];
  const sentences: { readonly [failure: string]: string } = {
    ITEM: `${sentence} ${usedUp(context)}`,
    // A failing server uses up the document's tries only after a day of it.
    SERVER: `${sentence.slice(0, -1)}; ${failedTries(context)} so far.`,
  };
  return {
    sentence: sentences[waiting.class] ?? sentence,
    // Where a person can do nothing about the cause, they can still be impatient.
    whatToDo: whatToDo.startsWith('Nothing:') ? stateWords.waiting.whatToDo : whatToDo,
    untilMs: waiting.untilMs,
    facts: {
      class: waiting.class,
      code: waiting.code,
      ...(waiting.class === 'ITEM' ? { failingSinceMs } : {}),
      ...(waiting.class === 'SERVER' ? { failingSinceMs, patienceMs: serverPatienceMs } : {}),
      ...(waiting.class === 'RESYNC' ? { resyncs, resyncsMax } : {}),
    },
  };
}

function failedTries({ attempts }: Pick<UploadContext, 'attempts'>): string {
  return `${attempts} failed ${attempts === 1 ? 'try' : 'tries'}`;
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
  if (cause === 'SERVER') {
    const sentence = failureWords.SERVER.sentence.slice(0, -1);
    return {
      sentence: `${sentence}; ${failedTries(context)} over more than a day. ${stateWords.parked.sentence}`,
      whatToDo: stateWords.parked.whatToDo,
      facts: { ...facts, failingSinceMs: context.failingSinceMs, patienceMs: serverPatienceMs },
    };
  }
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
