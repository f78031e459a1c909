// One version of one document on its way ashore: sighted → settling → sending → confirming → stored → indexed; aside:
// waiting (by itself, until a time), paused (somebody asked), parked (a person must decide), cancelled. Link loss is
// no event here: `sendDocument` stays in the ledger and starts again when the scheduler has a permit.
import { assign, type StateValueFrom, setup } from 'xstate';
import { type Amend, type Arm, type Disarm, define, effect, microstepsMax, type Stop } from './define.ts';
import type { ObjectOf } from './fields.ts';
import type { JsonObject } from './json.ts';
import {
  type Back,
  errorsKeptMax,
  judge,
  type KeptError,
  newUpload,
  pausersMax,
  type SeenFailure,
  type UploadContext,
  uploadContext,
} from './upload-context.ts';
import {
  type FailureClass,
  type UploadEvent,
  uploadEvents,
  uploadInput,
  uploadUpcasters,
} from './upload-events.ts';

type Failed = SeenFailure & { readonly code: string; readonly message: string; readonly delayMs: number };
type Indexed = { readonly passages: number; readonly reason?: string };

const started = setup({
  types: {} as { context: UploadContext; events: UploadEvent; input: ObjectOf<typeof uploadInput> },
  actions: {
    checkSettled: effect<JsonObject>(),
    sendDocument: effect<JsonObject>(),
    confirmStored: effect<JsonObject>(),
    releaseSource: effect<JsonObject>(),
    arm: effect<Arm>(),
    disarm: effect<Disarm>(),
    stop: effect<Stop>(),
    amend: effect<Amend>(),

    noteStat: assign((_, { stat }: { stat: JsonObject }) => ({ stat })),
    noteCheckpoint: assign((_, { bytesDurable }: { bytesDurable: number }) => ({ bytesDurable })),
    noteSent: assign((_, sent: { lengthBytes: number; sha256: string; chunks: number; at: number }) => ({
      sent: { lengthBytes: sent.lengthBytes, sha256: sent.sha256, chunks: sent.chunks },
      bytesDurable: sent.lengthBytes,
      lastAttemptMs: sent.at,
    })),
    noteFailure: assign(({ context }, failed: Failed) => {
      const { parks: _, ...counters } = judge(context, failed);
      return {
        ...counters,
        lastAttemptMs: failed.at,
        errors: keep(context, failed.class, failed.code, failed.message, failed.at),
      };
    }),
    noteIncomplete: assign(({ context }, { at }: { at: number }) => {
      const { parks: _, ...counters } = judge(context, { class: 'RESYNC', at });
      return { ...counters, sent: null, lastAttemptMs: at };
    }),
    wait: assign((_, failed: Failed & { back: Back }) => ({
      waiting: {
        class: failed.class,
        code: failed.code,
        untilMs: failed.at + failed.delayMs,
        back: failed.back,
      },
    })),
    park: assign(
      ({ context }, why: { class: KeptError['class']; code: string; message: string; at: number }) => ({
        parked: { class: why.class, code: why.code, sinceMs: why.at },
        errors: keep(context, why.class, why.code, why.message, why.at),
      }),
    ),
    parkAfterFailure: assign((_, why: { class: FailureClass; code: string; at: number }) => ({
      parked: { class: why.class, code: why.code, sinceMs: why.at },
    })),
    addPauser: assign(({ context }, asked: { by: string; untilMs: number | null; back: Back }) => ({
      paused: {
        by: { ...context.paused?.by, [asked.by]: asked.untilMs },
        back: context.paused?.back ?? asked.back,
      },
    })),
    dropPauser: assign(({ context }, { by }: { by: string }) => {
      if (!context.paused) return {};
      const { [by]: _, ...others } = context.paused.by;
      return { paused: { by: others, back: context.paused.back } };
    }),
    clearWaiting: assign({ waiting: null }),
    clearPaused: assign({ paused: null }),
    startOver: assign({
      parked: null,
      attempts: 0,
      failingSinceMs: null,
      resyncs: 0,
      stat: null,
      sent: null,
    }),
    setPriority: assign((_, { priority }: { priority: number }) => ({ priority })),
    cancelledBy: assign((_, { by }: { by: string }) => ({
      cancelled: { reason: 'person' as const, by },
      parked: null,
    })),
    superseded: assign({ cancelled: { reason: 'superseded' as const } }),
    unchanged: assign((_, { version }: { version: number }) => ({
      cancelled: { reason: 'unchanged' as const, version },
    })),
    noteStored: assign((_, { documentId, receipt, signature, keyId, storedMs }: Stored) => ({
      stored: { documentId, receipt, signature, keyId, storedMs },
    })),
    noteReleased: assign({ released: true }),
    noteIndexed: assign((_, { passages, reason }: Indexed) => ({
      indexed: { passages, reason: reason ?? null },
      indexFailure: null,
    })),
    noteIndexFailure: assign((_, { reason, at }: { reason: string; at: number }) => ({
      indexFailure: { reason, atMs: at },
    })),
  },
  guards: {
    isSpooled: ({ context }) => context.source.kind === 'spooled',
    mustPark: ({ context, event }) => event.type === 'send.failed' && judge(context, event).parks,
    resyncedTooOften: ({ context, event }) => judge(context, { class: 'RESYNC', at: event.at }).parks,
    alreadyIndexed: ({ context }) => context.indexed !== null,
    changesPriority: ({ context, event }) =>
      event.type === 'prioritise' && event.priority !== context.priority,
    pausesForever: ({ event }) => event.type === 'pause' && event.untilMs === undefined,
    addsPauserForever: ({ context, event }) => hasRoom(context, event) && event.untilMs === undefined,
    addsPauserForAWhile: ({ context, event }) => hasRoom(context, event) && event.untilMs !== undefined,
    pausesForeverFrom: ({ context, event }, { back }: { back: Back }) =>
      event.type === 'pause' && event.untilMs === undefined && context.waiting?.back === back,
    othersStillPause: ({ context, event }) => pausers(context, event) > 1,
    lastPauser: ({ context, event }, { back }: { back: Back }) =>
      pausers(context, event) === 1 && context.paused?.back === back,
    waitsFor: ({ context }, { back }: { back: Back }) => context.waiting?.back === back,
    fileIsBack: ({ context }) => context.parked?.class === 'GONE' || context.parked?.class === 'UNREADABLE',
  },
});

