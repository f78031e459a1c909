// Found by voyage 68: a lane that was opened anew while the shore still held its dead predecessor. Receipt and notice went
// out over the dead one and were never said again.
import { expect, test } from 'vitest';
import { mintUlid } from '../../cloud/contract/ids.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { rawLane } from './support/raw-lane.ts';
import { memoryShore } from './support/shore.ts';
import { content, sha256 } from './support/yacht.ts';

test('a lane opened anew ends its predecessor of the same number, and everything is said on it', async () => {
  const clock = new FakeClock();
  const shore = await memoryShore(clock);
  const dead = await rawLane(shore, clock, { lane: 0 });
  const fresh = await rawLane(shore, clock, { lane: 0 });
  expect(dead.closed).toBe(1006);
  expect(shore.service.status()).toMatchObject({ sessions: 1, lanes: 1 });

  const bytes = content(5_000);
  const uploadId = mintUlid(clock.wallMs(), new Uint8Array(10).fill(1));
  const name = new TextEncoder().encode('docs/paper.txt');
  const before = dead.heard.length;
  fresh.say({
    type: 'OFFER',
    handle: 0,
    uploadId,
    version: 1,
    priority: 5,
    modifiedMs: 0,
    name,
    extensions: [],
  });
  fresh.say({ type: 'MANIFEST', handle: 0, first: 0, entries: [{ length: bytes.length }], extensions: [] });
  fresh.say({ type: 'SLICE', handle: 0, index: 0, offset: 0, bytes });
  fresh.say({
    type: 'FINISH',
    handle: 0,
    lengthBytes: bytes.length,
    chunks: 1,
    sha256: sha256(bytes),
    extensions: [],
  });
  await clock.advance(1_000);
  expect(fresh.of('RECEIPT').flatMap((frame) => frame.receipts)).toMatchObject([{ uploadId }]);
  expect(dead.heard.length).toBe(before);
});

test('lanes of other numbers stay', async () => {
  const clock = new FakeClock();
  const shore = await memoryShore(clock);
  const lanes = [await rawLane(shore, clock, { lane: 0 }), await rawLane(shore, clock, { lane: 1 })];
  expect(lanes.map((lane) => lane.closed)).toEqual([undefined, undefined]);
  expect(shore.service.status()).toMatchObject({ sessions: 1, lanes: 2 });
});
