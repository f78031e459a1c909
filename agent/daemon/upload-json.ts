// One upload as the API tells it: the machine's cell, what is moving right now, and the sentence that says why it stands
// where it does. The same object for list, show and every command's answer.
import { type Name, nameForPeople } from '../../cloud/contract/name.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import type { Hold } from '../../machines/schedule.ts';
import type { UploadState } from '../../machines/upload.ts';
import type { UploadContext } from '../../machines/upload-context.ts';
import { type Why, whyActor } from '../../machines/why.ts';

/** At a glance, in four words (and one for what was given up). */
const glances: Readonly<Record<UploadState, string>> = {
  sighted: 'pending',
  settling: 'pending',
  sending: 'uploading',
  confirming: 'uploading',
  waiting: 'pending',
  paused: 'pending',
  parked: 'failed',
  stored: 'completed',
  indexed: 'completed',
  cancelled: 'cancelled',
};

export const finalStates: readonly string[] = ['indexed', 'cancelled'];

/** What an effect said last about its own progress; all of it optional, because nothing may run. */
export interface Moving {
  readonly bytesSent?: number;
  readonly bytesDurable?: number;
  readonly bytesTotal?: number | null;
}

/** What only the daemon as a whole knows of one upload. */
export interface Around {
  /** Its place in the line, the next to go is 1; null: it wants nothing of the line now. */
  readonly order: number | null;
  readonly rateBytesPerSecond: number | null;
  /** Until all of it is durable ashore, ms; null: unknown, or nothing moves. */
  readonly leftMs: { readonly low: number; readonly high: number } | null;
  /** Price of bytes on the line, if one is configured; money in millionths. */
  readonly price: { readonly currency: string; readonly microsOf: (bytes: number) => number } | undefined;
}

const nothingAround: Around = { order: null, rateBytesPerSecond: null, leftMs: null, price: undefined };

export function contextOf(cell: Cell): UploadContext {
  return cell.context as unknown as UploadContext;
}

export function uploadWhy(cell: Cell, hold: Hold | null): Why {
  return whyActor('upload', cell, hold);
}

export function uploadJson(
  id: string,
  cell: Cell,
  hold: Hold | null,
  moving: Moving | undefined,
  around: Around = nothingAround,
): JsonObject {
  const context = contextOf(cell);
  const state = cell.value as UploadState;
  const why = uploadWhy(cell, hold);
  const sizeBytes = sizeOf(context, moving);
  const done = state === 'stored' || state === 'indexed';
  const durable = Math.max(context.bytesDurable, moving?.bytesDurable ?? 0);
  const sentBytes = done && sizeBytes !== null ? sizeBytes : Math.min(durable, sizeBytes ?? durable);
  const json: { [key: string]: Json } = {
    id,
    name: nameForPeople(context.name as Name),
    nameBytes: context.name as Json,
    version: context.version,
    state,
    glance: glances[state],
    final: finalStates.includes(state),
    priority: context.priority,
    addedMs: context.addedMs,
    source: context.source as unknown as Json,
    sizeBytes,
    sentBytes,
    percent: percentOf(sizeBytes, sentBytes, done),
    // On the wire, not yet confirmed: for progress between two acknowledgements.
    onTheWayBytes: moving?.bytesSent === undefined ? 0 : Math.max(0, moving.bytesSent - durable),
    attempts: context.attempts,
    lastAttemptMs: context.lastAttemptMs,
    errors: context.errors as unknown as Json,
    // What keeps one that wants the line from it: connection, breaker, probing, earlierVersion, turn; null: nothing.
    hold: hold?.why ?? null,
    why: why.sentence,
    whatToDo: why.whatToDo,
    untilMs: why.untilMs,
    sha256: context.sent?.sha256 ?? null,
    // What it cost on the line, known each time all of it went out.
    wireBytesUp: context.wireBytes,
    stored: context.stored as unknown as Json,
    // A receipt is kept only after its signature was checked against the key of the enrolment.
    receiptVerified: context.stored !== null,
    passages: context.indexed?.passages ?? null,
    reason: context.indexed?.reason ?? null,
    indexFailure: context.indexFailure as unknown as Json,
    cancelReason: context.cancelled?.reason ?? null,
    order: around.order,
    rateBytesPerSecond: around.rateBytesPerSecond === null ? null : Math.round(around.rateBytesPerSecond),
    leftMs: around.leftMs,
    actions: why.actions,
    receipt: receiptJson(context),
    savedBytes: savedBytes(context),
    costMicros: around.price === undefined ? null : around.price.microsOf(context.wireBytes),
    costCurrency: around.price?.currency ?? null,
  };
  return json;
}

/** The proof that the cloud has it; kept only after its signature was checked. */
function receiptJson({ stored }: UploadContext): JsonObject | null {
  if (stored === null) return null;
  const { documentId, keyId, storedMs } = stored;
  return { documentId, keyId, storedMs, verified: true };
}

/** Bytes that did not travel, and why not. */
function savedBytes(context: UploadContext): JsonObject {
  const { resumedBytes, dedupedBytes, compressedAwayBytes } = context as Partial<Record<string, unknown>>;
  const count = (value: unknown) => (typeof value === 'number' ? value : 0);
  return {
    resumed: count(resumedBytes),
    deduped: count(dedupedBytes),
    compressed: count(compressedAwayBytes),
  };
}

/** What a running effect tells between two records. */
export function movingJson(
  id: string,
  cell: Cell,
  moving: Moving,
  around: Pick<Around, 'rateBytesPerSecond' | 'leftMs'>,
): JsonObject {
  const context = contextOf(cell);
  const sizeBytes = sizeOf(context, moving);
  const durable = Math.max(context.bytesDurable, moving.bytesDurable ?? 0);
  return {
    id,
    sentBytes: Math.min(durable, sizeBytes ?? durable),
    percent: percentOf(sizeBytes, durable, false),
    onTheWayBytes: moving.bytesSent === undefined ? 0 : Math.max(0, moving.bytesSent - durable),
    rateBytesPerSecond: around.rateBytesPerSecond === null ? null : Math.round(around.rateBytesPerSecond),
    leftMs: around.leftMs,
  };
}

export function sizeOf(context: UploadContext, moving: Moving | undefined): number | null {
  if (context.sent) return context.sent.lengthBytes;
  if (context.source.kind === 'spooled') return context.source.sizeBytes;
  const stat = context.stat as { sizeBytes?: unknown } | null;
  if (typeof stat?.sizeBytes === 'number') return stat.sizeBytes;
  return moving?.bytesTotal ?? null;
}

/** 100 only when the receipt is here: everything before may still have to go again. */
function percentOf(sizeBytes: number | null, sentBytes: number, done: boolean): number | null {
  if (done) return 100;
  if (sizeBytes === null) return null;
  if (sizeBytes === 0) return 0;
  return Math.min(99, Math.floor((sentBytes / sizeBytes) * 1000) / 10);
}
