import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodePack } from '../../cloud/contract/pack.ts';
import { content, type Yacht, yachtAndShore } from './support/yacht.ts';

const aboard = { packDocumentMaxBytes: 16 * 1024 };

async function openYacht(): Promise<Yacht> {
  const yacht = await yachtAndShore({ aboard });
  yacht.chunkBytes = 256 * 1024;
  await yacht.open();
  return yacht;
}

/** Sends all of them at once and waits until each is stored. */
async function carryAll(yacht: Yacht, uploads: readonly string[]): Promise<string[]> {
  const stored = uploads.map(async (uploadId) => {
    const sent = await yacht.send(uploadId).event;
    return sent.type === 'document.sent' ? (await yacht.confirm(uploadId, sent).event).type : sent.type;
  });
  return yacht.until(Promise.all(stored));
}

const packsOf = (yacht: Yacht) =>
  yacht.frames.flatMap((frame) => {
    if (frame.type !== 'PACK') return [];
    return [decodePack(frame.encoding ? zstdDecompressSync(frame.bytes) : frame.bytes)!];
  });
const types = (yacht: Yacht) => new Set(yacht.frames.map((frame) => frame.type));

describe('small documents', () => {
  test('leave whole, many in a frame: no offer, no slices, no finish', async () => {
    const yacht = await openYacht();
    const bytes = Array.from({ length: 40 }, (_, i) => content(4_000, i + 1));
    const uploads = bytes.map((one) => yacht.upload(one));
    expect(new Set(await carryAll(yacht, uploads))).toEqual(new Set(['upload.stored']));
    for (const [i, uploadId] of uploads.entries())
      expect((await yacht.shore.content(uploadId)).equals(bytes[i]!)).toBe(true);
    expect(types(yacht)).toEqual(new Set(['PACK']));
    expect(packsOf(yacht).flat()).toHaveLength(40);
    expect(packsOf(yacht).length).toBeLessThan(40);
  });

  test('that compress leave in fewer bytes; those that do not, as they are', async () => {
    const yacht = await openYacht();
    const text = new TextEncoder().encode('The anchor light is fixed. '.repeat(150));
    expect(await carryAll(yacht, [yacht.upload(text)])).toEqual(['upload.stored']);
    const [pack] = yacht.frames;
    expect(pack).toMatchObject({ type: 'PACK', encoding: 'zstd' });
    expect(pack!.type === 'PACK' && pack.bytes.length).toBeLessThan(400);
    const more = yacht.upload(text.map((byte) => byte ^ 1));
    const stored = await yacht.carry(more);
    expect(Number(stored.compressedAwayBytes)).toBeGreaterThan(text.length - 600);
    await carryAll(yacht, [yacht.upload(content(4_000, 7))]);
    const last = yacht.frames.at(-1)!;
    expect(last.type === 'PACK' && last.encoding).toBeUndefined();
  });

  test('already ashore by content are named as ever', async () => {
    const yacht = await openYacht();
    const bytes = content(3_000);
    await carryAll(yacht, [yacht.upload(bytes)]);
    const again = yacht.upload(bytes);
    expect(await carryAll(yacht, [again])).toEqual(['upload.stored']);
    expect(packsOf(yacht)).toHaveLength(1);
    expect(yacht.sliceBytes()).toBe(0);
  });

  test('an empty one, one a byte too long and one from an earlier boot go their own way', async () => {
    const yacht = await openYacht();
    const early = yacht.upload(content(500, 9));
    yacht.restart();
    await yacht.clock.advance(1_000);
    yacht.line = yacht.newLine();
    await yacht.open();
    const uploads = [yacht.upload(content(0)), yacht.upload(content(16 * 1024 + 1)), early];
    expect(new Set(await carryAll(yacht, uploads))).toEqual(new Set(['upload.stored']));
    expect(packsOf(yacht)).toHaveLength(0);
  });

  test('equal to the version ashore is never sent', async () => {
    const yacht = await openYacht();
    yacht.unchangedVersion = 3;
    expect(await carryAll(yacht, [yacht.upload(content(2_000))])).toEqual(['content.unchanged']);
    expect(types(yacht).has('PACK')).toBe(false);
  });

  test('whatever a cut takes away comes again, and each is stored once', async () => {
    for (const cutAfterBytes of [1_000, 5_000, 20_000, 60_000]) {
      const yacht = await openYacht();
      const bytes = Array.from({ length: 30 }, (_, i) => content(4_000, i + 100));
      const uploads = bytes.map((one) => yacht.upload(one));
      yacht.link.cutAfterBytes = cutAfterBytes;
      const done = carryAll(yacht, uploads);
      const reopened = (async () => {
        for (let i = 0; i < 20; i++) {
          if (!yacht.line.isOpen) await yacht.open();
          await yacht.clock.advance(500);
        }
      })();
      const all = await done;
      await reopened;
      expect(new Set(all)).toEqual(new Set(['upload.stored']));
      for (const [i, uploadId] of uploads.entries())
        expect((await yacht.shore.content(uploadId)).equals(bytes[i]!)).toBe(true);
    }
  });

  test('an urgent one leaves in a pack of its own priority, before those that came earlier', async () => {
    const yacht = await openYacht();
    const uploads = Array.from({ length: 60 }, (_, i) => yacht.upload(content(8_000, i + 1)));
    const first = uploads.map((uploadId) => yacht.send(uploadId));
    const urgent = yacht.upload(content(8_000, 99));
    yacht.send(urgent, 1);
    await yacht.until(Promise.all(first.map((one) => one.event)));
    const order = packsOf(yacht).map((pack) => new Set(pack.map((one) => one.priority)));
    for (const priorities of order) expect(priorities.size).toBe(1);
    expect(order.findIndex((one) => one.has(1))).toBeLessThan(order.length - 1);
  });
});

describe('many documents on the line', () => {
  test('never have more handles than the cloud allows, and all arrive', async () => {
    const yacht = await yachtAndShore({ aboard: { ...aboard, handlesMax: 16, handlesUrgentMax: 20 } });
    yacht.chunkBytes = 256 * 1024;
    await yacht.open();
    const uploads = Array.from({ length: 100 }, (_, i) => yacht.upload(content(3_000, i + 1)));
    expect(new Set(await carryAll(yacht, uploads))).toEqual(new Set(['upload.stored']));
    expect(yacht.frames.some((frame) => frame.type === 'DROP')).toBe(false);
  });
});
