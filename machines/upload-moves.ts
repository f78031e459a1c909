// Moves that several states of an upload share: being paused, cancelled, parked, tried again. Each is a piece of XState
// configuration made of named actions and guards; upload.ts puts them where they apply.
import type { JsonObject } from './json.ts';
import type { Failed, Indexed } from './upload-actions.ts';
import type { Back, UploadContext } from './upload-context.ts';
import type { FailureClass } from './upload-events.ts';

type By = Readonly<{ by: string }>;
type Pause = Readonly<{ by: string; untilMs?: number; at: number }>;

/** Hands the event itself to a named action as its parameters. */
export const asIs = <E>({ event }: { event: E }): E => event;

export const sendParams = ({ context }: { context: UploadContext }): JsonObject => ({
  source: context.source as JsonObject,
  name: context.name,
  version: context.version,
  priority: context.priority,
  failedInRow: context.failedInRow,
  ...(context.stat ? { stat: context.stat } : {}),
});
export const release = {
  type: 'releaseSource',
  params: ({ context }: { context: UploadContext }) => ({ source: context.source as JsonObject }),
} as const;

export const cancel = [
  { guard: 'isSpooled', target: 'cancelled', actions: [{ type: 'cancelledBy', params: asIs<By> }, release] },
  { target: 'cancelled', actions: [{ type: 'cancelledBy', params: asIs<By> }] },
] as const;
export const prioritise = {
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
export const addPauser = (back: Back) =>
  [
    {
      type: 'addPauser',
      params: ({ event }: { event: Pause }) => ({
        by: event.by,
        untilMs: event.untilMs === undefined ? null : event.at + event.untilMs,
        back,
      }),
    },
    {
      type: 'arm',
      params: ({ event }: { event: Pause }) => ({
        id: `pause.${event.by}`,
        len: event.untilMs ?? null,
        event: { type: 'pause.elapsed', by: event.by },
      }),
    },
  ] as const;
export const pause = (back: Back) => ({ target: 'paused', actions: addPauser(back) }) as const;

export const goOn = [
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

export const tryAgain = [
  { guard: { type: 'waitsFor', params: { back: 'sending' } }, target: 'sending' },
  { target: 'confirming' },
] as const;

export const failed = (back: Back) =>
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

export const vanished = {
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
export const unreadable = {
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

export const damaged = {
  target: 'parked',
  actions: {
    type: 'park',
    params: ({ event }: { event: { at: number } }) => ({
      class: 'UNREADABLE' as const,
      code: 'TENDER_SPOOL_DAMAGED',
      message:
        'The bytes kept for it are not those that were added. Add the file again, then cancel this one.',
      at: event.at,
    }),
  },
} as const;

/** The shore's word may overtake the receipt's: it is kept until the receipt is here. */
export const earlyWord = {
  'document.indexed': { guard: 'tellsNews', actions: { type: 'noteIndexed', params: asIs<Indexed> } },
  'document.indexFailed': {
    actions: { type: 'noteIndexFailure', params: asIs<{ reason: string; at: number }> },
  },
} as const;

export const startOver = [
  { guard: 'isSpooled', target: 'sending', actions: ['startOver'] },
  { target: 'settling', actions: ['startOver'] },
] as const;
