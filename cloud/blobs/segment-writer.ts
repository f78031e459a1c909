// Appends one tenant's chunks to its newest segment and makes them durable, many callers with one fdatasync. Used by
// disk.ts. A segment is only ever appended to by the process that made it: whatever a crash tore at its end is behind
// every place that was answered, and the next process starts a segment of its own.
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudError } from '../cloud-error.ts';
import type { ChunkPlace } from '../ports.ts';

/** The few operations a writer needs; the tests' disk fails at any of them. */
export interface SegmentFile {
  writev(buffers: Uint8Array[], position: number): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface SegmentDirectory {
  readonly path: string;
  /** Creates a file that must not exist; its name is durable when this resolves. */
  create(path: string): Promise<SegmentFile>;
  /** Opens one of ours again for writing. */
  reopen(path: string): Promise<SegmentFile | FileHandle>;
  newSegmentId(): string;
}

export interface SegmentLimits {
  readonly segmentMaxBytes: number;
  /** One write and one fdatasync cover at most this much: a bound on how long the first caller waits for the others. */
  readonly flushMaxBytes: number;
  /** Chunks in one writev: the system's IOV_MAX. */
  readonly flushMaxChunks: number;
}

interface Waiting {
  readonly chunks: readonly Uint8Array[];
  readonly places: ChunkPlace[];
  readonly done: (places: readonly ChunkPlace[]) => void;
  readonly failed: (error: unknown) => void;
}

interface Segment {
  readonly id: string;
  file: SegmentFile | undefined;
  /** Up to here everything is durable and may be referenced. */
  end: number;
}

export interface SegmentWriter {
  append(chunks: readonly Uint8Array[]): Promise<readonly ChunkPlace[]>;
  /** Nothing waits and nothing is being written. */
  readonly idle: boolean;
  /** Gives the descriptor back when idle; the next append opens the same segment again. */
  release(): Promise<void>;
  /** After what waits has been written. */
  close(): Promise<void>;
}

/** `turn` lends one of the few slots in which a flush may run: the thread pool has four threads for everybody. */
export function createSegmentWriter(
  directory: SegmentDirectory,
  limits: SegmentLimits,
  turn: <T>(work: () => Promise<T>) => Promise<T>,
): SegmentWriter {
  const waiting: Waiting[] = [];
  let segment: Segment | undefined;
  let running: Promise<void> | undefined;

  async function drain(): Promise<void> {
    while (waiting.length > 0) await turn(flush);
  }

  /** Writes a batch from the front of the queue; whoever has all its chunks durable is answered. */
  async function flush(): Promise<void> {
    let batch: Batch | undefined;
    try {
      segment = await readySegment(segment);
      batch = takeBatch(waiting, limits.segmentMaxBytes - segment.end, limits);
      if (batch.chunks.length > 0) await writeDurably(segment, batch.chunks, batch.bytes);
      const { id, end } = segment;
      let offset = end;
      for (const { caller, bytes } of batch.parts) {
        caller.places.push({ segment: id, offset, length: bytes.length });
        offset += bytes.length;
      }
      segment.end = offset;
      if (batch.full) await retire();
    } catch (error) {
      await retire().catch(() => {});
      const callers = new Set(batch?.parts.map((part) => part.caller) ?? waiting.slice(0, 1));
      for (const caller of callers) {
        waiting.splice(waiting.indexOf(caller), 1);
        caller.failed(failureOf(error));
      }
      return;
    }
    while (waiting[0] && waiting[0].places.length === waiting[0].chunks.length) {
      const caller = waiting.shift()!;
      caller.done(caller.places);
    }
  }

  async function readySegment(current: Segment | undefined): Promise<Segment & { file: SegmentFile }> {
    const ready = current ?? { id: directory.newSegmentId(), file: undefined, end: 0 };
    const path = join(directory.path, `${ready.id}.seg`);
    ready.file ??= current ? await directory.reopen(path) : await directory.create(path);
    return ready as Segment & { file: SegmentFile };
  }

  /** No more is appended to this segment. */
  async function retire(): Promise<void> {
    const file = segment?.file;
    segment = undefined;
    await file?.close();
  }

  return {
    append(chunks) {
      return new Promise((done, failed) => {
        if (chunks.length === 0) return done([]);
        if (chunks.some((chunk) => chunk.length === 0 || chunk.length > limits.segmentMaxBytes))
          return failed(new RangeError(`a chunk has 1 to ${limits.segmentMaxBytes} bytes`));
        waiting.push({ chunks, places: [], done, failed });
        running ??= drain().finally(() => {
          running = undefined;
        });
      });
    },
    get idle() {
      return running === undefined && waiting.length === 0;
    },
    async release() {
      if (running || waiting.length > 0 || !segment?.file) return;
      const { file } = segment;
      segment.file = undefined;
      await file.close();
    },
    async close() {
      await running;
      await retire();
    },
  };
}

interface Batch {
  readonly parts: { readonly caller: Waiting; readonly bytes: Uint8Array }[];
  readonly chunks: Uint8Array[];
  readonly bytes: number;
  /** The next chunk does not fit into this segment. */
  readonly full: boolean;
}

/** In the order of the callers, never past a limit, never a chunk in two segments. */
function takeBatch(waiting: readonly Waiting[], room: number, limits: SegmentLimits): Batch {
  const parts: Batch['parts'] = [];
  let bytes = 0;
  for (const caller of waiting)
    for (const chunk of caller.chunks.slice(caller.places.length)) {
      const full = bytes + chunk.length > room;
      const enough = parts.length === limits.flushMaxChunks || bytes >= limits.flushMaxBytes;
      if (full || enough) return { parts, chunks: parts.map((part) => part.bytes), bytes, full };
      parts.push({ caller, bytes: chunk });
      bytes += chunk.length;
    }
  return { parts, chunks: parts.map((part) => part.bytes), bytes, full: false };
}

async function writeDurably(segment: Segment, chunks: readonly Uint8Array[], bytes: number): Promise<void> {
  const file = segment.file!;
  try {
    let left = [...chunks];
    for (let written = 0; written < bytes; ) {
      const { bytesWritten } = await file.writev(left, segment.end + written);
      if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
      written += bytesWritten;
      left = skip(left, bytesWritten);
    }
  } catch (error) {
    // Gives the room of a half-written batch back; nothing refers to it.
    await file.truncate(segment.end).catch(() => {});
    throw error;
  }
  // After a failed fdatasync the pages count as clean and a second one would lie: the segment is given up instead.
  await file.datasync();
}

function skip(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  return chunks.flatMap((chunk) => {
    const gone = Math.min(left, chunk.length);
    left -= gone;
    return gone === chunk.length ? [] : [chunk.subarray(gone)];
  });
}

function failureOf(cause: unknown): CloudError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new CloudError(full ? 'TENDER_BLOB_STORE_FULL' : 'TENDER_STORE_UNAVAILABLE', undefined, { cause });
}
