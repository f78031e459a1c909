// Every event an upload's log may hold, with its fields and where it comes from, and how version 1 of them is read.
import type { EventSpecs, EventsOf, MachineEvent, Upcasters } from './events.ts';
import {
  anyObject,
  either,
  type Field,
  fileName,
  flag,
  hex,
  object,
  oneOf,
  optional,
  party,
  text,
  whole,
} from './fields.ts';

/** The classes of failure, as in cloud/contract/failure.ts (reliability 5.2). A test holds the two lists equal. */
export const failureClasses = [
  'LINK',
  'CAPTIVE',
  'INTERCEPTED',
  'BUSY',
  'SERVER',
  'RESYNC',
  'AUTH',
  'ITEM',
  'LOCAL',
  'POLICY',
] as const;

export type FailureClass = (typeof failureClasses)[number];

/** Longest delay or pause an event may ask for: one year. */
export const delayMaxMs = 366 * 24 * 3_600_000;

/** Fields every failure carries. `delayMs` is computed by the host (backoff, jitter, the server's wish) and recorded. */
export const failureFields = {
  class: oneOf(...failureClasses),
  code: text(64),
  message: text(2_000, 0),
  delayMs: whole(0, delayMaxMs),
};

/** What it cost and saved on the line since this document last reported: added up by the machine. */
const meterFields = {
  /** Its frames handed to the line. */
  wireBytes: optional(whole(0)),
  /** Content named instead of sent, and durable. */
  dedupedBytes: optional(whole(0)),
  /** Content that was ashore when a try broke off, and does not go again. */
  resumedBytes: optional(whole(0)),
  /** Content that went in fewer bytes than it has, and is durable: the difference. */
  compressedAwayBytes: optional(whole(0)),
};

/** Who commands, and why if they said so; the machine takes no notice of the reason, the log keeps it. */
export const commandFields = { by: party(), reason: optional(text(500)) };

const by = party();
const stat = anyObject();
const none = {};

export const uploadEvents = {
  'file.settled': { source: 'fx', effects: ['checkSettled'], fields: { stat } },
  'file.vanished': { source: 'fx', effects: ['checkSettled', 'sendDocument'], fields: none },
  'file.unreadable': {
    source: 'fx',
    effects: ['checkSettled', 'sendDocument'],
    fields: { code: text(64), message: text(2_000, 0) },
  },
  'document.sent': {
    source: 'fx',
    effects: ['sendDocument'],
    fields: { lengthBytes: whole(0), sha256: hex(32), chunks: whole(0), ...meterFields },
  },
  'content.unchanged': { source: 'fx', effects: ['sendDocument'], fields: { version: whole(1) } },
  'source.changed': { source: 'fx', effects: ['sendDocument'], fields: none },
  'transfer.checkpointed': {
    source: 'fx',
    effects: ['sendDocument'],
    soft: true,
    fields: { bytesDurable: whole(0), ...meterFields },
  },
  'send.failed': {
    source: 'fx',
    effects: ['sendDocument', 'confirmStored'],
    fields: { ...failureFields, permanent: optional(flag()), ...meterFields },
  },
  'send.incomplete': { source: 'fx', effects: ['confirmStored'], fields: meterFields },
  'upload.stored': {
    source: 'fx',
    effects: ['confirmStored'],
    fields: {
      documentId: text(64),
      receipt: text(8_192),
      signature: text(384),
      keyId: text(128),
      storedMs: whole(0),
      ...meterFields,
    },
  },
  'source.released': { source: 'fx', effects: ['releaseSource'], fields: none },
  'retry.elapsed': { source: 'tm', fields: none },
  'pause.elapsed': { source: 'tm', fields: { by } },
  'file.sighted': { source: 'sys', fields: none },
  'document.indexed': {
    source: 'sys',
    fields: { documentId: text(64), version: whole(1), passages: whole(0), reason: optional(text(2_000, 0)) },
  },
  'document.indexFailed': {
    source: 'sys',
    fields: { documentId: text(64), version: whole(1), reason: text(2_000, 0) },
  },
  pause: { source: 'cmd', fields: { ...commandFields, untilMs: optional(whole(1, delayMaxMs)) } },
  resume: { source: 'cmd', fields: commandFields },
  cancel: { source: 'cmd', fields: commandFields },
  retry: { source: 'cmd', fields: commandFields },
  prioritise: { source: 'cmd', fields: { priority: whole(1, 10), ...commandFields } },
} as const satisfies EventSpecs;

export type UploadEvent = EventsOf<typeof uploadEvents>;

/** A file watched where it lies, or bytes the agent keeps in its spool. */
export type UploadSource =
  | { readonly kind: 'watched'; readonly folder: string; readonly path: string | { readonly b64: string } }
  | { readonly kind: 'spooled'; readonly spool: string; readonly sizeBytes: number };

const source: Field<UploadSource> = either(
  object({ kind: oneOf('watched'), folder: text(255), path: fileName() }),
  object({ kind: oneOf('spooled'), spool: text(255), sizeBytes: whole(0) }),
);

/** What an upload is created with. `addedMs` is wall-clock time and decides age among equal priorities. */
export const uploadInput = {
  source,
  name: fileName(),
  version: whole(1),
  priority: whole(1, 10),
  addedMs: whole(0),
  /** Tries this document may use up; absent: `attemptsMax` of upload-context.ts. */
  triesMax: optional(whole(1, 1_000)),
};

/** The reasons version 1 wrote, in the classes of version 2. */
const classOfReason: { readonly [reason: string]: FailureClass } = {
  busy: 'BUSY',
  server: 'SERVER',
  disk: 'LOCAL',
  resync: 'RESYNC',
  rejected: 'ITEM',
};

/**
 * Version 1 had no failure classes: `send.failed {reason, retryInMs}`; and it logged a `transfer.progressed` for each
 * percent, which version 2 keeps in memory only.
 */
export const uploadUpcasters: Upcasters = {
  1: {
    'send.failed': ({ reason, retryInMs, ...rest }: MachineEvent) => [
      {
        ...rest,
        class: classOfReason[String(reason)] ?? 'SERVER',
        code: 'TENDER_SEND_FAILED',
        message: `Sending failed (${String(reason)}).`,
        delayMs: typeof retryInMs === 'number' ? retryInMs : 0,
      },
    ],
    'transfer.progressed': () => [],
  },
};
