// The link goes away under many lanes and comes back: who carries on, and what goes again.
import { expect, test } from 'vitest';
import type { Lane } from '../../agent/line/lane.ts';
import { Lanes } from '../../agent/line/lanes.ts';
import { decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import { RunSet } from '../../cloud/contract/runs.ts';
import { content, yachtAndShore } from './support/yacht.ts';

test('after seconds of silence under many lanes nothing that had arrived goes again', async () => {
  const yacht = await yachtAndShore({ aboard: { lanesMax: 16, windowStartBytes: 64_000 } });
  yacht.link.latencyMs = 300;
  await yacht.until(yacht.open());
  await yacht.clock.advance(5_000);
  const arrived = new Map<number, RunSet>();
  let arrivedTwiceBytes = 0;
  yacht.link.onArrived = (bytes) => {
    const decoded = decodeYachtFrame(bytes);
    if (!('frame' in decoded) || decoded.frame.type !== 'SLICE') return;
    const { index, offset, bytes: part } = decoded.frame;
    const before = arrived.get(index) ?? new RunSet();
    arrived.set(index, before);
    const countBefore = before.count;
    before.add(offset, offset + part.length);
    arrivedTwiceBytes += part.length - (before.count - countBefore);
  };
  yacht.line.throttle(100_000);
  const bytes = content(1_000_000);
  const uploadId = yacht.upload(bytes);
  const carrying = yacht.carry(uploadId);
  await yacht.clock.advance(3_000);
  yacht.link.isSilent = true;
  await yacht.clock.advance(8_000);
  yacht.link.isSilent = false;
  expect((await carrying).type).toBe('upload.stored');
  expect(yacht.lost).toEqual([]);
  expect(arrivedTwiceBytes).toBe(0);
  expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
});

test('lanes in reserve carry nothing until one that carries sleeps, and then at once', () => {
  const lanes = new Lanes();
  const all = [0, 1, 2, 3].map(
    (number) =>
      ({
        number,
        isOpen: true,
        isAtRest: true,
        inReserve: false,
        asleep: false,
        outstandingBytes: 0,
        sentMs: number,
        bufferedBytes: () => 0,
      }) as unknown as Lane,
  );
  for (const lane of all) lanes.add(lane);
  lanes.balance(3);
  const inReserve = all.filter((lane) => lane.inReserve);
  expect(inReserve).toHaveLength(1);
  for (let n = 0; n < 8; n++) {
    const lane = lanes.pick(() => 100_000)!;
    expect(lane.inReserve).toBe(false);
    Object.assign(lane, { outstandingBytes: lane.outstandingBytes + 1_000, isAtRest: false });
  }
  all.find((lane) => !lane.inReserve)!.asleep = true;
  lanes.balance(3);
  expect(inReserve[0]!.inReserve).toBe(false);
  expect(lanes.pick(() => 100_000)).toBe(inReserve[0]);
});
