// Small documents that arrive whole: hashed, put into the store, offered and finished together. The same order of writes as for any
// other document, once for many: bytes durable → rows of all in one transaction → receipts. Used by documents.ts.
import { createHash } from 'node:crypto';
import type { BlobStore, ChunkPlace, CloudStore, DeviceScope, Offer, Receipt } from '../ports.ts';

/** At most one chunk long. */
export interface WholeDocument {
  readonly offer: Offer;
  /** As announced: refused when the content has another. */
  readonly sha256: Uint8Array;
  readonly content: Uint8Array;
}

export type WholeOutcome =
  | { readonly receipt: Receipt }
  | {
      readonly refused:
        | 'TENDER_VERSION_CONFLICT'
        | 'TENDER_CONTENT_MISMATCH'
        /** Damaged ashore while it was being stored: to be sent again. */
        | 'TENDER_STORE_UNAVAILABLE';
    };

const hexOf = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

export async function storeWhole(
  { store, blobs }: { readonly store: CloudStore; readonly blobs: BlobStore },
  scope: DeviceScope,
  documents: readonly WholeDocument[],
): Promise<WholeOutcome[]> {
  const outcomes: WholeOutcome[] = documents.map(() => ({ refused: 'TENDER_CONTENT_MISMATCH' }));
  const good = documents.flatMap((document, at) => {
    const id = createHash('sha256').update(document.content).digest();
    return Buffer.compare(id, document.sha256) === 0 ? [{ document, at }] : [];
  });
  if (good.length === 0) return outcomes;
  const places = await place(
    { store, blobs },
    scope.tenantId,
    good.map(({ document }) => document),
  );
  const answers = await store.storeWhole(
    scope,
    good.map(({ document: { offer, sha256, content } }) => {
      const put = places.get(hexOf(sha256));
      return { offer, sha256, lengthBytes: content.length, ...(put && { place: put }) };
    }),
  );
  for (const [n, { at }] of good.entries()) {
    const answer = answers[n]!;
    if (answer.state === 'finished') outcomes[at] = { receipt: answer.receipt };
    else
      outcomes[at] = {
        refused: answer.state === 'conflict' ? 'TENDER_VERSION_CONFLICT' : 'TENDER_STORE_UNAVAILABLE',
      };
  }
  return outcomes;
}

/** Appends the contents that the tenant does not hold yet, each once, with one flush for all; by hash. */
async function place(
  { store, blobs }: { readonly store: CloudStore; readonly blobs: BlobStore },
  tenantId: string,
  documents: readonly WholeDocument[],
): Promise<Map<string, ChunkPlace>> {
  const contents = [...new Map(documents.map((one) => [hexOf(one.sha256), one])).values()].filter(
    ({ content }) => content.length > 0,
  );
  const known = await store.findChunks(
    tenantId,
    contents.map(({ sha256 }) => sha256),
  );
  const unknown = contents.filter((_, at) => !known[at]);
  if (unknown.length === 0) return new Map();
  const places = await blobs.append(
    tenantId,
    unknown.map(({ content }) => content),
  );
  return new Map(unknown.map(({ sha256 }, at) => [hexOf(sha256), places[at]!]));
}
