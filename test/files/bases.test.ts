// What is kept of versions ashore: only what is stored counts, the newest stays, limits hold, leftovers go.
import { expect, test } from 'vitest';
import { type BasesLimits, createBases } from '../../agent/files/bases.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { MemoryFiles } from './support/memory-files.ts';

const random = (length: number, seed: number) => new FakeRandom(seed, 'bases').bytes(length);
const name = Buffer.from('papers/plan.pdf');
const id = (seed: number) => random(32, seed);

async function opened(files = new MemoryFiles(), limits: Partial<BasesLimits> = {}) {
  const bases = createBases({ files: files.port, directory: Buffer.from('/bases'), limits });
  await bases.open();
  const record = async (of: Uint8Array, version: number, chunks = 2) => {
    const recorder = bases.record(of, version);
    for (let n = 0; n < chunks; n++) await recorder.add(random(40_000, n), id(n));
    await recorder.end({ lengthBytes: chunks * 40_000, sha256: id(version) });
  };
  return { files, bases, record };
}

test('a version is a base once it is stored, not before', async () => {
  const { files, bases, record } = await opened();
  await record(name, 1);
  expect(await bases.find(name, 2)).toBeUndefined();
  await bases.stored(name, 1);
  const base = await bases.find(name, 2);
  expect(base).toMatchObject({ version: 1, lengthBytes: 80_000, signedChunks: 2 });
  expect([...base!.lengths]).toEqual([40_000, 40_000]);
  expect(Buffer.from(base!.table.subarray(40, 72)).equals(id(1))).toBe(true);
  expect((await base!.signatures(1, 2))!.byteLength).toBe(157 * 8);
  await base!.close();
  expect(await bases.find(name, 1)).toBeUndefined();
  expect(await bases.find(Buffer.from('papers/other'), 2)).toBeUndefined();
  expect(files.opened).toBe(0);
});

test('stored before its file was ready it counts all the same', async () => {
  const { bases, record } = await opened();
  await bases.stored(name, 1);
  await record(name, 1);
  const base = await bases.find(name, 2);
  expect(base?.version).toBe(1);
  await base!.close();
});

test('what was stored before a crash is believed when the rows say so', async () => {
  const { files, record } = await opened();
  await record(name, 1);
  const { bases } = await opened(files);
  const known = { version: 1, lengthBytes: 80_000, sha256: Buffer.from(id(1)).toString('hex') };
  const base = await bases.find(name, 2, known);
  expect(base?.version).toBe(1);
  await base!.close();
  expect(await bases.find(name, 2, { ...known, sha256: 'ff' })).toBeUndefined();
  expect(files.opened).toBe(0);
});

test('a newer version takes the place of the older ones', async () => {
  const { files, bases, record } = await opened();
  for (const version of [1, 2, 3]) {
    await record(name, version);
    if (version !== 2) await bases.stored(name, version);
  }
  expect(files.names('/bases')).toHaveLength(1);
  const base = await bases.find(name, 9);
  expect(base?.version).toBe(3);
  await base!.close();
});

test('the oldest go when all together are too large or too many, also at the start', async () => {
  const { files, bases, record } = await opened(undefined, { basesMaxCount: 3 });
  for (let n = 0; n < 5; n++) await record(Buffer.from(`papers/${n}`), 1);
  expect(files.names('/bases')).toHaveLength(3);
  const one = bases.usedBytes() / 3;
  const again = await opened(files, { basesMaxBytes: one * 2 });
  expect(files.names('/bases')).toHaveLength(2);
  expect(again.bases.usedBytes()).toBe(one * 2);
});

test('what was never finished is removed at the start, and strangers with it', async () => {
  const { files, bases } = await opened();
  await bases.record(name, 1).add(random(200_000, 1), id(1));
  files.put('/bases/9.part', random(10, 1));
  files.put('/bases/notes.txt', random(10, 1));
  await opened(files);
  expect(files.names('/bases')).toEqual([]);
});

test('a file that is not what was written is no base, and goes', async () => {
  const { files, bases, record } = await opened();
  await record(name, 1);
  await bases.stored(name, 1);
  const [path] = files.names('/bases');
  const { bytes } = files.held.get(path!)!;
  bytes[bytes.length - 100] = bytes[bytes.length - 100]! ^ 1;
  expect(await bases.find(name, 2)).toBeUndefined();
  expect(files.names('/bases')).toEqual([]);
  expect(files.opened).toBe(0);
});

test('beyond the limit lengths and ids are kept without signatures', async () => {
  const { bases, record } = await opened(undefined, { signedMaxBytes: 100_000 });
  await record(name, 1, 5);
  await bases.stored(name, 1);
  const base = await bases.find(name, 2);
  expect(base).toMatchObject({ signedChunks: 2 });
  expect(base!.lengths).toHaveLength(5);
  await base!.close();
});

test('a table of any length is written and read', async () => {
  for (const chunks of [1, 16, 17, 1_023, 1_024, 1_025, 2_049]) {
    const { bases } = await opened(undefined, { signedMaxBytes: 0, documentMinBytes: 0 });
    const recorder = bases.record(name, 1);
    const ids = random(chunks * 32, chunks);
    for (let n = 0; n < chunks; n++)
      await recorder.add(new Uint8Array(n + 1), ids.subarray(n * 32, n * 32 + 32));
    await recorder.end({ lengthBytes: 99, sha256: id(1) });
    await bases.stored(name, 1);
    const base = await bases.find(name, 2);
    expect([...base!.lengths]).toEqual(Array.from({ length: chunks }, (_, n) => n + 1));
    const last = base!.table.subarray(-32);
    expect(Buffer.from(last).equals(ids.subarray(-32))).toBe(true);
    await base!.close();
  }
});

test('short documents, and those given up, leave nothing', async () => {
  const { files, bases } = await opened();
  const short = bases.record(name, 1);
  await short.add(random(16_384, 1), id(1));
  await short.end({ lengthBytes: 16_384, sha256: id(1) });
  const givenUp = bases.record(name, 2);
  for (let n = 0; n < 150; n++) await givenUp.add(random(40_000, 1), id(1));
  await givenUp.discard();
  expect(files.names('/bases')).toEqual([]);
  expect(files.opened).toBe(0);
});
