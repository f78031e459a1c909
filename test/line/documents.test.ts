import { describe, expect, test } from 'vitest';
import { CloudError } from '../../cloud/cloud-error.ts';
import { decodeCloudFrame } from '../../cloud/contract/frame-decoder.ts';
import { encodeCloudFrame } from '../../cloud/contract/frame-encoder.ts';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Documents } from '../../cloud/decide/documents.ts';
import { content, sha256, yachtAndShore } from './support/yacht.ts';

describe('what is ashore is not sent', () => {
  test('chunks of an earlier document are named; only the new ones travel', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const first = content(30_000, 1);
    await yacht.carry(yacht.upload(first));
    const second = Uint8Array.from([...first.subarray(0, 24_000), ...content(6_000, 2)]);
    const before = yacht.sliceBytes();
    const uploadId = yacht.upload(second);
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(yacht.sliceBytes() - before).toBe(6_000);
    expect((await yacht.shore.content(uploadId)).equals(second)).toBe(true);
  });

  test('a reference that the cloud does not know is asked for, and forgotten aboard until it is there', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const bytes = content(30_000);
    for (const at of [0, 3_000, 27_000])
      await yacht.ledger.remember([sha256(bytes.subarray(at, at + 3_000))]);
    yacht.ledger.known.add('00');
    const uploadId = yacht.upload(bytes);
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    expect(yacht.sliceBytes()).toBe(30_000);
    expect(yacht.ledger.known.has(hexFromBytes(sha256(bytes.subarray(0, 3_000))))).toBe(true);
  });

  test('content equal to the version ashore ends as unchanged, and the cloud forgets the upload', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.unchangedVersion = 4;
    const uploadId = yacht.upload(content(9_000));
    expect(await yacht.until(yacht.send(uploadId).event)).toEqual({ type: 'content.unchanged', version: 4 });
    expect(yacht.frames.at(-1)?.type).toBe('DROP');
    expect(yacht.frames.some((frame) => frame.type === 'FINISH')).toBe(false);
  });

  test('equal to an older version while this very upload is ashore with another content: changed, never unchanged', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const uploadId = yacht.upload(content(9_000, 'B'));
    expect((await yacht.until(yacht.send(uploadId).event)).type).toBe('document.sent');
    await yacht.clock.advance(2_000);
    // Nobody aboard knows that it arrived; meanwhile the file became what version 4 was.
    yacht.restart();
    await yacht.open();
    yacht.link.latencyMs = 300;
    yacht.contents.set(uploadId, { bytes: content(9_000, 'A') });
    yacht.unchangedVersion = 4;
    expect(await yacht.until(yacht.send(uploadId).event)).toEqual({ type: 'source.changed' });
  });

  test('begun in an earlier life and equal to the version ashore: unchanged once the cloud says that it has not this one', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const uploadId = yacht.upload(content(9_000));
    await yacht.clock.advance(1_000);
    yacht.restart();
    await yacht.open();
    yacht.frames.length = 0;
    yacht.link.latencyMs = 300;
    yacht.unchangedVersion = 4;
    const { event } = yacht.send(uploadId);
    expect(await yacht.until(event)).toEqual({ type: 'content.unchanged', version: 4 });
    expect(yacht.frames.map((frame) => frame.type)).toEqual(['OFFER', 'DROP']);
  });
});

