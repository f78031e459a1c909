// The task index_document: a stored version becomes passages, and its yacht gets a notice. At least once: the store
// fences by attempt, so a second run changes nothing. What fails is either away for a while (database, blob store: a new
// job later, without end) or the document's own doing (one more try, then quarantine with a notice that says why).
import { CloudError, codeOf } from '../cloud-error.ts';
import { nameForPeople } from '../contract/name.ts';
import { problems } from '../contract/problems.ts';
import type { CloudLog } from '../log.ts';
import type { BlobStore, ChunkPlace, CloudStore, IndexWork, Random } from '../ports.ts';
import { kindOf, sniffBytes } from './extract/kinds.ts';
import type { Extraction, ExtractLimits, ExtractRequest } from './extract/run.ts';

/** What a job carries: ids, and what earlier jobs of the same version came to. */
export interface IndexPayload {
  readonly documentId: string;
  readonly version: number;
  /** Tries that failed for want of a database or blob store. */
  readonly waits?: number;
  /** Code of the last failure that was the document's own. */
  readonly failure?: string;
  /** How many of those there were. */
  readonly failures?: number;
}

export interface IndexLimits extends ExtractLimits {
  /** Waits before a new job after a transient fault; the last one repeats. */
  readonly retryDelaysMs: readonly number[];
  /** Wait before the second try of a document that ended its reader. */
  readonly secondTryMs: number;
  /** Failures of its own that quarantine a document, even if each was another kind. */
  readonly failuresMax: number;
  /** Times a worker may die with the same job before the document is held responsible. */
  readonly workerDeathsMax: number;
}

export interface IndexPorts {
  readonly store: CloudStore;
  readonly blobs: BlobStore;
  readonly extract: (request: ExtractRequest) => Promise<Extraction>;
  readonly random: Random;
  readonly log: CloudLog;
  readonly limits: IndexLimits;
}

/** The queue's side of one run. */
export interface IndexRun {
  /** How often this very job was taken up, this time included: more than once means that a worker died with it. */
  readonly takes: number;
  readonly signal: AbortSignal;
  /** Puts a new job for the same version into the queue. */
  readonly again: (payload: IndexPayload, delayMs: number) => Promise<void>;
}

const placesAtOnce = 256;

/** Runs one job. Rejects only when not even a new job could be queued: then the queue's own retry remains. */
export async function indexDocument(ports: IndexPorts, payload: IndexPayload, run: IndexRun): Promise<void> {
  const { store, log, limits } = ports;
  const ids = { documentId: payload.documentId, version: payload.version };
  let work: IndexWork | undefined;
  try {
    work = await store.takeIndexWork(payload.documentId, payload.version);
    if (!work) return;
    if (run.takes > limits.workerDeathsMax) {
      const reason = `the indexing worker ended ${limits.workerDeathsMax} times while it had this document`;
      await quarantine(ports, work, 'TENDER_INDEX_WORKER_DIED', reason);
      return;
    }
    const result = await read(ports, work, run.signal);
    if ('aborted' in result) {
      await run.again(payload, 0);
      log.info({ code: 'index.released', ...ids }, 'given back: this worker stops');
    } else if ('failed' in result) {
      const failures = (payload.failures ?? 0) + 1;
      if (result.certain || payload.failure === result.failed || failures >= limits.failuresMax) {
        await quarantine(ports, work, result.failed, result.reason);
        return;
      }
      await run.again({ ...payload, failure: result.failed, failures }, limits.secondTryMs);
      log.warn({ code: 'index.secondTry', ...ids, failure: result.failed }, result.reason);
    } else {
      const counted = await store.recordIndexed(work, result);
      const numbers = { passages: result.passages.length, attempt: work.attempt, counted };
      log.info({ code: 'index.done', ...ids, ...numbers }, result.reason || 'indexed');
    }
  } catch (error) {
    if (run.signal.aborted) {
      await run.again(payload, 0);
      return;
    }
    const tired = (payload.waits ?? 0) >= limits.retryDelaysMs.length;
    if (work && tired && codeOf(error) === 'TENDER_BLOB_MISSING') {
      // Not away but gone: waiting longer brings nothing back, and somebody has to know.
      await quarantine(ports, work, 'TENDER_BLOB_MISSING', 'its stored bytes are damaged or missing ashore');
      return;
    }
    await postpone(ports, payload, run, error);
  }
}

/** Database or blob store away, or an error of ours: the version stays as it is and a new job waits. */
async function postpone(
  ports: IndexPorts,
  payload: IndexPayload,
  run: IndexRun,
  error: unknown,
): Promise<void> {
  const { retryDelaysMs } = ports.limits;
  const waits = payload.waits ?? 0;
  const base = retryDelaysMs[Math.min(waits, retryDelaysMs.length - 1)] ?? 60_000;
  // ±20 %, so that what failed together does not come back together.
  const delayMs = Math.round(base * (0.8 + 0.4 * ports.random.unit()));
  const code = codeOf(error) ?? 'TENDER_CLOUD_INTERNAL';
  ports.log.warn(
    {
      code: 'index.postponed',
      cause: code,
      documentId: payload.documentId,
      version: payload.version,
      delayMs,
      err: error,
    },
    problems[code].title,
  );
  await run.again({ ...payload, waits: waits + 1 }, delayMs);
}

async function quarantine(ports: IndexPorts, work: IndexWork, code: string, reason: string): Promise<void> {
  const counted = await ports.store.recordIndexFailed(work, { code, reason });
  const ids = { documentId: work.documentId, version: work.version };
  ports.log.warn({ code: 'index.quarantined', cause: code, ...ids, counted }, reason);
}

/** Judges the kind by the first chunk and hands the bytes to the extraction child. */
async function read(ports: IndexPorts, work: IndexWork, signal: AbortSignal): Promise<Extraction> {
  if (work.lengthBytes === 0) return { passages: [], reason: 'it is empty' };
  const bytes = () => bytesOf(ports, work);
  let head: Uint8Array = new Uint8Array();
  for await (const chunk of bytes()) {
    head = chunk.subarray(0, sniffBytes);
    break;
  }
  const kind = kindOf(nameForPeople(work.name), head);
  if (!kind) return { passages: [], reason: 'its kind holds no text that can be read' };
  return ports.extract({ kind, lengthBytes: work.lengthBytes, bytes, limits: ports.limits, signal });
}

/** The version's chunks in order, their places looked up a page at a time. */
async function* bytesOf({ store, blobs }: IndexPorts, work: IndexWork): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < work.entries.length; at += placesAtOnce) {
    const page = work.entries.slice(at, at + placesAtOnce);
    const places = await store.findChunks(
      work.tenantId,
      page.map((entry) => entry.id),
    );
    for (const place of places) yield await readPlace(blobs, work.tenantId, place);
  }
}

function readPlace(blobs: BlobStore, tenantId: string, place: ChunkPlace | undefined): Promise<Uint8Array> {
  if (!place) throw new CloudError('TENDER_BLOB_MISSING');
  return blobs.read(tenantId, place);
}

/** A payload from the queue; undefined for one that no release of ours wrote. */
export function parsePayload(value: unknown): IndexPayload | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { documentId, version, waits, failure, failures } = value as Record<string, unknown>;
  if (typeof documentId !== 'string' || typeof version !== 'number') return undefined;
  return {
    documentId,
    version,
    ...(typeof waits === 'number' ? { waits } : {}),
    ...(typeof failure === 'string' ? { failure } : {}),
    ...(typeof failures === 'number' ? { failures } : {}),
  };
}
