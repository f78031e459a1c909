// Packs: whole small documents that need no OFFER and no FINISH. Each is judged as an offered one would be; those that may be stored go
// in groups, one transaction and one flush of the disk for many of them. Built by session.ts.
import { codeOf } from '../cloud-error.ts';
import type { PackFrame } from '../contract/frames.ts';
import { frameLimits } from '../contract/frames.ts';
import { nameFromBytes } from '../contract/name.ts';
import { decodePack, type PackDocument } from '../contract/pack.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import type { Documents, WholeDocument } from '../decide/documents.ts';
import type { DeviceScope, Receipt } from '../ports.ts';
import { decodeZstd } from './decode-zstd.ts';
import { isNameable } from './frame-limits.ts';
import type { LineLimitsAshore } from './limits.ts';

/** A waiting document in memory, besides its content. */
const waitingDocumentBytes = 1_024;

export interface PackPorts {
  readonly documents: Pick<Documents, 'storeWhole'>;
  readonly scope: DeviceScope;
  readonly limits: LineLimitsAshore;
  /** Takes the handle for a document of this upload; false when it was used before, and answered again. */
  readonly take: (document: PackDocument) => boolean;
  readonly stored: (handle: number, receipt: Receipt) => void;
  readonly refuse: (handle: number, code: ProblemCode) => void;
  /** The session is over: fenced or revoked. */
  readonly end: (code: ProblemCode) => void;
  /** Bytes that wait became more or less. */
  readonly changed: () => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

interface Waiting {
  readonly handle: number;
  readonly document: WholeDocument;
}

export class Packs {
  /** Memory of what was handed over and is not yet stored. */
  waitingBytes = 0;
  readonly #ports: PackPorts;
  #waiting: Waiting[] = [];
  #storing = false;
  #stopped = false;

  constructor(ports: PackPorts) {
    this.#ports = ports;
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** A problem ends the lane: no yacht packs like this. */
  take(frame: PackFrame): ProblemCode | undefined {
    const bytes = unpacked(frame);
    if (bytes === 'too-large') return 'TENDER_LIMIT_EXCEEDED';
    const documents = bytes && decodePack(bytes);
    if (!documents) return 'TENDER_FRAME_MALFORMED';
    for (const one of documents) {
      if (one.handle >= frameLimits.handlesMaxCount || one.content.length > this.#ports.limits.chunkMaxBytes)
        return 'TENDER_LIMIT_EXCEEDED';
    }
    for (const one of documents) if (this.#ports.take(one)) this.#judge(one);
    this.#ports.changed();
    this.#store();
    return undefined;
  }

  /** The session ends: what waits is not stored, what is being stored stays. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
  }

  #judge(one: PackDocument): void {
    if (!isNameable(one)) {
      this.#ports.refuse(one.handle, 'TENDER_NAME_INVALID');
      return;
    }
    // Copied: the pack's memory is free as soon as its last document is stored, whatever else it holds.
    const content = Uint8Array.from(one.content);
    this.waitingBytes += waitingDocumentBytes + content.length;
    this.#waiting.push({
      handle: one.handle,
      document: {
        offer: {
          uploadId: one.uploadId,
          name: nameFromBytes(Uint8Array.from(one.name)),
          version: one.version,
          priority: one.priority,
          modifiedMs: one.modifiedMs,
        },
        sha256: Uint8Array.from(one.sha256),
        content,
      },
    });
  }

  /** One group at a time; what arrives meanwhile is the next. */
  #store(): void {
    const { limits, documents, scope } = this.#ports;
    if (this.#storing || this.#stopped || this.#waiting.length === 0) return;
    let bytes = 0;
    let count = 0;
    for (const { document } of this.#waiting) {
      if (count > 0 && (count >= limits.packBatchMaxCount || bytes >= limits.packBatchMaxBytes)) break;
      bytes += waitingDocumentBytes + document.content.length;
      count += 1;
    }
    const group = this.#waiting.splice(0, count);
    this.#storing = true;
    documents
      .storeWhole(
        scope,
        group.map(({ document }) => document),
      )
      .then(
        (answers) => {
          for (const [at, { handle }] of group.entries()) {
            const answer = answers[at]!;
            if ('receipt' in answer) this.#ports.stored(handle, answer.receipt);
            else this.#ports.refuse(handle, answer.refused);
          }
        },
        (error: unknown) => this.#failed(group, error),
      )
      .finally(() => {
        this.#storing = false;
        this.waitingBytes -= bytes;
        this.#ports.changed();
        this.#store();
      });
  }

  #failed(group: readonly Waiting[], error: unknown): void {
    const code = codeOf(error);
    if (!code) this.#ports.log({ event: 'line.pack.failed', error: String(error) });
    if (code && problems[code].class === 'AUTH') this.#ports.end(code);
    else for (const { handle } of group) this.#ports.refuse(handle, code ?? 'TENDER_CLOUD_INTERNAL');
  }
}

/** Undefined: unreadable. Never more memory than the largest pack. */
function unpacked({ encoding, bytes, lengthBytes }: PackFrame): Uint8Array | undefined | 'too-large' {
  if (lengthBytes > frameLimits.packMaxBytes) return 'too-large';
  if (!encoding) return bytes.length === lengthBytes ? bytes : undefined;
  try {
    return decodeZstd(bytes, lengthBytes);
  } catch {
    return undefined; // also one that would have become larger than it said
  }
}
