// A changed file sends what changed, and whatever is wrong on the way, the shore ends up with the file's own bytes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeRandom } from '../support/fake-random.ts';
import { deltaYacht } from './support/delta-yacht.ts';
import { content } from './support/yacht.ts';

const inserted = (base: Uint8Array, at: number, bytes: Uint8Array) =>
  Buffer.concat([base.subarray(0, at), bytes, base.subarray(at)]);

test('10 KB inserted into 8 MB are 10 KB and little more, without a question', async () => {
  const yacht = await deltaYacht();
  const first = content(8_000_000, 'first');
  await yacht.store(first);
  const second = inserted(first, 3_141_592, content(10_240, 'new'));
  const { upBytes, ashore } = await yacht.store(second);
  expect(ashore.equals(second)).toBe(true);
  expect(upBytes).toBeLessThan(10_240 + 900);
  const stored = yacht.events
    .filter(({ type }) => type === 'document.sent' || type === 'upload.stored')
    .slice(-2);
  const saved = stored.reduce((sum, event) => sum + (event.dedupedBytes as number), 0);
  expect(saved).toBeGreaterThan(8_000_000 - 900);
  expect(saved).toBeLessThanOrEqual(8_000_000);
});

test('wherever the cuts come to lie: a piece of the older version across one of them does not travel', async () => {
  const yacht = await deltaYacht();
  let bytes: Buffer = Buffer.from(content(1_000_000, 'first'));
  await yacht.store(bytes);
  const random = new FakeRandom(5, 'places');
  for (let n = 0; n < 30; n++) {
    // Of content that is new and long, most cuts lie apart from those of before, until they meet again.
    const at = random.between(0, bytes.length);
    bytes = inserted(bytes, at, content(2_000, `new ${n}`));
    const { upBytes, ashore } = await yacht.store(bytes);
    expect(ashore.equals(bytes)).toBe(true);
    expect(upBytes).toBeLessThan(2_000 + 700);
  }
});

interface Edit {
  readonly kind: 'insert' | 'delete' | 'overwrite' | 'move' | 'append' | 'prepend' | 'truncate' | 'replace';
  readonly at: number;
  readonly count: number;
  readonly seed: number;
}

function edited(base: Uint8Array, { kind, at, count, seed }: Edit): { bytes: Buffer; fresh: number } {
  const from = Math.floor(at * base.length);
  const fresh = new FakeRandom(seed, 'edit').bytes(count);
  const join = (...parts: Uint8Array[]) => Buffer.concat(parts);
  switch (kind) {
    case 'insert':
      return { bytes: inserted(base, from, fresh), fresh: count };
    case 'delete':
      return { bytes: join(base.subarray(0, from), base.subarray(from + count)), fresh: 0 };
    case 'overwrite':
      return { bytes: join(base.subarray(0, from), fresh, base.subarray(from + count)), fresh: count };
    case 'move': {
      const piece = base.subarray(from, from + count);
      return { bytes: join(piece, base.subarray(0, from), base.subarray(from + count)), fresh: 0 };
    }
    case 'append':
      return { bytes: join(base, fresh), fresh: count };
    case 'prepend':
      return { bytes: join(fresh, base), fresh: count };
    case 'truncate':
      return { bytes: join(base.subarray(0, from)), fresh: 0 };
    case 'replace': {
      const other = new FakeRandom(seed, 'other').bytes(count * 10);
      return { bytes: Buffer.from(other), fresh: other.length };
    }
  }
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'overwrite', 'move', 'append', 'prepend', 'truncate', 'replace'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  count: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 40_000 })),
  seed: fc.nat({ max: 1_000 }),
});

