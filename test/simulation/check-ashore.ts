// The checker that stands ashore: it sees each transaction as it commits, each receipt as it leaves, and knows what the
// sources really held. It asks the product for nothing: what it judges are rows, blobs and bytes on the wire.
import { decodeCloudFrame } from '../../cloud/contract/frame-decoder.ts';
import { frameTypes } from '../../cloud/contract/frames.ts';
import { type Name, nameToBytes } from '../../cloud/contract/name.ts';
import type { ChunkPlace, CloudStore, IndexWork, Offer, Receipt } from '../../cloud/ports.ts';
import type { FakeBlobs } from '../support/fake-blobs.ts';
import type { Report } from './report.ts';
import { type Sources, sha256Hex } from './sources.ts';

export interface Committed {
  readonly uploadId: string;
  readonly name: string;
  readonly documentId: string;
  readonly version: number;
  readonly lengthBytes: number;
  readonly sha256: string;
  readonly places: readonly ChunkPlace[];
  /** How indexing ended, once it has. */
  indexed: 'indexed' | 'failed' | undefined;
}

export class CheckAshore {
  readonly #report: Report;
  readonly #sources: Sources;
  readonly #blobs: FakeBlobs;
  readonly #logWasRebuilt: () => boolean;
  /** Told of each commit: it added a job. */
  onCommit: () => void = () => {};
  readonly #offers = new Map<string, Offer>();
  /** By upload id. */
  readonly committed = new Map<string, Committed>();
  /** By document name, in order of commit. */
  readonly versions = new Map<string, Committed[]>();

  constructor(report: Report, sources: Sources, blobs: FakeBlobs, logWasRebuilt: () => boolean) {
    this.#report = report;
    this.#sources = sources;
    this.#blobs = blobs;
    this.#logWasRebuilt = logWasRebuilt;
  }

  /** The store with a witness inside: what it sees has committed, whatever becomes of the answer. */
  watch(inner: CloudStore): CloudStore {
    return {
      ...inner,
      offerDocument: async (scope, offer) => {
        const answer = await inner.offerDocument(scope, offer);
        if (answer.state !== 'conflict') this.#offers.set(offer.uploadId, offer);
        return answer;
      },
      finishVersion: async (scope, finish) => {
        const receipt = await inner.finishVersion(scope, finish);
        if (!this.committed.has(receipt.uploadId)) {
          const places = await inner.findChunks(
            scope.tenantId,
            finish.entries.map((entry) => entry.id),
          );
          this.#commits(receipt, places);
        }
        return receipt;
      },
      noticesAfter: async (scope, cursor, limit) => {
        const notices = await inner.noticesAfter(scope, cursor, limit);
        // What was acknowledged is gone, though a claim made before may ask from further back.
        const first = Math.max(cursor, this.#acknowledged) + 1;
        notices.forEach(({ sequence }, at) => {
          if (sequence !== first + at)
            this.#report.violate(
              'P5 notices without gaps',
              `after ${cursor}: ${sequence}, not ${first + at}`,
            );
        });
        return notices;
      },
      acknowledgeNotices: async (scope, cursor) => {
        await inner.acknowledgeNotices(scope, cursor);
        this.#acknowledged = Math.max(this.#acknowledged, cursor);
      },
      recordIndexed: async (work, result) => {
        const done = await inner.recordIndexed(work, result);
        if (done) this.#indexed(work, 'indexed');
        return done;
      },
      recordIndexFailed: async (work, failure) => {
        const done = await inner.recordIndexFailed(work, failure);
        if (done) this.#indexed(work, 'failed');
        return done;
      },
    };
  }

