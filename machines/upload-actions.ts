// What an upload's named actions and guards do. Effects and kernel actions are wishes and do nothing here; assignments
// answer the fields of the context that change. Guards read context and event, nothing else. upload.ts uses them by name.
import { setup } from 'xstate';
import { type Amend, type Arm, assign, type Disarm, effect, type Stop } from './define.ts';
import type { ObjectOf } from './fields.ts';
import type { JsonObject } from './json.ts';
import {
  type Back,
  errorsKeptMax,
  judge,
  type KeptError,
  pausersMax,
  type SeenFailure,
  type UploadContext,
} from './upload-context.ts';
import type { FailureClass, UploadEvent, uploadInput } from './upload-events.ts';

export type Failed = SeenFailure &
  Metered & {
    readonly code: string;
    readonly message: string;
    readonly delayMs: number;
  };
/** What an event reports of cost and savings since the one before. */
export type Metered = Readonly<{
  wireBytes?: number;
  dedupedBytes?: number;
  resumedBytes?: number;
  compressedAwayBytes?: number;
}>;
export type Sent = NonNullable<UploadContext['sent']> & Metered & { readonly at: number };
export type Indexed = { readonly passages: number; readonly reason?: string };
export type Stored = NonNullable<UploadContext['stored']>;

/** Where upload.ts begins: types, actions and guards, no states yet. */
export const started = setup({
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
    noteCheckpoint: assign(({ context }, checkpoint: Metered & { bytesDurable: number }) => ({
      ...metered(context, checkpoint),
      bytesDurable: checkpoint.bytesDurable,
      failedInRow: 0,
    })),
    noteSent: assign(({ context }, sent: Sent) => ({
      ...metered(context, sent),
      sent: { lengthBytes: sent.lengthBytes, sha256: sent.sha256, chunks: sent.chunks },
      bytesDurable: sent.lengthBytes,
      lastAttemptMs: sent.at,
    })),
    noteFailure: assign(({ context }, failed: Failed) => {
      const { parks: _, ...counters } = judge(context, failed);
      return {
        ...metered(context, failed),
        ...counters,
        failedInRow: context.failedInRow + 1,
        lastAttemptMs: failed.at,
        errors: keep(context, failed.class, failed.code, failed.message, failed.at),
      };
    }),
    noteIncomplete: assign(({ context }, incomplete: Metered & { at: number }) => {
      const { at } = incomplete;
      const { parks: _, ...counters } = judge(context, { class: 'RESYNC', at });
      return { ...metered(context, incomplete), ...counters, sent: null, lastAttemptMs: at };
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
      failedInRow: 0,
      resyncs: 0,
      stat: null,
      sent: null,
      bytesDurable: 0,
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
    noteStored: assign(
      ({ context }, { documentId, receipt, signature, keyId, storedMs, ...report }: Stored & Metered) => ({
        ...metered(context, report),
        stored: { documentId, receipt, signature, keyId, storedMs },
      }),
    ),
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
    tellsNews: ({ context, event }) =>
      event.type === 'document.indexed' &&
      (context.indexed?.passages !== event.passages || context.indexed.reason !== (event.reason ?? null)),
    changesPriority: ({ context, event }) =>
      event.type === 'prioritise' && event.priority !== context.priority,
    addsPauser: ({ context, event }) => event.type === 'pause' && changesPausers(context, event),
    growsDurable: ({ context, event }) =>
      event.type === 'transfer.checkpointed' &&
      (event.bytesDurable !== context.bytesDurable || reportsBytes(event)),
    othersStillPause: ({ context, event }) => pausers(context, event) > 1,
    lastPauser: ({ context, event }, { back }: { back: Back }) =>
      pausers(context, event) === 1 && context.paused?.back === back,
    waitsFor: ({ context }, { back }: { back: Back }) => context.waiting?.back === back,
    fileIsBack: ({ context }) =>
      context.source.kind === 'watched' &&
      (context.parked?.class === 'GONE' || context.parked?.class === 'UNREADABLE'),
  },
});

/** The meter after one more report. */
function metered(context: UploadContext, report: Metered): Required<Metered> {
  return {
    wireBytes: context.wireBytes + (report.wireBytes ?? 0),
    dedupedBytes: context.dedupedBytes + (report.dedupedBytes ?? 0),
    resumedBytes: context.resumedBytes + (report.resumedBytes ?? 0),
    compressedAwayBytes: context.compressedAwayBytes + (report.compressedAwayBytes ?? 0),
  };
}

function reportsBytes(report: Metered): boolean {
  const { wireBytes = 0, dedupedBytes = 0, resumedBytes = 0, compressedAwayBytes = 0 } = report;
  return wireBytes + dedupedBytes + resumedBytes + compressedAwayBytes > 0;
}

function keep(context: UploadContext, cls: KeptError['class'], code: string, message: string, atMs: number) {
  return [...context.errors, { class: cls, code, message, atMs }].slice(-errorsKeptMax);
}

/** Room for one more party, or another end for one that is in the set already. */
function changesPausers(context: UploadContext, event: UploadEvent & { type: 'pause' }): boolean {
  const by = context.paused?.by ?? {};
  if (!Object.hasOwn(by, event.by)) return Object.keys(by).length < pausersMax;
  return by[event.by] !== null || event.untilMs !== undefined;
}

/** How many parties pause it, counted only when the event speaks for one of them. */
function pausers(context: UploadContext, event: UploadEvent): number {
  if (!context.paused || !('by' in event) || !Object.hasOwn(context.paused.by, event.by)) return 0;
  return Object.keys(context.paused.by).length;
}
