// The documents on the line: by upload and by handle, in order of urgency, and those kept for effects that were stopped.
import type { HeldFrame } from '../../cloud/contract/frames.ts';
import { ulidTimeMs } from '../../cloud/contract/ids.ts';
import { compareOnLine, inTurn, noTurns, spoken } from '../../machines/line-turns.ts';
import { urgentPriority } from '../../machines/schedule.ts';
import { Echoes } from './echoes.ts';
import type { EncodeLevels } from './encode-levels.ts';
import type { FramePool } from './frame-pool.ts';
import type { LineLimitsAboard } from './limits.ts';
import { Meter } from './meter.ts';
import type { DocumentSource, Upload } from './outcome.ts';
import { OutgoingDocument } from './outgoing.ts';
import { Packer } from './pack.ts';
import type { Parcel } from './parcel.ts';

export interface Documents {
  readonly count: number;
  /** Bytes of all of them in memory, waiting to leave. */
  readonly inHandBytes: number;
  carry(upload: Upload, source: DocumentSource | undefined): OutgoingDocument;
  find(uploadId: string): OutgoingDocument | undefined;
  byHandle(handle: number): OutgoingDocument | undefined;
  /** The next frame of the most urgent document that has one; it leaves over the lane of this serial. */
  next(sliceMaxBytes: number, lane: number, further?: 'further'): Parcel | undefined;
  bind(document: OutgoingDocument): void;
  bindAll(): void;
  unbindAll(): void;
  /** The line broke off and is there again, in the same session. */
  goOn(): void;
  held(frame: HeldFrame): void;
  suspend(uploadId: string): void;
  release(uploadId: string): void;
  /** Closes the files of documents whose outcome is known. */
  sweep(): void;
}

/** What the cloud said unasked about uploads not carried yet. */
const heldRememberedMax = 64;
/** What a frame is longer than the slice in it, and two grains may differ by. */
const frameSlackBytes = 512;
/** Uploads of this boot known to have been offered. */
const offeredRememberedMax = 4_096;

