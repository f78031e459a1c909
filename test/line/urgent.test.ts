import { describe, expect, test } from 'vitest';
import { decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import { content, type Outcome, type Yacht, yachtAndShore } from './support/yacht.ts';

/** Rates of links that yachts have, bytes per second: 128 kbit/s to 20 Mbit/s. */
const rates = [16_000, 62_500, 250_000, 2_500_000];

interface Said {
  readonly atMs: number;
  readonly connection: number;
  readonly handle: number;
  readonly type: string;
  readonly bytes: number;
}

/** A yacht on a far link that a cap makes so slow, with a large document running. */
async function running(rate: number, lanesMax = 8): Promise<{ yacht: Yacht; said: Said[]; large: Outcome }> {
  const yacht = await yachtAndShore({ aboard: { lanesMax } });
  yacht.link.latencyMs = 150;
  yacht.chunkBytes = 65_536;
  const said: Said[] = [];
  yacht.link.onUp = (bytes, connection) => {
    const decoded = decodeYachtFrame(bytes);
    if (!('frame' in decoded) || !('handle' in decoded.frame)) return;
    const { type, handle } = decoded.frame;
    said.push({ atMs: yacht.clock.monotonicMs(), connection, handle, type, bytes: bytes.length });
  };
  await yacht.until(yacht.open());
  yacht.line.throttle(rate);
  await yacht.clock.advance(3_000);
  const large = yacht.send(yacht.upload(content(Math.min(20_000_000, rate * 60))));
  await yacht.clock.advance(8_000);
  return { yacht, said, large };
}

describe('an urgent document', () => {
  test.each(rates)('leaves within 150 ms of being queued, and alone, at %i bytes/s', async (rate) => {
    const { yacht, said } = await running(rate);
    for (let round = 0; round < 5; round++) {
      await yacht.clock.advance(137 * round);
      const atMs = yacht.clock.monotonicMs();
      const from = said.length;
      const sizeBytes = Math.min(50_000, rate);
      const upload = yacht.upload(content(sizeBytes, `urgent ${round}`));
      const sent = await yacht.until(yacht.send(upload, 1).event);
      expect(sent.type).toBe('document.sent');
      const after = said.slice(from);
      const first = after.findIndex((one) => one.type === 'OFFER');
      expect(after[first]!.atMs - atMs).toBeLessThanOrEqual(150);
      const own = after[first]!.handle;
      const last = after.findIndex((one) => one.handle === own && one.type === 'FINISH');
      // Reading begins when it is bound: what leaves meanwhile is one grain at most.
      const others = after.slice(first, last).filter((one) => one.handle !== own);
      expect(others.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(
        Math.max(2 * 1_448, rate * 0.1),
      );
      await yacht.until(yacht.confirm(upload, sent).event);
    }
  });

  test('that is short leaves over two lanes: one that is stuck costs it nothing', async () => {
    const rate = 250_000;
    const smooth = await storedAfter(rate, () => false);
    for (let stuck = 0; stuck < 8; stuck++) {
      const ms = await storedAfter(rate, (connection) => connection === stuck);
      expect(ms).toBeLessThanOrEqual(smooth + 250);
    }
  });

  test('that is long leaves once', async () => {
    const { yacht, said } = await running(16_000);
    const from = said.length;
    const upload = yacht.upload(content(40_000, 'urgent'));
    const sent = await yacht.until(yacht.send(upload, 1).event);
    await yacht.until(yacht.confirm(upload, sent).event);
    const [first] = said.slice(from).filter((one) => one.type === 'OFFER');
    const own = said.slice(from).filter((one) => one.handle === first!.handle);
    expect(own.filter((one) => one.type === 'FINISH')).toHaveLength(1);
    expect(own.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(41_500);
  });

  test('shows that it has begun as soon as it has', async () => {
    const { yacht } = await running(62_500);
    const urgent = yacht.send(yacht.upload(content(50_000, 'urgent')), 1);
    await yacht.clock.advance(120);
    expect(Number(urgent.progress.at(-1)!.bytesSent)).toBeGreaterThan(0);
    await yacht.until(urgent.event);
  });
});

async function storedAfter(rate: number, isStuck: (connection: number) => boolean): Promise<number> {
  const { yacht } = await running(rate);
  yacht.link.isStuck = isStuck;
  const atMs = yacht.clock.monotonicMs();
  const upload = yacht.upload(content(50_000, 'urgent'));
  const sent = await yacht.until(yacht.send(upload, 1).event);
  expect((await yacht.until(yacht.confirm(upload, sent).event)).type).toBe('upload.stored');
  return yacht.clock.monotonicMs() - atMs;
}

describe('fifty scans and a video', () => {
  test.each([
    [16_000, 1_600],
    [250_000, 25_000],
    [2_500_000, 50_000],
  ])(
    'share the line at %i bytes/s: neither waits for the end of the other (scans of %i bytes)',
    async (rate, each) => {
      const { yacht, said } = await running(rate);
      const from = said.length;
      const [video] = said;
      const beganMs = yacht.clock.monotonicMs();
      const scans: string[] = [];
      for (let at = 0; at < 50; at++) {
        scans.push(yacht.upload(content(each, `scan ${at}`)));
        await yacht.clock.advance(1);
      }
      const sent = scans.map((scan) => yacht.send(scan).event);
      await yacht.until(Promise.all(sent));
      // Half of the line is theirs; frames, headers of packets and the last round trips come on top.
      const aloneMs = (50 * (each + 250) * 1_000) / rate;
      const ms = yacht.clock.monotonicMs() - beganMs;
      expect(ms).toBeLessThanOrEqual(2 * 1.1 * aloneMs + 1_000);
      const ofVideo = said.slice(from).filter((one) => one.handle === video!.handle);
      const bytes = ofVideo.reduce((sum, one) => sum + one.bytes, 0);
      expect(bytes).toBeGreaterThanOrEqual(0.4 * rate * (ms / 1_000));
      // Among themselves they go by age.
      const finished = said
        .slice(from)
        .filter((one) => one.type === 'FINISH' && one.handle !== video!.handle);
      const handles = finished.map((one) => one.handle);
      expect(handles).toEqual([...handles].sort((a, b) => a - b));
    },
  );
});
