// Chunks on the line in compressed form: smaller where it pays, the same bytes ashore in any case, resumed where they broke off, and
// sent as they are when the shore cannot read them.
import { describe, expect, test } from 'vitest';
import { compressHere } from '../../agent/adapters/node-zstd.ts';
import type { Compress } from '../../agent/line/encode-levels.ts';
import { decodeCloudFrame } from '../../cloud/contract/frame-decoder.ts';
import type { ManifestFrame, WantFrame } from '../../cloud/contract/frames.ts';
import { decodeZstd } from '../../cloud/line/decode-zstd.ts';
import { rawLane } from './support/raw-lane.ts';
import { content, memoryLedger, sha256, type Yacht, yachtAndShore } from './support/yacht.ts';

function prose(length: number, seed = 1): Uint8Array {
  const words = Array.from({ length: length / 12 }, (_, n) => `${(n * seed * 7_919) % 9_973} fathoms, `);
  return Uint8Array.from(Buffer.from(words.join('')).subarray(0, length));
}

async function yacht(parts: Parameters<typeof yachtAndShore>[0] = {}): Promise<Yacht> {
  const one = await yachtAndShore({ compress: compressHere, ...parts });
  one.chunkBytes = 20_000;
  return one;
}

const saved = (events: readonly object[]) =>
  events.reduce(
    (sum, event) => sum + ((event as { compressedAwayBytes?: number }).compressedAwayBytes ?? 0),
    0,
  );

/** Sends and confirms, and tells what the meter saw saved. */
async function carried(one: Yacht, uploadId: string): Promise<number> {
  const sending = one.send(uploadId);
  const sent = await one.until(sending.event);
  const stored = await one.until(one.confirm(uploadId, sent).event);
  expect(stored.type).toBe('upload.stored');
  return saved([...sending.checkpoints, sent, stored]);
}

/** Sends until so many bytes went, and no further; the effect is withdrawn. */
async function cutAt(one: Yacht, uploadId: string, bytes: number): Promise<void> {
  await one.open();
  const before = one.sliceBytes();
  const sending = one.send(uploadId);
  for (let i = 0; i < 20_000 && one.sliceBytes() - before < bytes; i++) await one.clock.advance(1);
  expect(one.sliceBytes() - before).toBeGreaterThanOrEqual(bytes);
  one.link.cut();
  sending.abort();
  await one.clock.advance(50);
}

const announced = (one: Yacht) =>
  one.frames.filter((frame): frame is ManifestFrame => frame.type === 'MANIFEST');

describe('a document that shrinks', () => {
  test('goes in the bytes of its compressed chunks, and the meter says what that saved', async () => {
    const one = await yacht();
    await one.open();
    const bytes = prose(300_000);
    const uploadId = one.upload(bytes);
    const savedBytes = await carried(one, uploadId);
    expect((await one.shore.content(uploadId)).equals(bytes)).toBe(true);
    expect(one.sliceBytes()).toBeLessThan(bytes.length / 2);
    expect(savedBytes).toBe(bytes.length - one.sliceBytes());
  });

  test('tells its progress in bytes of content', async () => {
    const one = await yacht();
    await one.open();
    const bytes = prose(200_000);
    const sending = one.send(one.upload(bytes));
    await one.until(sending.event);
    await one.clock.advance(1_000);
    const document = one.line.carry(
      {
        uploadId: [...one.contents.keys()][0]!,
        name: new Uint8Array(1),
        version: 1,
        priority: 5,
        modifiedMs: 0,
      },
      undefined,
    );
    expect(document.progress.sentBytes).toBe(bytes.length);
    expect(document.progress.durableBytes).toBe(bytes.length);
  });

  test('goes as it is where it does not shrink, chunk by chunk, for hardly a try', async () => {
    let tries = 0;
    const compress: Compress = (bytes, level) => {
      tries += 1;
      return compressHere(bytes, level);
    };
    const one = await yacht({ compress });
    await one.open();
    const noise = content(600_000);
    expect(await carried(one, one.upload(noise))).toBe(0);
    expect(one.sliceBytes()).toBe(noise.length);
    expect(tries).toBeLessThan(6);
    // Another line, of which nobody knows yet how fast it is: this one carries more than a core compresses.
    const other = await yacht();
    await other.open();
    const mixed = Uint8Array.from([...prose(100_000), ...content(40_000, 9), ...prose(100_000, 3)]);
    const uploadId = other.upload(mixed);
    await carried(other, uploadId);
    expect((await other.shore.content(uploadId)).equals(mixed)).toBe(true);
    expect(other.sliceBytes()).toBeLessThan(40_000 + 60_000);
  });
});