/** Hands the event itself to a named action as its parameters. */
const asIs = <E>({ event }: { event: E }): E => event;

const sendParams = ({ context }: { context: UploadContext }): JsonObject => ({
  source: context.source as JsonObject,
  name: context.name,
  version: context.version,
  priority: context.priority,
  ...(context.stat ? { stat: context.stat } : {}),
});
const release = {
  type: 'releaseSource',
  params: ({ context }: { context: UploadContext }) => ({ source: context.source as JsonObject }),
} as const;

const cancel = [
  { guard: 'isSpooled', target: 'cancelled', actions: [{ type: 'cancelledBy', params: asIs<By> }, release] },
  { target: 'cancelled', actions: [{ type: 'cancelledBy', params: asIs<By> }] },
] as const;
type By = Readonly<{ by: string }>;
type Pause = Readonly<{ by: string; untilMs?: number; at: number }>;

const prioritise = {
  guard: 'changesPriority',
  actions: [
    { type: 'setPriority', params: asIs<{ priority: number }> },
    {
      type: 'amend',
      params: ({ event }: { event: { priority: number } }) => ({
        effect: 'sendDocument',
        patch: { priority: event.priority },
      }),
    },
  ],
} as const;

/** Adds the asking party to the set; with a length, a timer takes it out again. */
const addPauser = (back: Back) =>
  [
    {
      type: 'addPauser',
      params: ({ event }: { event: Pause }) => ({
        by: event.by,
        untilMs: event.untilMs === undefined ? null : event.at + event.untilMs,
        back,
      }),
    },
    { type: 'disarm', params: ({ event }: { event: Pause }) => ({ id: `pause.${event.by}` }) },
  ] as const;
const armPause = {
  type: 'arm',
  params: ({ event }: { event: Pause }) => ({
    id: `pause.${event.by}`,
    len: event.untilMs ?? 0,
    event: { type: 'pause.elapsed', by: event.by },
  }),
} as const;
const pause = (back: Back) =>
  [
    { guard: 'pausesForever', target: 'paused', actions: addPauser(back) },
    { target: 'paused', actions: [...addPauser(back), armPause] },
  ] as const;

const goOn = [
  {
    guard: 'othersStillPause',
    actions: [
      { type: 'dropPauser', params: asIs<By> },
      { type: 'disarm', params: ({ event }: { event: By }) => ({ id: `pause.${event.by}` }) },
    ],
  },
  { guard: { type: 'lastPauser', params: { back: 'settling' } }, target: 'settling' },
  { guard: { type: 'lastPauser', params: { back: 'sending' } }, target: 'sending' },
  { guard: { type: 'lastPauser', params: { back: 'confirming' } }, target: 'confirming' },
] as const;

const tryAgain = [
  { guard: { type: 'waitsFor', params: { back: 'sending' } }, target: 'sending' },
  { target: 'confirming' },
] as const;

