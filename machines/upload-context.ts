// What an upload remembers, and the arithmetic of its failures: which of them use up an attempt, and when a person
// must decide (reliability 5.2). Plain JSON throughout; times are log time in ms.

import type { ObjectOf } from './fields.ts';
import {
  anyObject,
  finite,
  flag,
  hex,
  list,
  object,
  oneOf,
  optional,
  orNull,
  party,
  record,
  text,
  whole,
} from './fields.ts';
import { type FailureClass, failureClasses, uploadInput } from './upload-events.ts';

/** Attempts that use up the patience with one document (5 in reliability 5.2). */
export const attemptsMax = 5;
/** A failing server parks a document only after this long: a day of trouble ashore is not the document's fault. */
export const serverPatienceMs = 24 * 3_600_000;
/** So many disagreements about what is held, within one hour, count as one attempt of the document. */
export const resyncsMax = 5;
export const resyncWindowMs = 3_600_000;
/** Errors kept for people. */
export const errorsKeptMax = 5;
/** Different parties that may pause one upload at the same time. */
export const pausersMax = 8;

const failure = object({
  class: oneOf(...failureClasses, 'GONE', 'UNREADABLE'),
  code: text(64),
  message: text(2_000, 0),
  atMs: finite(-1e15, 1e15),
});
/** Where an upload goes on after it stood aside. */
const back = oneOf('settling', 'sending', 'confirming');

export const uploadContext = {
  ...uploadInput,
  stat: orNull(anyObject()),
  attempts: whole(0),
  failingSinceMs: orNull(finite(-1e15, 1e15)),
  resyncs: whole(0),
  resyncSinceMs: finite(-1e15, 1e15),
  lastAttemptMs: orNull(finite(-1e15, 1e15)),
  errors: list(failure, errorsKeptMax),
  bytesDurable: whole(0),
  sent: orNull(object({ lengthBytes: whole(0), sha256: hex(32), chunks: whole(0) })),
  /** Bytes of its frames on the line, over all tries, as far as they were reported. */
  wireBytes: whole(0),
  /** Bytes of content named instead of sent, because the shore knew them. */
  dedupedBytes: whole(0),
  /** Bytes that were durable ashore when a try broke off, and did not go again; counted at every break. */
  resumedBytes: whole(0),
  /** Bytes of content that compression kept off the line. */
  compressedAwayBytes: whole(0),
  /** Failures since something of it was last confirmed: the next wait grows with them. */
  failedInRow: whole(0),
  waiting: orNull(
    object({ class: oneOf(...failureClasses), code: text(64), untilMs: finite(-1e15, 1e15), back }),
  ),
  paused: orNull(object({ by: record(orNull(finite(-1e15, 1e15)), pausersMax), back })),
  parked: orNull(
    object({
      class: oneOf(...failureClasses, 'GONE', 'UNREADABLE'),
      code: text(64),
      sinceMs: finite(-1e15, 1e15),
    }),
  ),
  cancelled: orNull(
    object({
      reason: oneOf('person', 'superseded', 'unchanged'),
      by: optional(party()),
      version: optional(whole(1)),
    }),
  ),
  stored: orNull(
    object({
      documentId: text(64),
      receipt: text(8_192),
      signature: text(384),
      keyId: text(128),
      storedMs: whole(0),
    }),
  ),
  released: flag(),
  indexed: orNull(object({ passages: whole(0), reason: orNull(text(2_000, 0)) })),
  indexFailure: orNull(object({ reason: text(2_000, 0), atMs: finite(-1e15, 1e15) })),
};

export type UploadContext = ObjectOf<typeof uploadContext>;
export type Back = 'settling' | 'sending' | 'confirming';
export type KeptError = UploadContext['errors'][number];

/** The context an upload is born with. */
export function newUpload(input: ObjectOf<typeof uploadInput>): UploadContext {
  // In alphabetical order: the digest of every step reads it so.
  return {
    addedMs: input.addedMs,
    attempts: 0,
    bytesDurable: 0,
    cancelled: null,
    compressedAwayBytes: 0,
    dedupedBytes: 0,
    errors: [],
    failedInRow: 0,
    failingSinceMs: null,
    indexFailure: null,
    indexed: null,
    lastAttemptMs: null,
    name: input.name,
    parked: null,
    paused: null,
    priority: input.priority,
    released: false,
    resumedBytes: 0,
    resyncSinceMs: 0,
    resyncs: 0,
    sent: null,
    source: input.source,
    stat: null,
    stored: null,
    ...(input.triesMax === undefined ? {} : { triesMax: input.triesMax }),
    version: input.version,
    waiting: null,
    wireBytes: 0,
  };
}

/** A failure as the arithmetic needs it. */
export interface SeenFailure {
  readonly class: FailureClass;
  readonly at: number;
  readonly permanent?: boolean;
}

/** What one failure does to the counters, and whether it is the last one an upload may have by itself. */
export function judge(
  context: Pick<UploadContext, 'attempts' | 'failingSinceMs' | 'resyncs' | 'resyncSinceMs' | 'triesMax'>,
  failure: SeenFailure,
): Pick<UploadContext, 'attempts' | 'failingSinceMs' | 'resyncs' | 'resyncSinceMs'> & {
  readonly parks: boolean;
} {
  const triesMax = context.triesMax ?? attemptsMax;
  const same = {
    attempts: context.attempts,
    failingSinceMs: context.failingSinceMs,
    resyncs: context.resyncs,
    resyncSinceMs: context.resyncSinceMs,
  };
  const counted = {
    ...same,
    attempts: context.attempts + 1,
    failingSinceMs: context.failingSinceMs ?? failure.at,
  };
  switch (failure.class) {
    case 'ITEM':
      return { ...counted, parks: failure.permanent === true || counted.attempts >= triesMax };
    case 'SERVER': {
      const patient = failure.at - counted.failingSinceMs < serverPatienceMs;
      return { ...counted, parks: counted.attempts >= triesMax && !patient };
    }
    case 'RESYNC': {
      const fresh = failure.at - context.resyncSinceMs > resyncWindowMs || context.resyncs === 0;
      const resyncs = fresh ? 1 : context.resyncs + 1;
      const resyncSinceMs = fresh ? failure.at : context.resyncSinceMs;
      if (resyncs < resyncsMax) return { ...same, resyncs, resyncSinceMs, parks: false };
      return { ...counted, resyncs: 0, resyncSinceMs, parks: counted.attempts >= triesMax };
    }
    // The link's, the cloud's or our own trouble: never this document's fault.
    default:
      return { ...same, parks: false };
  }
}
