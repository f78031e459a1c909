// Every frame the line may carry, for property tests: all types, all fields over their whole range.
import fc from 'fast-check';
import { failureClasses } from '../../cloud/contract/failure.ts';
import { type CloudFrame, encodings, wantReasons, type YachtFrame } from '../../cloud/contract/frames.ts';
import { ulidFromBytes } from '../../cloud/contract/ids.ts';
import { RunSet } from '../../cloud/contract/runs.ts';

const number = fc.oneof(fc.nat(200), fc.maxSafeNat());
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const sha256 = bytes(32);
const signature = bytes(64);
const ulid = bytes(16).map(ulidFromBytes);
const id = fc.oneof(fc.uuid(), fc.stringMatching(/^[a-z0-9-]{1,32}$/));
const code = fc.stringMatching(/^TENDER_[A-Z_]{1,20}$/);
const message = fc.string({ maxLength: 60 });
const runs = fc
  .array(fc.tuple(fc.nat(100_000), fc.integer({ min: 1, max: 50 })), { maxLength: 12 })
  .map((pairs) => RunSet.of(pairs.map(([start, length]) => ({ start, end: start + length }))).runs);
const extensions = fc
  .uniqueArray(fc.nat(500), { maxLength: 3 })
  .chain((tags) =>
    fc.tuple(
      ...tags
        .sort((a, b) => a - b)
        .map((tag) => fc.record({ tag: fc.constant(tag * 2), bytes: fc.uint8Array() })),
    ),
  );
const tenths = fc
  .oneof(
    fc.nat(50_000),
    fc.maxSafeNat().map((n) => n % 2 ** 50),
  )
  .map((n) => n / 10);
const chunkLength = fc.integer({ min: 1, max: 262_144 });
const record = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }, optional: (keyof T)[] = []) =>
  fc.record(shape as Record<string, fc.Arbitrary<unknown>>, {
    noNullPrototype: true,
    requiredKeys: Object.keys(shape).filter((key) => !optional.includes(key as keyof T)),
  });

const form = record({ encoding: fc.constantFrom(...encodings), lengthBytes: chunkLength });

export const yachtFrames = fc.oneof(
  record({
    type: fc.constant('OFFER'),
    handle: number,
    uploadId: ulid,
    version: number,
    priority: fc.integer({ min: 1, max: 10 }),
    modifiedMs: number,
    name: fc.uint8Array({ maxLength: 255 }),
    extensions,
  }),
  record({
    type: fc.constant('MANIFEST'),
    handle: number,
    first: number,
    entries: fc.array(
      fc.oneof(
        record({ length: chunkLength, id: sha256 }, ['id']),
        record({ length: chunkLength, encoded: form }),
      ),
    ),
    extensions,
  }),
  record({
    type: fc.constant('COPY'),
    handle: number,
    first: number,
    baseVersion: number,
    runs: fc.array(record({ baseIndex: number, count: fc.integer({ min: 1, max: 2 ** 31 }) }), {
      maxLength: 20,
    }),
    extensions,
  }),
  record(
    {
      type: fc.constant('PACK'),
      encoding: fc.constant('zstd'),
      lengthBytes: chunkLength,
      bytes: fc.uint8Array({ maxLength: 2_000 }),
    },
    ['encoding'],
  ),
  record({
    type: fc.constant('SLICE'),
    handle: number,
    index: number,
    offset: number,
    bytes: fc.uint8Array({ maxLength: 2_000 }),
  }),
  record({
    type: fc.constant('FINISH'),
    handle: number,
    lengthBytes: number,
    chunks: number,
    sha256,
    extensions,
  }),
  record({ type: fc.constant('DROP'), handle: number }),
  record({ type: fc.constant('SEEN'), cursor: number }),
  record({ type: fc.constant('LEFT'), serials: fc.array(number, { maxLength: 64 }) }),
  record(
    { type: fc.constant('INVENTORY'), after: fc.uint8Array({ minLength: 1, maxLength: 255 }), extensions },
    ['after'],
  ),
  record({ type: fc.constant('PING'), stamp: number, nonce: bytes(16) }, ['nonce']),
  record({ type: fc.constant('BYE'), code, message, retryAfterMs: number }),
) as unknown as fc.Arbitrary<YachtFrame>;

export const cloudFrames = fc.oneof(
  record({
    type: fc.constant('HELLO'),
    version: number,
    sessionId: fc.stringMatching(/^[0-9a-f]{32}$/),
    lane: number,
    serial: number,
    sinceMs: number,
    epoch: number,
    timeMs: number,
    tenantId: id,
    keyId: fc.stringMatching(/^[A-Za-z0-9_-]{1,22}$/),
    limits: record({
      frameMaxBytes: number,
      handlesMax: number,
      manifestEntriesMax: number,
      unackedMaxBytes: number,
      chunkMaxBytes: number,
    }),
    extensions,
    signature,
  }),
  record(
    {
      type: fc.constant('HELD'),
      uploadId: ulid,
      handle: fc.nat(1_000_000),
      durable: runs,
      partial: fc.array(record({ index: number, prefixBytes: number, encoded: form }, ['encoded']), {
        maxLength: 20,
      }),
      more: fc.boolean(),
    },
    ['handle'],
  ),
  record({
    type: fc.constant('ACK'),
    nowMs: tenths,
    lanes: fc.array(record({ serial: number, receivedBytes: number, heldMs: tenths }), { maxLength: 16 }),
    documents: fc.array(record({ handle: number, durable: runs }), { maxLength: 10 }),
  }),
  record({ type: fc.constant('WANT'), handle: number, reason: fc.constantFrom(...wantReasons), runs }),
  record({
    type: fc.constant('RECEIPT'),
    keyId: fc.stringMatching(/^[A-Za-z0-9_-]{1,22}$/),
    receipts: fc.array(
      record({
        uploadId: ulid,
        documentId: id,
        version: number,
        lengthBytes: number,
        sha256,
        storedMs: number,
      }),
      { maxLength: 64 },
    ),
    extensions,
    signature,
  }),
  record({
    type: fc.constant('NOTICE'),
    sequence: number,
    uploadId: ulid,
    documentId: id,
    version: number,
    kind: fc.constantFrom('indexed', 'index-failed'),
    passages: number,
    reason: message,
    atMs: number,
    extensions,
  }),
  record({
    type: fc.constant('REFUSED'),
    handle: number,
    class: fc.constantFrom(...failureClasses),
    code,
    message,
    retryAfterMs: number,
  }),
  record({
    type: fc.constant('INVENTORY_PAGE'),
    more: fc.boolean(),
    entries: fc.array(
      record({
        name: fc.uint8Array({ maxLength: 255 }),
        version: number,
        uploadId: ulid,
        lengthBytes: number,
        sha256,
        indexed: fc.boolean(),
      }),
    ),
  }),
  record({
    type: fc.constant('COUNTED'),
    lanes: fc.array(record({ serial: number, receivedBytes: number }), { maxLength: 64 }),
  }),
  record({ type: fc.constant('PONG'), stamp: number, signature }, ['signature']),
  record({ type: fc.constant('BYE'), code, message, retryAfterMs: number }),
) as unknown as fc.Arbitrary<CloudFrame>;