describe('when things differ', () => {
  test('a hole at the finish is asked for and filled, never an error', async () => {
    let lossy = true;
    const wrap = (documents: Documents): Documents => ({
      ...documents,
      async finish(scope, finish) {
        if (!lossy) return documents.finish(scope, finish);
        lossy = false;
        return { missing: [1, 3] }; // as if the disk had rotted
      },
    });
    const yacht = await yachtAndShore({ ashore: { wrap } });
    await yacht.open();
    const bytes = content(15_000);
    const uploadId = yacht.upload(bytes);
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(yacht.sliceBytes()).toBe(15_000 + 6_000);
    expect(yacht.frames.filter((frame) => frame.type === 'FINISH')).toHaveLength(2);
  });

  test('a cloud that asks for holes for ever is given up with RESYNC, not sent to for ever', async () => {
    const wrap = (documents: Documents): Documents => ({
      ...documents,
      finish: async () => ({ missing: [0] }),
    });
    const yacht = await yachtAndShore({ ashore: { wrap } });
    await yacht.open();
    const uploadId = yacht.upload(content(3_000));
    expect(await yacht.carry(uploadId)).toMatchObject({ type: 'send.incomplete' });
    expect(yacht.sliceBytes()).toBeLessThan(3_000 * 10);
  });

  test('other content than announced is refused with RESYNC and goes again from its beginning', async () => {
    const wrap = (documents: Documents): Documents => ({
      ...documents,
      finish: async () => ({ mismatch: true }),
    });
    const yacht = await yachtAndShore({ ashore: { wrap } });
    await yacht.open();
    expect(await yacht.carry(yacht.upload(content(3_000)))).toMatchObject({ type: 'send.incomplete' });
  });

  test('a file that changes while it is sent ends as changed, and nothing of it is finished', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const uploadId = yacht.upload(content(30_000));
    yacht.contents.get(uploadId)!.changeAfter = 5;
    expect(await yacht.until(yacht.send(uploadId).event)).toEqual({ type: 'source.changed' });
    expect(yacht.frames.some((frame) => frame.type === 'FINISH')).toBe(false);
    expect(yacht.frames.at(-1)?.type).toBe('DROP');
  });

  test('a store that is away makes the document wait (BUSY), and it goes on later without sending again', async () => {
    let away = false;
    let stored = 0;
    const wrap = (documents: Documents): Documents => ({
      ...documents,
      async store(...parts) {
        if (away) throw new CloudError('TENDER_STORE_UNAVAILABLE');
        const answer = await documents.store(...parts);
        stored += answer.durable.length;
        away = stored >= 3;
        return answer;
      },
    });
    const yacht = await yachtAndShore({ ashore: { wrap } });
    await yacht.open();
    const bytes = content(60_000);
    const uploadId = yacht.upload(bytes);
    const first = yacht.send(uploadId);
    const failed = await yacht.until(
      first.event.then((event) =>
        event.type === 'document.sent' ? yacht.confirm(uploadId, event).event : event,
      ),
    );
    expect(failed).toMatchObject({ type: 'send.failed', class: 'BUSY', code: 'TENDER_STORE_UNAVAILABLE' });
    expect(yacht.line.isOpen).toBe(true);
    away = false;
    stored = -1_000;
    const before = yacht.sliceBytes();
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(yacht.sliceBytes() - before).toBeLessThanOrEqual(60_000 - 9_000);
  });

  test('a version that belongs to another upload is a conflict of that document alone', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const one = yacht.upload(content(10));
    const sent = await yacht.until(yacht.send(one, 5, 'same').event);
    await yacht.until(yacht.confirm(one, sent, 'same').event);
    const two = yacht.upload(content(20));
    const outcome = yacht.send(two, 5, 'same').event;
    const other = await yacht.until(
      outcome.then((event) =>
        event.type === 'document.sent' ? yacht.confirm(two, event, 'same').event : event,
      ),
    );
    expect(['send.failed', 'send.incomplete']).toContain(other.type);
    expect(yacht.line.isOpen).toBe(true);
  });
});

