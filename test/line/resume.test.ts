import { describe, expect, test } from 'vitest';
import { decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import type { Documents } from '../../cloud/decide/documents.ts';
import { content, type Yacht, yachtAndShore } from './support/yacht.ts';

/** Counts slice bytes handed to the wire for chunks that were durable ashore before. */
async function witnessed(parts: Parameters<typeof yachtAndShore>[0] = {}) {
  const durable = new Set<string>();
  const wrap = (documents: Documents): Documents => ({
    ...documents,
    async store(scope, uploadId, chunks, references) {
      const answer = await documents.store(scope, uploadId, chunks, references);
      for (const index of answer.durable) durable.add(`${uploadId}/${index}`);
      return answer;
    },
  });
  const yacht = await yachtAndShore({ ...parts, ashore: { ...parts.ashore, wrap } });
  const uploads = new Map<number, string>();
  const counted = { durableBytesSentAgain: 0, sentBytes: 0 };
  const record = yacht.link.onUp;
  yacht.link.onUp = (bytes, connection) => {
    record(bytes, connection);
    const frame = yacht.frames.at(-1)!;
    if (frame.type === 'OFFER') uploads.set(frame.handle, frame.uploadId);
    if (frame.type !== 'SLICE') return;
    counted.sentBytes += frame.bytes.length;
    if (durable.has(`${uploads.get(frame.handle)}/${frame.index}`)) {
      counted.durableBytesSentAgain += frame.bytes.length;
    }
  };
  return { yacht, counted };
}

/** Carries an upload through whatever happens: opens the line again whenever it is lost, issues effects again. */
async function carryThrough(yacht: Yacht, uploadId: string): Promise<string> {
  for (let life = 0; life < 50; life++) {
    if (!yacht.line.isOpen && (await yacht.open()).type !== 'line.opened') continue;
    const lostBefore = yacht.lost.length;
    const sending = yacht.send(uploadId);
    const cut = async () => {
      while (yacht.lost.length === lostBefore && yacht.line.isOpen) await yacht.clock.advance(10);
      return undefined;
    };
    const sent = await Promise.race([yacht.until(sending.event), cut()]);
    if (!sent) {
      sending.abort();
      continue;
    }
    if (sent.type !== 'document.sent') return sent.type;
    const confirming = yacht.confirm(uploadId, sent);
    const stored = await Promise.race([yacht.until(confirming.event), cut()]);
    if (!stored) {
      confirming.abort();
      continue;
    }
    if (stored.type === 'upload.stored') return stored.type;
  }
  return 'never';
}

const frameOverheadMaxBytes = 40;

describe('after a cut', () => {
  test('at every frame boundary and in mid-frame: nothing durable goes again, only what was in the air', async () => {
    const first = await witnessed();
    await first.yacht.open();
    const bytes = content(40_000);
    await carryThrough(first.yacht, first.yacht.upload(bytes));
    const wholeBytes = first.yacht.link.upBytes;
    const boundaries: number[] = [];
    let at = 0;
    for (const frame of first.yacht.frames) {
      if (frame.type === 'SLICE') at += frame.bytes.length + 4;
      else at += frameOverheadMaxBytes;
      boundaries.push(Math.min(at, wholeBytes - 1));
    }
    const places = [...new Set(boundaries.flatMap((place) => [place - 1, place, Math.floor(place - 500)]))];
    expect(places.length).toBeGreaterThan(30);
    for (const place of places.filter((one) => one >= 0)) {
      const { yacht, counted } = await witnessed();
      yacht.link.cutAfterBytes = place;
      await yacht.open();
      const uploadId = yacht.upload(bytes);
      expect(await carryThrough(yacht, uploadId)).toBe('upload.stored');
      expect(counted.durableBytesSentAgain).toBe(0);
      // One flight at most is lost, and what of it arrived is not sent again either.
      expect(counted.sentBytes).toBeLessThanOrEqual(bytes.length + 64 * 1024);
      expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    }
  });

  test('many times in one document, with the agent or the cloud starting anew: nothing durable goes again', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { yacht, counted } = await witnessed({ aboard: { windowStartBytes: 16_000 } });
      yacht.link.latencyMs = 20;
      await yacht.open();
      const bytes = content(400_000, seed);
      const uploadId = yacht.upload(bytes);
      let fault = 0;
      const record = yacht.link.onUp;
      let nextFaultBytes = 10_000 * seed;
      yacht.link.onUp = (frame, connection) => {
        record(frame, connection);
        if (yacht.link.upBytes < nextFaultBytes || fault >= 8) return;
        nextFaultBytes += 20_000 + 1_777 * seed;
        fault += 1;
        const kind = (fault + seed) % 3;
        yacht.clock.after(0, () => {
          if (kind === 1) yacht.link.service = yacht.shore.restart();
          yacht.link.cut();
          if (kind === 2) yacht.restart();
        });
      };
      expect(await carryThrough(yacht, uploadId)).toBe('upload.stored');
      expect(fault).toBe(8);
      expect(counted.durableBytesSentAgain).toBe(0);
      expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    }
  });

  test('beginnings of chunks kept ashore are not sent again: no byte arrives twice', async () => {
    const { yacht } = await witnessed({
      aboard: { sliceStartBytes: 1_024, windowStartBytes: 10_240 },
    });
    yacht.chunkBytes = 200_000;
    await yacht.open();
    const bytes = content(200_000);
    const uploadId = yacht.upload(bytes);
    let arrivedBytes = 0;
    yacht.link.onArrived = (frame) => {
      const decoded = decodeYachtFrame(frame);
      if ('frame' in decoded && decoded.frame.type === 'SLICE') arrivedBytes += decoded.frame.bytes.length;
    };
    yacht.link.cutAfterBytes = 100_000;
    expect(await carryThrough(yacht, uploadId)).toBe('upload.stored');
    expect(arrivedBytes).toBe(200_000);
  });

  test('of the answer alone, the receipt comes with the next line and no byte of content goes again', async () => {
    const { yacht, counted } = await witnessed();
    await yacht.open();
    const bytes = content(20_000);
    const uploadId = yacht.upload(bytes);
    yacht.link.mapDown = (frame) => (frame[0] === 0x85 ? [] : [frame]);
    const sent = await yacht.until(yacht.send(uploadId).event);
    const confirming = yacht.confirm(uploadId, sent);
    await yacht.clock.advance(1_000);
    yacht.link.cut();
    confirming.abort();
    yacht.link.mapDown = (frame) => [frame];
    await yacht.clock.advance(10);
    yacht.restart(); // and the agent forgets it all
    await yacht.open();
    expect((await yacht.until(yacht.confirm(uploadId, sent).event)).type).toBe('upload.stored');
    expect(counted.sentBytes).toBe(20_000);
  });

  test('an agent that starts anew passes by what is durable without waiting for its own disk', async () => {
    const { yacht } = await witnessed();
    await yacht.open();
    const bytes = content(300_000);
    const uploadId = yacht.upload(bytes);
    yacht.link.cutAfterBytes = 250_000;
    const sending = yacht.send(uploadId);
    while (yacht.link.upBytes < 240_000) await yacht.clock.advance(1);
    yacht.link.isDown = true;
    while (yacht.lost.length === 0) await yacht.clock.advance(10);
    yacht.link.isDown = false;
    sending.abort();
    const remember = yacht.ledger.remember;
    // As in the log: soft rows are durable within a second.
    yacht.ledger.remember = (ids) =>
      new Promise((resolve) => void yacht.clock.after(1_000, () => resolve(remember(ids))));
    yacht.restart();
    const startedMs = yacht.clock.monotonicMs();
    expect(await carryThrough(yacht, uploadId)).toBe('upload.stored');
    expect(yacht.clock.monotonicMs() - startedMs).toBeLessThan(2_000);
  });

  test('an answer that the killed agent no longer heard does not end the session of the next one', async () => {
    // What the killed agent's session was storing is refused when the next one has begun.
    let asked = 0;
    const wrap = (documents: Documents): Documents => ({
      ...documents,
      async store(...given) {
        asked += 1;
        if (asked === 1) await new Promise<void>((resolve) => void yacht.clock.after(300, resolve));
        return documents.store(...given);
      },
    });
    const yacht = await yachtAndShore({ ashore: { wrap } });
    await yacht.open();
    const bytes = content(30_000);
    const uploadId = yacht.upload(bytes);
    const sending = yacht.send(uploadId);
    while (asked === 0) await yacht.clock.advance(1);
    sending.abort();
    yacht.restart();
    await yacht.open();
    expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(yacht.lost).toEqual([]);
    expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
  });

  test('during days offline fifty documents wait, and all go when the line is back', async () => {
    const { yacht } = await witnessed();
    await yacht.open();
    yacht.link.isDown = true;
    yacht.link.cut();
    await yacht.clock.advance(24 * 3_600_000);
    const uploads = Array.from({ length: 50 }, (_, n) => yacht.upload(content(5_000 + n, n)));
    expect(await yacht.open()).toMatchObject({ type: 'line.failed', class: 'LINK' });
    yacht.link.isDown = false;
    await yacht.open();
    for (const uploadId of uploads) expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
    expect(yacht.line.status().documents).toBe(0);
  });
});
