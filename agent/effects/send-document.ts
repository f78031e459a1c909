// The effect sendDocument: carries one document over the line until its finish has left. Results: document.sent,
// content.unchanged, source.changed, file.vanished, file.unreadable, send.failed; transfer.checkpointed on the way. Stopped (link
// gone, paused) it leaves the document on the line as it is, to go on there when it is issued again.
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import { type Name, nameToBytes } from '../../cloud/contract/name.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import { type Bases, basesLimits } from '../files/bases.ts';
import type { DocumentReader } from '../files/document-reader.ts';
import { type StoredVersion, statFromJson } from '../files/file-row.ts';
import type { ChunkLedger } from '../files/ledger.ts';
import { type Source, sourceFromJson } from '../files/source.ts';
import { sourceEvent } from '../files/source-failure.ts';
import type { EffectHandler, EffectRequest } from '../host/contract.ts';
import { resendDelayMs } from '../line/delays.ts';
import { Delta } from '../line/delta.ts';
import { type LineLimitsAboard, lineLimits } from '../line/limits.ts';
import type { Line } from '../line/line.ts';
import type { DocumentSource, Sent, Whole } from '../line/outcome.ts';
import type { OutgoingDocument } from '../line/outgoing.ts';
import type { Clock, FileStat, Random } from '../ports.ts';

/** Which document an effect is about. */
export interface SentDocument {
  readonly source: Source;
  readonly name: Name;
  readonly version: number;
}

export interface SendDocumentPorts {
  readonly line: Pick<Line, 'carry' | 'suspend' | 'release' | 'drop'>;
  readonly open: (source: Source, settled: FileStat | undefined) => DocumentReader;
  readonly ledger: ChunkLedger;
  /** The version ashore that this content equals, if sending it would change nothing. */
  readonly unchanged: (document: SentDocument, read: Whole) => Promise<number | undefined>;
  /** What is kept of versions that are ashore; absent: every version is sent by itself. */
  readonly bases?: Pick<Bases, 'find' | 'record' | 'forget'>;
  /** The version of this document that the shore surely has. */
  readonly storedOf?: (document: SentDocument) => Promise<StoredVersion | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Pick<LineLimitsAboard, 'progressEveryMs' | 'checkpointEveryMs'>;
}

export function sendDocument(ports: SendDocumentPorts): EffectHandler {
  return async (request): Promise<MachineEvent> => {
    const { params, signal } = request;
    signal.throwIfAborted();
    const uploadId = uploadOf(request);
    const source = sourceFromJson(params.source);
    const settled = statFromJson(params.stat);
    const name = params.name as Name;
    const version = Number(params.version);
    const sizeBytes = source.kind === 'spooled' ? source.sizeBytes : settled?.sizeBytes;
    const upload = {
      uploadId,
      name: nameToBytes(name),
      version,
      priority: Number(params.priority),
      modifiedMs: settled ? Math.floor(Number(settled.mtimeNs) / 1e6) : 0,
      ...(sizeBytes !== undefined && { sizeBytes }),
    };
    const document = ports.line.carry(upload, {
      open: () => ports.open(source, settled),
      ledger: ports.ledger,
      unchanged: (read) => ports.unchanged({ source, name, version }, read),
      ...historyOf(ports, { source, name, version }, sizeBytes),
    });
    const stopTelling = tellProgress(ports, request, document);
    try {
      const outcome = await untilAborted(document.whenSent(), signal);
      return eventOf(ports, document, Number(params.failedInRow ?? 0), outcome);
    } catch (error) {
      ports.line.suspend(uploadId);
      throw error;
    } finally {
      stopTelling();
    }
  };
}

/** Nothing for a document that travels whole anyway. */
function historyOf(
  { bases, storedOf }: SendDocumentPorts,
  document: SentDocument,
  sizeBytes: number | undefined,
): Pick<DocumentSource, 'history'> {
  if (!bases || (sizeBytes !== undefined && sizeBytes <= basesLimits.documentMinBytes)) return {};
  const name = nameToBytes(document.name);
  const { version } = document;
  return {
    history: {
      delta: async () => {
        const base = await bases.find(name, version, await storedOf?.(document));
        return base && new Delta(base);
      },
      record: () => bases.record(name, version),
      distrust: () => void bases.forget(name),
    },
  };
}

/** The ULID of `upload/<ULID>`. */
export function uploadOf({ actor }: Pick<EffectRequest, 'actor'>): string {
  return actor.slice(actor.indexOf('/') + 1);
}

/** Rejects when the effect is withdrawn; what was awaited goes on without it. */
export function untilAborted<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    outcome.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function eventOf(
  { line, random }: SendDocumentPorts,
  document: OutgoingDocument,
  failedInRow: number,
  outcome: Sent,
): MachineEvent {
  const { uploadId } = document.upload;
  if ('sent' in outcome) {
    const { lengthBytes, sha256, chunks } = outcome.sent;
    // The document stays on the line until confirmStored has its receipt.
    const content = { lengthBytes, sha256: hexFromBytes(sha256), chunks };
    return { type: 'document.sent', ...content, ...document.meter.report() };
  }
  if ('unchanged' in outcome || 'changed' in outcome) {
    line.drop(uploadId); // this upload will never be finished
    return 'changed' in outcome
      ? { type: 'source.changed' }
      : { type: 'content.unchanged', version: outcome.unchanged };
  }
  line.release(uploadId);
  if ('failed' in outcome) {
    const event = sourceEvent(outcome.failed);
    return event.type === 'send.failed' ? { ...event, ...document.meter.report() } : event;
  }
  const { refused } = outcome;
  return {
    type: 'send.failed',
    class: refused.class,
    code: refused.code,
    message: refused.message,
    delayMs: resendDelayMs(refused, failedInRow, random.unit()),
    ...(refused.class === 'ITEM' && { permanent: true }),
    ...document.meter.report(),
  };
}

/** Bytes and percent for people, and now and then a soft mark in the log. */
function tellProgress(
  ports: SendDocumentPorts,
  request: EffectRequest,
  document: OutgoingDocument,
): () => void {
  const { progressEveryMs, checkpointEveryMs } = ports.limits ?? lineLimits;
  let marked = 0;
  let told = -1;
  let markedAt = ports.clock.monotonicMs();
  let cancel = () => {};
  let stopped = false;
  const look = () => {
    cancel();
    if (!stopped) tell();
  };
  const tell = () => {
    const { durableBytes, sentBytes, sizeBytes } = document.progress;
    if (told !== durableBytes + sentBytes) {
      told = durableBytes + sentBytes;
      const percent = sizeBytes ? Math.min(100, Math.floor((durableBytes * 100) / sizeBytes)) : null;
      request.progress({
        bytesDurable: durableBytes,
        bytesSent: sentBytes,
        bytesTotal: sizeBytes ?? null,
        percent,
      });
    }
    const now = ports.clock.monotonicMs();
    if (durableBytes > marked && now - markedAt >= checkpointEveryMs) {
      marked = durableBytes;
      markedAt = now;
      const bytesDurable = durableBytes;
      request.checkpoint({ type: 'transfer.checkpointed', bytesDurable, ...document.meter.report() });
    }
    cancel = ports.clock.after(progressEveryMs, tell);
  };
  tell();
  // Somebody may be waiting to see an urgent one begin.
  void document.whenBegun().then(look);
  return () => {
    stopped = true;
    cancel();
    tell();
    cancel();
  };
}