const failed = (back: Back) =>
  [
    {
      guard: 'mustPark',
      target: 'parked',
      actions: [
        { type: 'noteFailure', params: asIs<Failed> },
        { type: 'parkAfterFailure', params: asIs<{ class: FailureClass; code: string; at: number }> },
      ],
    },
    {
      target: 'waiting',
      actions: [
        { type: 'noteFailure', params: asIs<Failed> },
        { type: 'wait', params: ({ event }: { event: Failed }) => ({ ...event, back }) },
        {
          type: 'arm',
          params: ({ event }: { event: Failed }) => ({
            id: 'retry',
            len: event.delayMs,
            event: { type: 'retry.elapsed' },
          }),
        },
      ],
    },
  ] as const;

const vanished = {
  target: 'parked',
  actions: {
    type: 'park',
    params: ({ event }: { event: { at: number } }) => ({
      class: 'GONE' as const,
      code: 'TENDER_FILE_GONE',
      message: 'The file is no longer where it was. Put it back, or cancel the upload.',
      at: event.at,
    }),
  },
} as const;
const unreadable = {
  target: 'parked',
  actions: {
    type: 'park',
    params: ({ event }: { event: { code: string; message: string; at: number } }) => ({
      class: 'UNREADABLE' as const,
      code: event.code,
      message: event.message,
      at: event.at,
    }),
  },
} as const;

/** The shore's word may overtake the receipt's: it is kept until the receipt is here. */
const earlyWord = {
  'document.indexed': { actions: { type: 'noteIndexed', params: asIs<Indexed> } },
  'document.indexFailed': {
    actions: { type: 'noteIndexFailure', params: asIs<{ reason: string; at: number }> },
  },
} as const;

const startOver = [
  { guard: 'isSpooled', target: 'sending', actions: ['startOver'] },
  { target: 'settling', actions: ['startOver'] },
] as const;