  /** Each frame at the moment it leaves the shore. */
  leaves(bytes: Uint8Array): void {
    if (bytes[0] !== frameTypes.RECEIPT) return;
    const decoded = decodeCloudFrame(bytes);
    if (!('frame' in decoded) || decoded.frame.type !== 'RECEIPT') return;
    for (const receipt of decoded.frame.receipts) {
      const row = this.committed.get(receipt.uploadId);
      if (!row)
        this.#report.violate(
          'P2 stored means stored',
          `a receipt for ${receipt.uploadId} left before its commit`,
        );
      else if (
        row.sha256 !== Buffer.from(receipt.sha256).toString('hex') ||
        row.lengthBytes !== receipt.lengthBytes ||
        row.version !== receipt.version ||
        row.documentId !== receipt.documentId
      )
        this.#report.violate(
          'P2 stored means stored',
          `the receipt for ${receipt.uploadId} does not match its row`,
        );
      else this.#bytesOf(row);
    }
  }

  #commits(receipt: Receipt, places: readonly (ChunkPlace | undefined)[]): void {
    const { uploadId } = receipt;
    const offer = this.#offers.get(uploadId);
    if (!offer) {
      this.#report.violate('P3 once', `${uploadId} was finished without an offer`);
      return;
    }
    const name = nameText(offer.name);
    const sha256 = Buffer.from(receipt.sha256).toString('hex');
    const text = JSON.stringify(name);
    const before = this.versions.get(name) ?? [];
    if (before.some((row) => row.version === receipt.version))
      this.#report.violate('P3 once', `${text} has version ${receipt.version} twice`);
    // A rebuilt log may finish what its lost records had ended: late, and without becoming the newest.
    if (before.some((row) => row.version > receipt.version) && !this.#logWasRebuilt())
      this.#report.violate(
        'P5 in order',
        `${text}: version ${receipt.version} came after ${before.at(-1)?.version}`,
      );
    if (!this.#sources.everHeld(name, sha256))
      this.#report.violate(
        'P4 whole or nothing',
        `${text} version ${receipt.version}: its source never held these bytes`,
      );
    if (places.includes(undefined))
      this.#report.violate(
        'P4 whole or nothing',
        `${text} version ${receipt.version} was finished with a hole`,
      );
    const row: Committed = {
      uploadId,
      name,
      documentId: receipt.documentId,
      version: receipt.version,
      lengthBytes: receipt.lengthBytes,
      sha256,
      places: places.filter((place) => place !== undefined),
      indexed: undefined,
    };
    this.committed.set(uploadId, row);
    this.versions.set(name, [...before, row]);
    this.#report.trace(`commit ${JSON.stringify(name)} v${row.version} ${sha256.slice(0, 12)}`);
    this.#bytesOf(row);
    this.onCommit();
  }

  /** The bytes of a committed version, from the medium: durable, complete, and what was promised. */
  #bytesOf(row: Committed, tenantId = this.tenantId): void {
    const parts = row.places.map((place) => this.#blobs.durable(tenantId, place));
    if (parts.includes(undefined)) {
      this.#report.violate(
        'P2 stored means stored',
        `${row.name} version ${row.version}: bytes are not durable`,
      );
      return;
    }
    const bytes = Buffer.concat(parts as Uint8Array[]);
    if (bytes.length !== row.lengthBytes || sha256Hex(bytes) !== row.sha256)
      this.#report.violate(
        'P4 whole or nothing',
        `${row.name} version ${row.version}: the bytes ashore are others`,
      );
  }

  tenantId = '';
  /** Newest notice that the yacht has said to be in its log. */
  #acknowledged = 0;

  #indexed(work: IndexWork, how: 'indexed' | 'failed'): void {
    const row = this.committed.get(work.uploadId);
    if (!row) {
      this.#report.violate('P2 stored means stored', `${work.uploadId} was indexed and never stored`);
      return;
    }
    if (row.indexed) this.#report.violate('P3 once', `${work.uploadId} was indexed twice`);
    row.indexed = how;
    this.#report.trace(`${how} ${JSON.stringify(row.name)} v${row.version}`);
  }

  /** Everything once more at the end: what was stored is still there. */
  finish(): void {
    for (const row of this.committed.values()) this.#bytesOf(row);
  }
}

/** One character per byte: a map's key for names that need not be text. */
export function nameText(name: Name): string {
  return Buffer.from(nameToBytes(name)).toString('latin1');
}
