// Why does it stand still? One catalogue of sentences for page, CLI and API: each state of an upload, each thing that can
// hold it back, with the facts, until when, and what a person can do. Every wait has a name, a reason and an end.
import { commandsNow } from './available.ts';
import type { BreakerContext, BreakerState } from './breaker.ts';
import type { ConnectionContext, ConnectionState } from './connection.ts';
import type { JsonObject } from './json.ts';
import type { Cell } from './kernel.ts';
import { definitionOf } from './registry.ts';
import type { Hold } from './schedule.ts';
import type { UploadState } from './upload.ts';
import type { UploadContext } from './upload-context.ts';
import type { FailureClass } from './upload-events.ts';

/** One answer. `untilMs` is log time: when it changes by itself at the latest; null: not by the clock. */
export interface Why {
  readonly state: string;
  readonly sentence: string;
  readonly facts: JsonObject;
  readonly untilMs: number | null;
  readonly whatToDo: string;
  /** Commands a person may give now, by their event types: 'resume', 'retry' … */
  readonly actions: readonly string[];
}

interface Words {
  readonly sentence: string;
  readonly whatToDo: string;
}

const nothing = 'Nothing: it goes on by itself.';

/** What each state of an upload means for the person who asks. */
export const stateWords: { readonly [state in UploadState]: Words } = {
  sighted: { sentence: 'It was just found.', whatToDo: nothing },
  settling: { sentence: 'It waits until nobody writes to the file any more.', whatToDo: nothing },
  sending: { sentence: 'It is being sent.', whatToDo: nothing },
  confirming: {
    sentence: 'All of it went out; the cloud’s signed receipt is awaited.',
    whatToDo: nothing,
  },
  stored: {
    sentence: 'The cloud has it and signed for it; it is not searchable yet.',
    whatToDo: 'Nothing: the cloud says so when it is searchable. It is safe already.',
  },
  indexed: { sentence: 'It is in the cloud and can be found there.', whatToDo: 'Nothing: it is done.' },
  waiting: {
    sentence: 'Something failed that time may mend.',
    whatToDo: 'Nothing; or retry it to try at once.',
  },
  paused: { sentence: 'Somebody asked for a rest.', whatToDo: 'Resume it.' },
  parked: {
    sentence: 'It cannot go on by itself.',
    whatToDo: 'Mend the cause and retry it, or cancel it. The file is kept.',
  },
  cancelled: {
    sentence: 'It was given up on purpose.',
    whatToDo: 'Nothing; add the file again if you want it.',
  },
};

/** Why a failed upload waits, by class of failure. */
export const failureWords: { readonly [failure in FailureClass]: Words } = {
  LINK: { sentence: 'The link broke.', whatToDo: nothing },
  CAPTIVE: {
    sentence: 'A portal answered instead of the cloud.',
    whatToDo: 'Log in to the network with a browser.',
  },
  INTERCEPTED: {
    sentence: 'Somebody on the way showed a certificate that is not the cloud’s.',
    whatToDo: 'Ask who runs this network; use another, or install its certificate on purpose.',
  },
  BUSY: { sentence: 'The cloud is busy and asked to come back later.', whatToDo: nothing },
  SERVER: { sentence: 'The cloud failed while taking it.', whatToDo: nothing },
  RESYNC: { sentence: 'Yacht and cloud are comparing what has arrived.', whatToDo: nothing },
  AUTH: {
    sentence: 'The cloud does not accept this device.',
    whatToDo: 'Enrol the device again. The queue is kept.',
  },
  ITEM: {
    sentence: 'The cloud did not take this document.',
    whatToDo: 'Nothing yet: it is tried again. Look at the last error.',
  },
  LOCAL: {
    sentence: 'This computer could not do it: disk, memory or open files.',
    whatToDo: 'Look at the last error; free some disk space if it says so.',
  },
  POLICY: { sentence: 'A rule holds it back.', whatToDo: 'Wait, or change the rule.' },
};

/** Why a parked upload was parked, where its class is not one of the failures above. */
export const parkedWords: { readonly [cause in 'GONE' | 'UNREADABLE']: Words } = {
  GONE: {
    sentence: 'The file is no longer where it was.',
    whatToDo: 'Put it back, then it goes on by itself; or cancel it.',
  },
  UNREADABLE: {
    sentence: 'The file cannot be read.',
    whatToDo: 'Give the agent the right to read it, then retry.',
  },
};

/** The connection, for uploads that wait for it and for itself. */
export const connectionWords: { readonly [state in ConnectionState]: Words } = {
  stopped: { sentence: 'The connection was stopped.', whatToDo: 'Start the connection.' },
  offline: { sentence: 'There is no connection to the cloud.', whatToDo: nothing },
  connecting: { sentence: 'A connection is being made.', whatToDo: nothing },
  online: { sentence: 'The connection is good.', whatToDo: nothing },
  degraded: { sentence: 'The link is slow or lossy; work goes on.', whatToDo: nothing },
  captive: failureWords.CAPTIVE,
  intercepted: failureWords.INTERCEPTED,
  refused: failureWords.AUTH,
};