const machine = started.createMachine({
  id: 'upload',
  options: { maxIterations: microstepsMax },
  context: ({ input }) => newUpload(input),
  initial: 'sighted',
  states: {
    sighted: {
      description:
        'Known by name. Left at once: a watched file is to settle first, spooled bytes can be sent.',
      always: [{ guard: 'isSpooled', target: 'sending' }, { target: 'settling' }],
    },
    settling: {
      description: 'Waits until nobody writes to the file any more.',
      entry: { type: 'checkSettled', params: ({ context }) => ({ source: context.source as JsonObject }) },
      exit: { type: 'stop', params: { effect: 'checkSettled' } },
      on: {
        ...earlyWord,
        'file.settled': { target: 'sending', actions: { type: 'noteStat', params: asIs } },
        'file.vanished': vanished,
        'file.unreadable': unreadable,
        pause: pause('settling'),
        prioritise,
        cancel,
      },
    },
    sending: {
      description:
        'Its bytes are read, cut, hashed and sent in one pass, or wait for the link or for their turn.',
      entry: { type: 'sendDocument', params: sendParams },
      exit: { type: 'stop', params: { effect: 'sendDocument' } },
      on: {
        ...earlyWord,
        'transfer.checkpointed': { actions: { type: 'noteCheckpoint', params: asIs } },
        'document.sent': { target: 'confirming', actions: { type: 'noteSent', params: asIs } },
        'content.unchanged': [
          {
            guard: 'isSpooled',
            target: 'cancelled',
            actions: [{ type: 'unchanged', params: asIs<{ version: number }> }, release],
          },
          { target: 'cancelled', actions: { type: 'unchanged', params: asIs<{ version: number }> } },
        ],
        'source.changed': [
          { guard: 'isSpooled', target: 'cancelled', actions: ['superseded', release] },
          { target: 'cancelled', actions: 'superseded' },
        ],
        'file.vanished': vanished,
        'file.unreadable': unreadable,
        'send.failed': failed('sending'),
        pause: pause('sending'),
        prioritise,
        cancel,
      },
    },
    confirming: {
      description: 'All bytes went out; the shore is asked for its signed receipt.',
      entry: {
        type: 'confirmStored',
        params: ({ context }) => ({
          version: context.version,
          lengthBytes: context.sent?.lengthBytes ?? 0,
          sha256: context.sent?.sha256 ?? '',
        }),
      },
      exit: { type: 'stop', params: { effect: 'confirmStored' } },
      on: {
        ...earlyWord,
        'upload.stored': [
          {
            guard: 'isSpooled',
            target: 'stored',
            actions: [{ type: 'noteStored', params: asIs<Stored> }, release],
          },
          { target: 'stored', actions: { type: 'noteStored', params: asIs<Stored> } },
        ],
        'send.incomplete': [
          {
            guard: 'resyncedTooOften',
            target: 'parked',
            actions: [
              { type: 'noteIncomplete', params: asIs<{ at: number }> },
              {
                type: 'park',
                params: ({ event }) => ({
                  class: 'RESYNC' as const,
                  code: 'TENDER_RESYNC_LOOP',
                  message:
                    'Yacht and shore could not agree on what was sent. Retry it, or add the file again.',
                  at: event.at,
                }),
              },
            ],
          },
          { target: 'sending', actions: { type: 'noteIncomplete', params: asIs<{ at: number }> } },
        ],
        'send.failed': failed('confirming'),
        pause: pause('confirming'),
        prioritise,
        cancel,
      },
    },
    stored: {
      description: 'The shore signed for it; it is not searchable yet.',
      always: { guard: 'alreadyIndexed', target: 'indexed' },
      on: {
        ...earlyWord,
        'source.released': { actions: 'noteReleased' },
      },
    },
    indexed: {
      description: 'Stored, and findable ashore.',
      on: { 'source.released': { actions: 'noteReleased' } },
    },
    waiting: {
      description: 'Something failed that time may mend; it goes on by itself.',
      exit: [{ type: 'disarm', params: { id: 'retry' } }, 'clearWaiting'],
      on: {
        ...earlyWord,
        'retry.elapsed': tryAgain,
        retry: tryAgain,
        pause: [
          {
            guard: { type: 'pausesForeverFrom', params: { back: 'sending' } },
            target: 'paused',
            actions: addPauser('sending'),
          },
          {
            guard: { type: 'pausesForeverFrom', params: { back: 'confirming' } },
            target: 'paused',
            actions: addPauser('confirming'),
          },
          {
            guard: { type: 'waitsFor', params: { back: 'sending' } },
            target: 'paused',
            actions: [...addPauser('sending'), armPause],
          },
          {
            target: 'paused',
            actions: [...addPauser('confirming'), armPause],
          },
        ],
        prioritise,
        cancel,
      },
    },
    paused: {
      description:
        'Somebody asked for a rest; it goes on when everybody who asked says so or their time is over.',
      exit: [{ type: 'disarm', params: { id: 'pause.*' } }, 'clearPaused'],
      on: {
        ...earlyWord,
        pause: [
          { guard: 'addsPauserForever', actions: addPauser('sending') },
          { guard: 'addsPauserForAWhile', actions: [...addPauser('sending'), armPause] },
        ],
        resume: goOn,
        'pause.elapsed': goOn,
        prioritise,
        cancel,
      },
    },
    parked: {
      description: 'It cannot go on by itself: a person must decide. Nothing is lost.',
      on: {
        ...earlyWord,
        'file.sighted': [{ guard: 'fileIsBack', target: 'settling', actions: ['startOver'] }],
        retry: startOver,
        prioritise,
        cancel,
      },
    },
    cancelled: {
      description:
        'Given up on purpose: by a person, by a newer version, or because the shore has this content.',
      on: { 'source.released': { actions: 'noteReleased' } },
    },
  },
});

type Stored = NonNullable<UploadContext['stored']>;

/** Every state an upload can be in. */
export type UploadState = StateValueFrom<typeof machine>;

function keep(context: UploadContext, cls: KeptError['class'], code: string, message: string, atMs: number) {
  return [...context.errors, { class: cls, code, message, atMs }].slice(-errorsKeptMax);
}

function hasRoom(context: UploadContext, event: UploadEvent): event is UploadEvent & { type: 'pause' } {
  if (event.type !== 'pause' || !context.paused) return false;
  const { by } = context.paused;
  return Object.hasOwn(by, event.by) || Object.keys(by).length < pausersMax;
}

/** How many parties pause it, counted only when the event speaks for one of them. */
function pausers(context: UploadContext, event: UploadEvent): number {
  if (!context.paused || !('by' in event) || !Object.hasOwn(context.paused.by, event.by)) return 0;
  return Object.keys(context.paused.by).length;
}

export const upload = define({
  kind: 'upload',
  version: 2,
  machine,
  events: uploadEvents,
  input: uploadInput,
  context: uploadContext,
  effects: {
    checkSettled: { permit: 'none' },
    sendDocument: { permit: 'line' },
    confirmStored: { permit: 'line' },
    releaseSource: { permit: 'none' },
  },
  timers: ['retry', 'pause.*'],
  finalStates: ['indexed', 'cancelled'],
  upcasters: uploadUpcasters,
  migrations: {
    // Version 1 kept no count of disagreements.
    1: (context) => ({ ...context, resyncs: 0, resyncSinceMs: 0 }),
  },
});