describe('after a cut', () => {
  test('in one life of the process the same bytes go on where they broke off', async () => {
    for (const place of [500, 6_000, 13_000, 21_000, 27_000]) {
      const one = await yacht({ aboard: { windowStartBytes: 8_000 } });
      one.link.latencyMs = 20;
      const bytes = prose(300_000);
      const uploadId = one.upload(bytes);
      await cutAt(one, uploadId, place);
      await one.open();
      await carried(one, uploadId);
      expect((await one.shore.content(uploadId)).equals(bytes)).toBe(true);
      const whole = await yacht();
      await whole.open();
      await carried(whole, whole.upload(bytes));
      // What was in the air, and no more.
      expect(one.sliceBytes()).toBeLessThanOrEqual(whole.sliceBytes() + 64 * 1024);
    }
  });

  test.each([
    ['the same way', compressHere],
    ['harder', ((bytes, level) => compressHere(bytes, Math.min(19, level + 4))) as Compress],
    ['not at all', undefined],
  ] as const)('another life of the process that compresses %s loses a chunk at most', async (_, next) => {
    for (const place of [500, 6_000, 9_000, 13_000, 21_000, 27_000]) {
      const one = await yacht({ aboard: { windowStartBytes: 8_000 } });
      one.link.latencyMs = 20;
      const bytes = prose(300_000);
      const uploadId = one.upload(bytes);
      await cutAt(one, uploadId, place);
      one.ledger = memoryLedger();
      one.compress = next;
      one.restart();
      const heard: number[] = [];
      one.link.mapDown = (frame) => {
        const decoded = decodeCloudFrame(Uint8Array.from(frame));
        if ('frame' in decoded && decoded.frame.type === 'HELD')
          for (const { prefixBytes } of decoded.frame.partial) heard.push(prefixBytes);
        if ('frame' in decoded && decoded.frame.type === 'WANT')
          throw new Error('nothing should be asked for');
        return [frame];
      };
      await one.open();
      const before = one.sliceBytes();
      await carried(one, uploadId);
      expect((await one.shore.content(uploadId)).equals(bytes)).toBe(true);
      if (next === compressHere) {
        const whole = await yacht();
        await whole.open();
        await carried(whole, whole.upload(bytes));
        const prefixes = heard.reduce((sum, prefix) => sum + prefix, 0);
        expect(one.sliceBytes() - before).toBeLessThanOrEqual(whole.sliceBytes() - prefixes + 200);
      }
    }
  });

  test('of a document that went as it was, a prefix of it is gone on with as it is', async () => {
    const one = await yacht({ aboard: { windowStartBytes: 8_000 } });
    one.compress = undefined;
    one.link.latencyMs = 20;
    one.restart();
    const bytes = prose(200_000);
    const uploadId = one.upload(bytes);
    await cutAt(one, uploadId, 30_000);
    one.compress = compressHere;
    one.restart();
    await one.open();
    const before = announced(one).length;
    await carried(one, uploadId);
    expect((await one.shore.content(uploadId)).equals(bytes)).toBe(true);
    const entries = announced(one)
      .slice(before)
      .flatMap(({ entries: all }) => all);
    expect(entries.some(({ encoded }) => encoded)).toBe(true);
    expect(entries.some(({ encoded }) => !encoded)).toBe(true);
  });
});