test('any row of edits ends with the same bytes ashore, for the bytes that are new', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat({ max: 40_000 }), fc.nat({ max: 1_500_000 })),
      fc.array(fc.array(edit, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      async (size, steps) => {
        const yacht = await deltaYacht();
        let bytes: Buffer = Buffer.from(content(size, size));
        expect((await yacht.store(bytes)).ashore.equals(bytes)).toBe(true);
        for (const step of steps) {
          const baseBytes = bytes.length;
          let fresh = 0;
          for (const one of step) {
            const after = edited(bytes, one);
            bytes = after.bytes;
            fresh += after.fresh;
          }
          const { upBytes, ashore } = await yacht.store(bytes);
          expect(ashore.equals(bytes)).toBe(true);
          // An edit divides a piece and may move two cuts; documents that travel whole do that.
          const isShort = bytes.length <= 16_384 || baseBytes <= 16_384;
          const most = isShort ? bytes.length : fresh + step.length * 4 * 512;
          expect(upBytes).toBeLessThanOrEqual(most * 1.01 + 1_200);
        }
        expect(yacht.files.opened).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

test('A, B, A again ends at A', async () => {
  const yacht = await deltaYacht();
  const a = content(700_000, 'a');
  const b = inserted(a, 300_000, content(5_000, 'b'));
  await yacht.store(a);
  await yacht.store(b);
  const again = await yacht.store(a);
  expect(again.ashore.equals(Buffer.from(a))).toBe(true);
  expect(again.upBytes).toBeLessThan(2_000);
});

// ---------------------------------------------------------------------------------------------- what goes wrong

const base = content(2_000_000, 'base');
const changed = inserted(base, 1_000_000, content(3_000, 'change'));

test('without a base aboard only chunks that are ashore are named', async () => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  await yacht.bases.forget(Buffer.from(yacht.name));
  expect(yacht.files.names('/bases')).toEqual([]);
  const { upBytes, ashore } = await yacht.store(changed);
  expect(ashore.equals(changed)).toBe(true);
  expect(upBytes).toBeLessThan(400_000);
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['with a rotten id', (bytes: Buffer) => flipped(bytes, bytes.length - 400)],
  ['with rotten signatures', (bytes: Buffer) => bytes.map((byte, at) => (at < 40_000 ? byte ^ 1 : byte))],
  ['empty', () => Buffer.alloc(0)],
])('a base aboard that is %s costs bytes at the most', async (_, spoil) => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  const [path] = yacht.files.names('/bases');
  yacht.files.put(path!, spoil(yacht.files.held.get(path!)!.bytes));
  const { upBytes, ashore } = await yacht.store(changed);
  expect(ashore.equals(changed)).toBe(true);
  expect(upBytes).toBeLessThan(400_000);
  // And the version after it has a good one again.
  const third = inserted(changed, 500_000, content(3_000, 'third'));
  expect((await yacht.store(third)).upBytes).toBeLessThan(4_500);
});

test('pieces that only seem to be the same are noticed ashore, and the chunk goes as it is', async () => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  const [path] = yacht.files.names('/bases');
  // Each piece claims the hashes of its neighbour: whatever is found is a collision.
  const bytes = Buffer.from(yacht.files.held.get(path!)!.bytes);

  for (let at = 20_000; at < 45_000; at += 16) {
    bytes.subarray(at, at + 16).reverse();
    bytes.subarray(at, at + 16).swap64();
  }
  yacht.files.put(path!, bytes);
  const { ashore } = await yacht.store(changed);
  expect(ashore.equals(changed)).toBe(true);
  expect(yacht.yacht.shore.logged).toContainEqual(
    expect.objectContaining({ event: 'line.chunk.undecodable', error: 'RangeError: made something else' }),
  );
});

test('a base of another content under the same version ends well, in a second try', async () => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  const [path] = yacht.files.names('/bases');
  const other = await deltaYacht();
  await other.store(Buffer.concat([content(70_000, 'before'), base]));
  const [otherPath] = other.files.names('/bases');
  yacht.files.put(path!, other.files.held.get(otherPath!)!.bytes);
  const { ashore } = await yacht.store(changed);
  expect(ashore.equals(changed)).toBe(true);
  const mismatch = { type: 'send.incomplete' };
  expect(yacht.events).toContainEqual(expect.objectContaining(mismatch));
});

test('a base that is not ashore: chunks are named by id, the changed one goes as it is', async () => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  const { store } = yacht.yacht.shore.cloud;
  const versionEntries = store.versionEntries;
  store.versionEntries = async () => undefined;
  const { upBytes, ashore } = await yacht.store(changed);
  store.versionEntries = versionEntries;
  expect(ashore.equals(changed)).toBe(true);
  expect(upBytes).toBeLessThan(400_000);
});