export function createDocuments(parts: {
  readonly bootWallMs: number;
  readonly limits: LineLimitsAboard;
  readonly frames: FramePool;
  readonly wake: () => void;
  /** Absent: nothing is compressed but packs. */
  readonly levels: EncodeLevels | undefined;
  /** What the line carries; undefined while nobody knows. */
  readonly bytesPerSecond: () => number | undefined;
}): Documents {
  const { bootWallMs, limits, frames, wake, levels } = parts;
  const uploads = new Map<string, OutgoingDocument>();
  const handles = new Map<number, OutgoingDocument>();
  const held = new Map<string, HeldFrame[]>();
  const offered = new Set<string>();
  let forgottenUpTo = '';
  let nextHandle = 0;
  /** All of them, most urgent and oldest first as of the last look. */
  const order: OutgoingDocument[] = [];
  /** Those of `order` with something to say, of this very question. */
  const waiting: OutgoingDocument[] = [];
  const packer = new Packer();
  const echoes = new Echoes(parts.bytesPerSecond);
  let turns = noTurns;
  let isOpen = false;

  /** Born in this boot and never offered: the cloud cannot hold anything of it, so its bytes need not wait for HELD. */
  const isFresh = (uploadId: string) =>
    ulidTimeMs(uploadId) >= bootWallMs && uploadId > forgottenUpTo && !offered.has(uploadId);

  const noteOffered = (uploadId: string) => {
    offered.add(uploadId);
    if (offered.size <= offeredRememberedMax) return;
    const [oldest] = offered;
    offered.delete(oldest!);
    if (oldest! > forgottenUpTo) forgottenUpTo = oldest!;
  };

  const release = (uploadId: string) => {
    const document = uploads.get(uploadId);
    if (!document) return;
    uploads.delete(uploadId);
    order.splice(order.indexOf(document), 1);
    if (isBound(document)) handles.delete(document.handle!);
    void document.close();
    if (isOpen) bindWaiting();
    readAhead();
  };

  const isBound = (document: OutgoingDocument) =>
    document.handle !== undefined && handles.get(document.handle) === document;

  /** A handle became free: whoever waited for one gets it. */
  const bindWaiting = () => {
    if (handles.size === uploads.size) return;
    for (const document of inOrder()) if (!isBound(document)) bind(document);
  };

  /** Asked for every frame: priorities seldom change, and sorting copies. */
  const inOrder = () => {
    const isSorted = order.every((one, at) => at === 0 || compareOnLine(order[at - 1]!, one) <= 0);
    return isSorted ? order : order.sort(compareOnLine);
  };

  /** In order: the bytes that those before a document have in hand decide. */
  const isTurnToRead = (document: OutgoingDocument) => {
    let inHandBytes = 0;
    for (const before of order) {
      if (before.isSuspended || compareOnLine(before, document) >= 0) continue;
      inHandBytes += before.inHandBytes;
    }
    return inHandBytes < limits.readAheadMaxBytes;
  };

  const readAhead = () => {
    let inHandBytes = 0;
    for (const document of order) {
      if (inHandBytes >= limits.readAheadMaxBytes) return;
      if (document.hasMore) document.readAhead();
      inHandBytes += document.inHandBytes;
    }
  };

  const bind = (document: OutgoingDocument) => {
    const { uploadId } = document.upload;
    if (document.isOver || isBound(document)) return;
    const isUrgent = document.priority <= urgentPriority;
    if (handles.size >= (isUrgent ? limits.handlesUrgentMax : limits.handlesMax)) return; // bound when one is free
    const handle = nextHandle++;
    handles.set(handle, document);
    noteOffered(uploadId);
    document.bind(handle, held.get(uploadId));
    held.delete(uploadId);
  };

  return {
    get count() {
      return uploads.size;
    },
    get inHandBytes() {
      return order.reduce((sum, document) => sum + (document.hasMore ? document.inHandBytes : 0), 0);
    },
    find: (uploadId) => uploads.get(uploadId),
    byHandle: (handle) => handles.get(handle),
    bind,
    release,
    carry(upload, source) {
      const { uploadId } = upload;
      const before = uploads.get(uploadId);
      // One that failed, or that has no file where one is needed now, makes room for a new life of the same upload.
      const usable = before && !before.hasFailed && (before.hasSource || !source);
      if (usable) {
        before.priority = upload.priority;
        before.resume();
        return before;
      }
      release(uploadId);
      const fresh = source !== undefined && isFresh(uploadId);
      // What the earlier life spent and saved is still to be reported.
      const meter = before?.meter ?? new Meter();
      const document = new OutgoingDocument(upload, {
        source,
        fresh,
        limits,
        frames,
        meter,
        wake,
        isTurnToRead,
        levels,
      });
      uploads.set(uploadId, document);
      order.push(document);
      return document;
    },
    next(sliceMaxBytes, lane, further) {
      const lost = further ? undefined : packer.again();
      if (lost) return lost;
      waiting.length = 0;
      for (const document of inOrder()) if (document.hasMore && isBound(document)) waiting.push(document);
      let asked: OutgoingDocument | undefined;
      const peers = () => waiting.filter((one) => one !== asked && one.priority === asked?.priority);
      for (const document of inTurn(waiting, turns)) {
        if (document.priority > urgentPriority) {
          const echo = echoes.take(lane, sliceMaxBytes + frameSlackBytes);
          if (echo) return echo;
        }
        asked = document;
        const parcel = further
          ? document.takeFurther(sliceMaxBytes)
          : (packer.gather(document, peers, sliceMaxBytes) ?? document.take(sliceMaxBytes));
        if (!parcel) continue;
        turns = spoken(waiting, turns, document, parcel.frame.length);
        if (document.priority <= urgentPriority && echoes.isShort(document.upload.sizeBytes ?? Infinity))
          echoes.note(parcel.frame, lane, document, document.handle!);
        readAhead();
        return parcel;
      }
      readAhead();
      return echoes.take(lane, sliceMaxBytes + frameSlackBytes);
    },
    bindAll() {
      isOpen = true;
      bindWaiting();
    },
    goOn() {
      for (const document of handles.values()) document.goesOn();
    },
    unbindAll() {
      isOpen = false;
      packer.forget();
      echoes.forget();
      handles.clear();
      held.clear();
      for (const document of uploads.values()) document.unbind();
    },
    held(frame) {
      const document = uploads.get(frame.uploadId);
      if (document && document.handle !== undefined && handles.get(document.handle) === document) {
        document.held(frame);
        return;
      }
      const frames = held.get(frame.uploadId) ?? [];
      held.delete(frame.uploadId);
      held.set(frame.uploadId, [...frames, frame]);
      if (held.size > heldRememberedMax) held.delete(held.keys().next().value!);
    },
    suspend(uploadId) {
      const document = uploads.get(uploadId);
      if (!document) return;
      document.suspend();
      readAhead();
      const suspended = [...uploads.values()].filter((one) => one.isSuspended);
      if (suspended.length > limits.suspendedMax) release(suspended[0]!.upload.uploadId);
    },
    sweep() {
      for (const document of uploads.values()) if (document.isOver) void document.close();
    },
  };
}