/** What keeps an upload that wants to send from sending. */
export const holdWords: { readonly [why in Exclude<Hold['why'], 'connection'>]: Words } = {
  breaker: { sentence: 'The cloud kept failing and is left alone for a while.', whatToDo: nothing },
  probing: {
    sentence: 'One document at a time finds out whether the cloud is well again.',
    whatToDo: nothing,
  },
  earlierVersion: { sentence: 'An earlier version of the same document goes first.', whatToDo: nothing },
  turn: { sentence: 'Others go first.', whatToDo: 'Nothing; or raise its priority.' },
};

/** A breaker, for itself. */
export const breakerWords: { readonly [state in BreakerState]: Words } = {
  closed: { sentence: 'Requests pass.', whatToDo: nothing },
  open: holdWords.breaker,
  'half-open': holdWords.probing,
};

/**
 * Why an actor of any kind is where it is. `hold` is the scheduler's answer for an upload that wants to send, if it was
 * asked. Throws TENDER_KIND_UNKNOWN.
 */
export function whyActor(kind: string, cell: Cell, hold: Hold | null = null): Why {
  definitionOf(kind);
  const actions = commandsNow(kind, cell);
  if (kind === 'upload')
    return whyUpload(cell.value as UploadState, cell.context as unknown as UploadContext, hold);
  if (kind === 'connection') {
    const context = cell.context as ConnectionContext;
    const words = connectionWords[cell.value as ConnectionState];
    return { state: cell.value, ...words, facts: { ...context }, untilMs: context.untilMs, actions };
  }
  const context = cell.context as BreakerContext;
  const words = breakerWords[cell.value as BreakerState];
  return { state: cell.value, ...words, facts: { ...context }, untilMs: context.untilMs, actions };
}

/** Why an upload is where it is; `hold` is the scheduler's answer for one that wants to send, if it was asked. */
export function whyUpload(state: UploadState, context: UploadContext, hold: Hold | null): Why {
  const last = context.errors.at(-1);
  const cell = { n: 1, value: state, context: context as unknown as JsonObject, fx: {}, tm: {} };
  const actions = commandsNow('upload', cell);
  const facts: JsonObject = {
    version: context.version,
    priority: context.priority,
    attempts: context.attempts,
    bytesDurable: context.bytesDurable,
    ...(last ? { lastError: last } : {}),
  };
  const answer = (words: Words, untilMs: number | null = null, more: JsonObject = {}): Why => ({
    state,
    sentence: words.sentence,
    facts: { ...facts, ...more },
    untilMs,
    whatToDo: words.whatToDo,
    actions,
  });
  switch (state) {
    case 'sending':
    case 'confirming':
      if (!hold) return answer(stateWords[state]);
      return answer(hold.why === 'connection' ? connectionWords[hold.state] : holdWords[hold.why], null, {
        hold,
      });
    case 'waiting':
      if (!context.waiting) return answer(stateWords.waiting);
      return answer(failureWords[context.waiting.class], context.waiting.untilMs, {
        code: context.waiting.code,
      });
    case 'paused':
      return whyPaused(context, answer);
    case 'parked': {
      const cause = context.parked?.class;
      if (cause === 'GONE' || cause === 'UNREADABLE') return answer(parkedWords[cause]);
      const sentence = cause
        ? `${failureWords[cause].sentence} ${stateWords.parked.sentence}`
        : stateWords.parked.sentence;
      return answer({ ...stateWords.parked, sentence });
    }
    case 'stored':
      if (!context.indexFailure) return answer(stateWords.stored);
      return answer(
        {
          sentence: `The cloud has it and signed for it, but could not index it: ${context.indexFailure.reason}`,
          whatToDo: 'Nothing is lost: it can be found by its name.',
        },
        null,
        { indexFailure: context.indexFailure },
      );
    case 'indexed':
      if (!context.indexed || context.indexed.passages > 0)
        return answer(stateWords.indexed, null, { passages: context.indexed?.passages ?? 0 });
      return answer(
        {
          sentence: `It is in the cloud and can be found there by its name; it has no text${context.indexed.reason ? `: ${context.indexed.reason}` : '.'}`,
          whatToDo: stateWords.indexed.whatToDo,
        },
        null,
        { passages: 0 },
      );
    case 'cancelled':
      return answer(cancelledWords[context.cancelled?.reason ?? 'person'], null, { ...context.cancelled });
    default:
      return answer(stateWords[state]);
  }
}

const cancelledWords: { readonly [reason in NonNullable<UploadContext['cancelled']>['reason']]: Words } = {
  person: { sentence: 'Somebody cancelled it.', whatToDo: stateWords.cancelled.whatToDo },
  superseded: { sentence: 'The file changed; its new version goes instead.', whatToDo: 'Nothing.' },
  unchanged: { sentence: 'The cloud has exactly this content already.', whatToDo: 'Nothing.' },
};

function whyPaused(
  context: UploadContext,
  answer: (words: Words, untilMs: number | null, more: JsonObject) => Why,
): Why {
  const by = context.paused?.by ?? {};
  const who = Object.keys(by).sort();
  const ends = Object.values(by);
  // It goes on when the last of them is over; one without an end means: not by the clock.
  const untilMs =
    ends.length > 0 && ends.every((end) => end !== null) ? Math.max(...(ends as number[])) : null;
  return answer(
    { sentence: `Paused by ${who.join(' and ') || 'somebody'}.`, whatToDo: stateWords.paused.whatToDo },
    untilMs,
    { pausedBy: by },
  );
}