describe('a shore that cannot read it', () => {
  test('gets the chunk as it is, and the rest of the document too, without an end of asking', async () => {
    let tries = 0;
    const one = await yacht({
      ashore: {
        unzstd: async () => {
          tries += 1;
          throw new Error('no zstd here');
        },
      },
    });
    await one.open();
    const bytes = prose(900_000);
    const uploadId = one.upload(bytes);
    expect(await carried(one, uploadId)).toBe(0);
    expect((await one.shore.content(uploadId)).equals(bytes)).toBe(true);
    expect(tries).toBeLessThanOrEqual(45);
    expect(one.sliceBytes()).toBeLessThan(bytes.length * 1.6);
  });

  test('is not believed for ever', async () => {
    const one = await yacht();
    await one.open();
    const bytes = prose(40_000);
    const uploadId = one.upload(bytes);
    const sending = one.send(uploadId);
    await one.clock.advance(1);
    const document = () =>
      one.line.carry(
        { uploadId, name: new Uint8Array(1), version: 1, priority: 5, modifiedMs: 0 },
        undefined,
      );
    for (let round = 0; round < 40; round++) {
      const want: WantFrame = {
        type: 'WANT',
        handle: 0,
        reason: 'undecodable',
        runs: [{ start: 0, end: 2 }],
      };
      document().want(want);
      await one.clock.advance(20);
    }
    const outcome = await one.until(sending.event);
    expect(['send.failed', 'document.sent']).toContain(outcome.type);
    expect(one.sliceBytes()).toBeLessThan(bytes.length * 12);
  });

  test('gets changed bytes from a bad yacht, and asks for them as they are', async () => {
    const one = await yacht();
    const lane = await rawLane(one.shore, one.clock);
    const bytes = prose(20_000);
    const good = await compressHere(bytes, 3);
    const bad = Uint8Array.from(good);
    bad[bad.length - 1]! ^= 1; // the checksum
    const uploadId = one.upload(bytes);
    const name = Buffer.from('log.txt');
    lane.say({
      type: 'OFFER',
      handle: 0,
      uploadId,
      version: 1,
      priority: 5,
      modifiedMs: 0,
      name,
      extensions: [],
    });
    // Slices come before their manifest, as on another lane.
    lane.say({ type: 'SLICE', handle: 0, index: 0, offset: 0, bytes: bad.subarray(0, 700) });
    const encoded = { encoding: 'zstd', lengthBytes: bad.length } as const;
    lane.say({
      type: 'MANIFEST',
      handle: 0,
      first: 0,
      entries: [{ length: bytes.length, encoded }],
      extensions: [],
    });
    lane.say({ type: 'SLICE', handle: 0, index: 0, offset: 700, bytes: bad.subarray(700) });
    await one.clock.advance(500);
    expect(lane.of('WANT')).toMatchObject([{ reason: 'undecodable', runs: [{ start: 0, end: 1 }] }]);
    // Late ones of that form are no harm.
    lane.say({
      type: 'MANIFEST',
      handle: 0,
      first: 0,
      entries: [{ length: bytes.length, encoded }],
      extensions: [],
    });
    lane.say({ type: 'SLICE', handle: 0, index: 0, offset: 0, bytes: bad });
    lane.say({ type: 'MANIFEST', handle: 0, first: 0, entries: [{ length: bytes.length }], extensions: [] });
    lane.say({ type: 'SLICE', handle: 0, index: 0, offset: 0, bytes });
    const whole = { lengthBytes: bytes.length, chunks: 1, sha256: sha256(bytes) };
    lane.say({ type: 'FINISH', handle: 0, ...whole, extensions: [] });
    await one.clock.advance(2_000);
    expect(lane.of('RECEIPT')).toHaveLength(1);
    expect((await one.shore.content(uploadId)).equals(bytes)).toBe(true);
  });

  test('ends the lane of whoever announces more encoded bytes than content', async () => {
    const one = await yacht();
    const lane = await rawLane(one.shore, one.clock);
    const uploadId = one.upload(prose(10));
    const name = Buffer.from('log.txt');
    lane.say({
      type: 'OFFER',
      handle: 0,
      uploadId,
      version: 1,
      priority: 5,
      modifiedMs: 0,
      name,
      extensions: [],
    });
    const encoded = { encoding: 'zstd', lengthBytes: 101 } as const;
    lane.say({ type: 'MANIFEST', handle: 0, first: 0, entries: [{ length: 100, encoded }], extensions: [] });
    await one.clock.advance(100);
    expect(lane.of('BYE')).toHaveLength(1);
  });

  test('holds no more than its store takes, however little the bytes were', async () => {
    let decoding = 0;
    let decodedMost = 0;
    let release: () => void = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    const one = await yacht({
      ashore: {
        wrap: (documents) => ({
          ...documents,
          async store(...args) {
            await stuck;
            return documents.store(...args);
          },
        }),
        unzstd: async (bytes, lengthBytes) => {
          decoding += 1;
          decodedMost = Math.max(decodedMost, decoding);
          return decodeZstd(bytes, lengthBytes);
        },
      },
    });
    const lane = await rawLane(one.shore, one.clock);
    const chunk = new Uint8Array(256 * 1024);
    const bytes = await compressHere(chunk, 3);
    expect(bytes.length).toBeLessThan(100);
    const uploadId = one.upload(chunk);
    const name = Buffer.from('zeros');
    lane.say({
      type: 'OFFER',
      handle: 0,
      uploadId,
      version: 1,
      priority: 5,
      modifiedMs: 0,
      name,
      extensions: [],
    });
    await one.clock.advance(50);
    const encoded = { encoding: 'zstd', lengthBytes: bytes.length } as const;
    const entries = Array.from({ length: 1_000 }, () => ({ length: chunk.length, encoded }));
    lane.say({ type: 'MANIFEST', handle: 0, first: 0, entries, extensions: [] });
    for (let index = 0; index < 1_000; index++)
      lane.say({ type: 'SLICE', handle: 0, index, offset: 0, bytes });
    await one.clock.advance(500);
    expect(lane.isPaused).toBe(true);
    expect(decodedMost * chunk.length).toBeLessThanOrEqual(12 * 1024 * 1024);
    release();
    const whole = Buffer.alloc(1_000 * chunk.length);
    lane.say({
      type: 'FINISH',
      handle: 0,
      lengthBytes: whole.length,
      chunks: 1_000,
      sha256: sha256(whole),
      extensions: [],
    });
    await one.clock.advance(20_000);
    expect(lane.of('RECEIPT')).toHaveLength(1);
  });
});