test('chunks of the base that are lost ashore are sent again', async () => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  const { store } = yacht.yacht.shore.cloud;
  const [, second, , fourth] = (await store.versionEntries(
    { tenantId: yacht.yacht.shore.tenantId, deviceId: yacht.yacht.shore.deviceId, epoch: 1 },
    yacht.name as never,
    1,
  ))!;
  await store.condemnChunks(yacht.yacht.shore.tenantId, [second!.id, fourth!.id]);
  const { ashore } = await yacht.store(changed);
  expect(ashore.equals(changed)).toBe(true);
});

test('a base of which the shore has lost every chunk is told of in many words, and sent again', async () => {
  const yacht = await deltaYacht({ ashore: { limits: { storeBatchMaxCount: 2 } } });
  await yacht.store(base);
  const { tenantId, deviceId, cloud } = yacht.yacht.shore;
  const scope = { tenantId, deviceId, epoch: 1 };
  const entries = (await cloud.store.versionEntries(scope, yacht.name as never, 1))!;
  await cloud.store.condemnChunks(
    tenantId,
    entries.map(({ id }) => id),
  );
  const upload = yacht.newVersion(changed);
  await yacht.carry(upload);
  expect((await yacht.yacht.shore.content(upload.uploadId)).equals(changed)).toBe(true);
  expect(yacht.events.filter(({ type }) => type === 'send.failed')).toEqual([]);
});

test('a death in the middle: what is ashore stays, the rest is told by the base again', async () => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  const edits = Buffer.concat(
    [0, 1, 2, 3].map((n) => inserted(base.subarray(n * 5e5, (n + 1) * 5e5), 2e5, content(20_000, n))),
  );
  const upload = yacht.newVersion(edits);
  yacht.yacht.link.cutAfterBytes = yacht.yacht.link.upBytes + 30_000;
  const sending = yacht.send(upload);
  await yacht.yacht.clock.advance(400);
  sending.abort();
  yacht.yacht.link.cutAfterBytes = undefined;
  await yacht.restart();
  const before = yacht.yacht.link.upBytes;
  await yacht.carry(upload);
  expect((await yacht.yacht.shore.content(upload.uploadId)).equals(edits)).toBe(true);
  expect(yacht.yacht.link.upBytes - before).toBeLessThan(86_000);
});

test('cuts at any byte lose nothing', async () => {
  for (let cutAfter = 300; cutAfter < 25_000; cutAfter += 2_111) {
    const yacht = await deltaYacht();
    await yacht.store(base);
    const second = inserted(inserted(base, 400_000, content(9_000, 'x')), 1_500_000, content(9_000, 'y'));
    yacht.yacht.link.cutAfterBytes = yacht.yacht.link.upBytes + cutAfter;
    const upload = yacht.newVersion(second);
    const sending = yacht.send(upload);
    await yacht.yacht.clock.advance(500);
    sending.abort();
    yacht.yacht.link.cutAfterBytes = undefined;
    await yacht.yacht.open();
    await yacht.carry(upload);
    expect((await yacht.yacht.shore.content(upload.uploadId)).equals(second)).toBe(true);
  }
});

test('a disk that is full, or nearly, costs the base and nothing else', async () => {
  const yacht = await deltaYacht();
  yacht.files.writeError = 'ENOSPC';
  expect((await yacht.store(base)).ashore.equals(Buffer.from(base))).toBe(true);
  yacht.files.writeError = undefined;
  yacht.files.freeBytes = 1_000_000;
  expect((await yacht.store(changed)).ashore.equals(changed)).toBe(true);
  expect(yacht.files.names('/bases')).toEqual([]);
  expect(yacht.files.opened).toBe(0);
});

test('two versions on the line at once: both end with their own bytes', async () => {
  const yacht = await deltaYacht();
  await yacht.store(base);
  const versions = [changed, inserted(changed, 70_000, content(2_000, 'more'))];
  const uploads = versions.map((bytes) => yacht.newVersion(bytes));
  await Promise.all(uploads.map((upload) => yacht.carry(upload)));
  for (const [n, { uploadId }] of uploads.entries())
    expect((await yacht.yacht.shore.content(uploadId)).equals(versions[n]!)).toBe(true);
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ 0xff;
  return copy;
}