describe('receipts', () => {
  test('a forged one, or one for another document, device or content, stores nothing: INTERCEPTED', async () => {
    for (const change of ['signature', 'document', 'length', 'version'] as const) {
      const yacht = await yachtAndShore();
      await yacht.open();
      yacht.link.mapDown = (bytes) => {
        const decoded = decodeCloudFrame(bytes);
        if (!('frame' in decoded) || decoded.frame.type !== 'RECEIPT') return [bytes];
        const { frame } = decoded;
        const [receipt] = frame.receipts;
        const signature = Uint8Array.from(frame.signature);
        if (change === 'signature') signature[0] = signature[0]! ^ 1;
        const forged = {
          ...receipt!,
          ...(change === 'document' && { documentId: '6f1c1e52-3f0e-4f43-9d84-0f1f8a4c9f03' }),
          ...(change === 'length' && { lengthBytes: 1 }),
          ...(change === 'version' && { version: 9 }),
        };
        return [encodeCloudFrame({ ...frame, receipts: [forged], signature })];
      };
      const uploadId = yacht.upload(content(5_000));
      const sent = await yacht.until(yacht.send(uploadId).event);
      const confirming = yacht.confirm(uploadId, sent);
      await yacht.clock.advance(2_000);
      expect(yacht.lost).toMatchObject([{ class: 'INTERCEPTED', code: 'TENDER_RECEIPT_FORGED' }]);
      confirming.abort();
      await expect(confirming.event).rejects.toThrow('withdrawn');
    }
  });

  test('an old receipt, true but for other bytes, does not count', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const uploadId = yacht.upload(content(5_000));
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    // The log now says that other bytes were sent under this upload; the cloud answers with the true receipt of before.
    const other = { type: 'document.sent', lengthBytes: 6_000, sha256: 'f'.repeat(64), chunks: 2 };
    // Sending again finds out which of the two the file is now.
    expect(await yacht.until(yacht.confirm(uploadId, other).event)).toMatchObject({
      type: 'send.incomplete',
    });
  });
});

describe('several documents', () => {
  test('the urgent one overtakes at the next slice, and equals go in the order they came', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.line.throttle(20_000);
    const bulk = yacht.upload(content(200_000, 1));
    const bulkSent = yacht.send(bulk, 5);
    await yacht.clock.advance(2_000);
    const before = yacht.frames.length;
    const urgent = yacht.upload(content(6_000, 2));
    const urgentSent = yacht.send(urgent, 1);
    await yacht.clock.advance(150);
    const urgentHandle = yacht.frames.find((frame) => frame.type === 'OFFER' && frame.uploadId === urgent);
    expect(urgentHandle).toBeDefined();
    await yacht.until(urgentSent.event);
    const between = yacht.frames.slice(before).filter((frame) => frame.type === 'SLICE');
    const bulkBytes = between
      .filter((frame) => frame.handle === 0)
      .reduce((sum, frame) => sum + frame.bytes.length, 0);
    expect(bulkBytes).toBeLessThanOrEqual(2 * 1_024);
    yacht.line.prioritise(bulk, 2);
    yacht.line.throttle(null);
    expect((await yacht.until(bulkSent.event)).type).toBe('document.sent');
  });

  test('a stopped effect leaves its document on the line, and goes on where it was', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.line.throttle(30_000);
    const uploadId = yacht.upload(content(60_000));
    const sending = yacht.send(uploadId);
    await yacht.clock.advance(1_000);
    sending.abort('paused');
    await expect(sending.event).rejects.toThrow('paused');
    await yacht.clock.advance(50);
    const before = yacht.sliceBytes();
    expect(before).toBeGreaterThan(20_000);
    await yacht.clock.advance(5_000);
    expect(yacht.sliceBytes()).toBe(before);
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(yacht.sliceBytes()).toBe(60_000);
  });

  test('progress tells bytes and percent, and the log gets a soft mark now and then', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.line.throttle(10_000);
    const uploadId = yacht.upload(content(100_000));
    const sending = yacht.send(uploadId);
    await yacht.until(sending.event);
    const percents = sending.progress.map((one) => Number(one.percent));
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBeGreaterThan(90);
    expect(sending.progress.length).toBeGreaterThan(30);
    expect(sending.progress.at(-1)).toMatchObject({ bytesTotal: 100_000 });
    expect(sending.checkpoints.length).toBeGreaterThanOrEqual(1);
    expect(sending.checkpoints[0]).toMatchObject({ type: 'transfer.checkpointed' });
  });
});
