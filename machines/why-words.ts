// The catalogue of sentences: what each state means, what each class of failure and each hold is, and what a person can do.
// For whoever stands on the bridge, in their words. why.ts adds the numbers; docs/machines.md lists them all; tests hold
// every table complete against the machines.
import type { BreakerState } from './breaker.ts';
import type { ConnectionState } from './connection.ts';
import type { JsonObject } from './json.ts';
import type { Hold } from './schedule.ts';
import type { UploadState } from './upload.ts';
import type { UploadContext } from './upload-context.ts';
import type { FailureClass } from './upload-events.ts';

/** Both in whole sentences. */
export interface Words {
  readonly sentence: string;
  readonly whatToDo: string;
}

/** Words for one case, with the numbers behind them and until when it lasts by the clock. */
export interface Said extends Words {
  readonly untilMs?: number | null;
  readonly facts?: JsonObject;
}

const nothing = 'Nothing: it goes on by itself.';
const nothingOrRetry = 'Nothing: it is tried again by itself; or retry it to try at once.';
const nothingOrReconnect = 'Nothing: the next try comes by itself; or reconnect to try at once.';

/** What each state of an upload means for the person who asks. */
export const stateWords: { readonly [state in UploadState]: Words } = {
  sighted: { sentence: 'It was just found.', whatToDo: nothing },
  settling: {
    sentence: 'It waits until nobody writes to the file any more.',
    whatToDo: 'Nothing; if somebody still copies or edits the file, let them finish.',
  },
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
  waiting: { sentence: 'Something failed that time may mend.', whatToDo: nothingOrRetry },
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

/** An upload that wants to send when nobody asked the scheduler, as in time travel and in a saved log. */
export const sendingOrHeld: Words = {
  sentence: 'It is being sent, or waits for the link or for its turn.',
  whatToDo: nothing,
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

/** Why a parked upload was parked, where its class is not one of the failures above or says too little. */
export const parkedWords: { readonly [cause in 'GONE' | 'UNREADABLE' | 'RESYNC']: Words } = {
  GONE: {
    sentence: 'The file is no longer where it was.',
    whatToDo: 'Put it back, then it goes on by itself; or cancel it.',
  },
  UNREADABLE: {
    sentence: 'The file cannot be read.',
    whatToDo: 'Give the agent the right to read it, then retry.',
  },
  RESYNC: {
    sentence: 'Yacht and cloud could not agree on what has arrived.',
    whatToDo: 'Retry it, or add the file again. The file is kept.',
  },
};

/** Bytes in the agent's own store went bad: no right to read mends that. */
export const spoolDamagedWords: Words = {
  sentence: 'The bytes kept for it are not those that were added.',
  whatToDo: 'Add the file again, then cancel this one.',
};

/** How an upload that was given up came to it. */
export const cancelledWords: {
  readonly [reason in NonNullable<UploadContext['cancelled']>['reason']]: Words;
} = {
  person: { sentence: 'Somebody cancelled it.', whatToDo: stateWords.cancelled.whatToDo },
  superseded: {
    sentence: 'The file changed; its new version goes instead.',
    whatToDo: 'Nothing: the new version is on its way.',
  },
  unchanged: {
    sentence: 'The cloud has exactly this content already.',
    whatToDo: 'Nothing: there was nothing to send.',
  },
};

/** The connection, for uploads that wait for it and for itself. */
export const connectionWords: { readonly [state in ConnectionState]: Words } = {
  stopped: { sentence: 'The connection was stopped.', whatToDo: 'Start the connection.' },
  offline: { sentence: 'There is no connection to the cloud.', whatToDo: nothingOrReconnect },
  connecting: { sentence: 'A connection is being made.', whatToDo: nothing },
  online: { sentence: 'The connection is good.', whatToDo: nothing },
  degraded: { sentence: 'The link is slow or lossy; work goes on.', whatToDo: nothing },
  captive: failureWords.CAPTIVE,
  intercepted: failureWords.INTERCEPTED,
  refused: {
    sentence: 'This device is not enrolled, or the cloud does not accept it any more.',
    whatToDo: 'Enrol it with a code from the office. The queue is kept.',
  },
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
  closed: { sentence: 'The cloud answers: everything may go.', whatToDo: 'Nothing: all is well.' },
  open: holdWords.breaker,
  'half-open': holdWords.probing,
};
