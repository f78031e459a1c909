// Bugs planted on purpose, to prove that the checkers see them: each wraps a port or the store from outside, so that the
// product holds no switch. A checker that misses its plant is the defect then.
import type { Change, Files, KeyRange, KeyValue, Storage } from '../../agent/ports.ts';
import type { CloudStore, Offer, Receipt } from '../../cloud/ports.ts';
import type { FakeTimeline } from '../support/fake-timeline.ts';

export interface Plant {
  /** The agent's database, once per boot. */
  readonly storage?: (inner: Storage) => Storage;
  /** The agent's file system, once per boot. */
  readonly files?: (inner: Files) => Files;
  /** The cloud's rows, below the witness: what the plant does here is seen as a commit. */
  readonly rows?: (inner: CloudStore) => CloudStore;
  /** The cloud's rows, above the witness: what the plant answers here nobody has committed. */
  readonly store?: (inner: CloudStore, timeline: FakeTimeline) => CloudStore;
  /** The shore's segments answer before their sync. */
  readonly blobsAnswerEarly?: boolean;
}

export const plants = {
  /** The host starts effects after the write, not after the fsync. */
  'effect-before-fsync': {
    storage: (inner) =>
      opening(inner, (kv) => ({ ...kv, batch: (changes) => kv.batch(changes, { sync: false }) })),
  },
  /** Recovery does not look at the ledger: what ran when the power went is never started again. */
  'effects-not-reissued': { storage: (inner) => hidingFromBefore(inner, 'q/') },
  /** Recovery does not look at the timers: who waited when the power went waits for ever. */
  'timers-not-rearmed': { storage: (inner) => hidingFromBefore(inner, 'tm/') },
  /** The upload id is not used as the idempotency key: a finish that is repeated makes a second version. */
  'duplicate-result-accepted': { rows: finishingTwice },
  /** The receipt leaves while the transaction is still under way. */
  'receipt-before-commit': { store: answeringEarly },
  /** "Durable" is said of bytes that are still in a cache. */
  'durable-before-sync': { blobsAnswerEarly: true },
  /** The agent says "queued" of spooled bytes that a power cut can still take. */
  'spool-not-synced': {
    files: (inner) => ({
      ...inner,
      create: async (path) => ({ ...(await inner.create(path)), sync: async () => {} }),
      syncDirectory: async () => {},
    }),
  },
  /** The reader does not look at the file again: what changed under it is spliced. */
  'change-unnoticed': {
    files: (inner) => ({
      ...inner,
      open: async (path) => {
        const handle = await inner.open(path);
        const first = await handle.stat();
        return { ...handle, stat: async () => first };
      },
    }),
  },
} as const satisfies { readonly [name: string]: Plant };

export type PlantName = keyof typeof plants;
export const plantNames = Object.keys(plants) as PlantName[];

export function isPlant(name: string): name is PlantName {
  return Object.hasOwn(plants, name);
}

function opening(inner: Storage, wrap: (kv: KeyValue) => KeyValue): Storage {
  return { ...inner, open: async () => wrap(await inner.open()) };
}

/** Rows of a prefix that were there when the database was opened are not found by looking through them. */
function hidingFromBefore(inner: Storage, prefix: string): Storage {
  return {
    ...inner,
    open: async () => {
      const kv = await inner.open();
      const before = new Set<string>();
      for await (const [key] of kv.iterate({ gte: prefix, lt: `${prefix}\uffff` })) before.add(key);
      return {
        ...kv,
        batch: (changes: readonly Change[], options: { readonly sync: boolean }) => {
          for (const change of changes) if (change.type === 'put') before.delete(change.key);
          return kv.batch(changes, options);
        },
        iterate: (range: KeyRange) => without(kv.iterate(range), before),
      };
    },
  };
}

async function* without(
  rows: AsyncIterable<readonly [string, string]>,
  hidden: ReadonlySet<string>,
): AsyncGenerator<readonly [string, string]> {
  for await (const row of rows) if (!hidden.has(row[0])) yield row;
}

function finishingTwice(inner: CloudStore): CloudStore {
  const offers = new Map<string, Offer>();
  const finished = new Map<string, Parameters<CloudStore['finishVersion']>[1]>();
  return {
    ...inner,
    offerDocument: async (scope, offer) => {
      offers.set(offer.uploadId, offer);
      const before = finished.get(offer.uploadId);
      return before ? { state: 'open', entries: before.entries } : inner.offerDocument(scope, offer);
    },
    receipt: async () => undefined,
    openEntries: async (scope, uploadId) =>
      finished.get(uploadId)?.entries ?? inner.openEntries(scope, uploadId),
    finishVersion: async (scope, finish) => {
      const offer = offers.get(finish.uploadId);
      if (!finished.has(finish.uploadId) || !offer) {
        const receipt = await inner.finishVersion(scope, finish);
        finished.set(finish.uploadId, finish);
        return receipt;
      }
      const uploadId = `7${finish.uploadId.slice(1)}`;
      await inner.offerDocument(scope, { ...offer, uploadId, version: offer.version + 1 });
      await inner.recordChunks(scope, uploadId, finish.entries);
      return inner.finishVersion(scope, { ...finish, uploadId });
    },
  };
}

function answeringEarly(inner: CloudStore, timeline: FakeTimeline): CloudStore {
  const offers = new Map<string, Offer>();
  return {
    ...inner,
    offerDocument: async (scope, offer) => {
      offers.set(offer.uploadId, offer);
      return inner.offerDocument(scope, offer);
    },
    finishVersion: async (scope, finish) => {
      const offer = offers.get(finish.uploadId);
      if (!offer) return inner.finishVersion(scope, finish);
      timeline.after(400, () => void inner.finishVersion(scope, finish).catch(() => {}));
      const receipt: Receipt = {
        ...scope,
        uploadId: finish.uploadId,
        documentId: '00000000-0000-4000-8000-000000000000',
        version: offer.version,
        lengthBytes: finish.lengthBytes,
        sha256: finish.sha256,
        storedMs: 0,
      };
      return receipt;
    },
  };
}
