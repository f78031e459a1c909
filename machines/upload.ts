// One version of one document on its way ashore: sighted → settling → sending → confirming → stored → indexed; aside:
// waiting (by itself, until a time), paused (somebody asked), parked (a person must decide), cancelled. Link loss is
// no event here: `sendDocument` stays in the ledger and starts again when the scheduler has a permit.
import type { StateValueFrom } from 'xstate';
import { define, microstepsMax } from './define.ts';
import type { JsonObject } from './json.ts';
import { type Metered, type Stored, started } from './upload-actions.ts';
import { newUpload, uploadContext } from './upload-context.ts';
import { uploadEvents, uploadInput, uploadUpcasters } from './upload-events.ts';
import {
  addPauser,
  asIs,
  cancel,
  damaged,
  earlyWord,
  failed,
  goOn,
  pause,
  prioritise,
  release,
  sendParams,
  startOver,
  tryAgain,
  unreadable,
  vanished,
} from './upload-moves.ts';

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
        'transfer.checkpointed': { guard: 'growsDurable', actions: { type: 'noteCheckpoint', params: asIs } },
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
          // Nobody makes a new version of bytes in the spool: a change there is damage, and must not delete them.
          { guard: 'isSpooled', ...damaged },
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
          failedInRow: context.failedInRow,
        }),
      },
      exit: { type: 'stop', params: { effect: 'confirmStored' } },
      on: {
        ...earlyWord,
        'upload.stored': [
          {
            guard: 'isSpooled',
            target: 'stored',
            actions: [{ type: 'noteStored', params: asIs<Stored & Metered> }, release],
          },
          { target: 'stored', actions: { type: 'noteStored', params: asIs<Stored & Metered> } },
        ],
        'send.incomplete': [
          {
            guard: 'resyncedTooOften',
            target: 'parked',
            actions: [
              { type: 'noteIncomplete', params: asIs<Metered & { at: number }> },
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
          { target: 'sending', actions: { type: 'noteIncomplete', params: asIs<Metered & { at: number }> } },
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
          { guard: { type: 'waitsFor', params: { back: 'sending' } }, ...pause('sending') },
          pause('confirming'),
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
        // The set remembers where to go back to from the first who asked.
        pause: { guard: 'addsPauser', actions: addPauser('sending') },
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

/** Every state an upload can be in. */
export type UploadState = StateValueFrom<typeof machine>;

export const upload = define({
  kind: 'upload',
  version: 3,
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
  groups: [
    { name: 'on its way', states: ['sighted', 'settling', 'sending', 'confirming'] },
    { name: 'aside', states: ['waiting', 'paused', 'parked'] },
    { name: 'done', states: ['stored', 'indexed', 'cancelled'] },
  ],
  upcasters: uploadUpcasters,
  migrations: {
    // Version 1 kept no count of disagreements, of failures in a row, nor of bytes on the line.
    1: (context) => ({ ...context, resyncs: 0, resyncSinceMs: 0, failedInRow: 0, wireBytes: 0 }),
    // Version 2 did not count what was saved; its commands had no reason.
    2: (context) => ({ ...context, compressedAwayBytes: 0, dedupedBytes: 0, resumedBytes: 0 }),
  },
});
