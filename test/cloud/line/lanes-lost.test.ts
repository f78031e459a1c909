// What the shore remembers when lanes overtake each other, sleep, or are all gone.
import { describe, expect, test } from 'vitest';
import { rawLane } from '../../line/support/raw-lane.ts';
import { memoryShore } from '../../line/support/shore.ts';
import { content, sha256 } from '../../line/support/yacht.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { document, idOf, pack } from './support/packed.ts';

describe('what overtakes', () => {
  test('is kept until its OFFER comes, in bounded memory; without one the yacht is told', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock, { limits: { earlyMaxBytes: 100_000 } });
    const lane = await rawLane(shore, clock);
    for (let handle = 0; handle < 40; handle++)
      for (let index = 0; index < 4; index++)
        lane.say({ type: 'SLICE', handle, index, offset: 0, bytes: new Uint8Array(4_000) });
    await clock.advance(100);
    const refused = () => new Set(lane.of('REFUSED').map((frame) => frame.handle));
    expect(refused().size).toBeGreaterThanOrEqual(33); // the oldest went: there is room for six
    expect(refused().size).toBeLessThan(36);
    await clock.advance(20_000);
    expect(refused().size).toBe(40);
    expect(lane.of('REFUSED').every((frame) => frame.code === 'TENDER_UPLOAD_UNKNOWN')).toBe(true);
    expect(lane.closed).toBeUndefined();
    expect(clock.pending).toBeLessThan(20);
  });

  test('handles scattered over their whole range end the session', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock, { limits: { handleGapsMax: 50, earlyMaxBytes: 1_000 } });
    const lane = await rawLane(shore, clock);
    for (let n = 0; n < 200; n++)
      lane.say({ type: 'SLICE', handle: n * 1_000, index: 0, offset: 0, bytes: new Uint8Array(100) });
    expect(lane.of('BYE')).toMatchObject([{ code: 'TENDER_LIMIT_EXCEEDED' }]);
  });
});

describe('a session without lanes', () => {
  test('is remembered: documents go on under their handles, what was said meanwhile comes with the next lane', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const bytes = content(9_000);
    const [uploadId, name] = [idOf(1), new TextEncoder().encode('going/on.txt')];
    const before = await rawLane(shore, clock, { lane: 3 });
    before.say({
      type: 'OFFER',
      handle: 0,
      uploadId,
      version: 1,
      priority: 5,
      modifiedMs: 0,
      name,
      extensions: [],
    });
    before.say({ type: 'MANIFEST', handle: 0, first: 0, entries: [{ length: 9_000 }], extensions: [] });
    before.say({ type: 'SLICE', handle: 0, index: 0, offset: 0, bytes: bytes.subarray(0, 5_000) });
    await clock.advance(100);
    before.cut();
    await clock.advance(300_000);
    const after = await rawLane(shore, clock, { lane: 1 });
    expect(after.of('HELLO')[0]).toMatchObject({ serial: 2, sinceMs: before.of('HELLO')[0]!.sinceMs });
    after.say({ type: 'SLICE', handle: 0, index: 0, offset: 5_000, bytes: bytes.subarray(5_000) });
    const finish = { lengthBytes: 9_000, chunks: 1, sha256: sha256(bytes) };
    after.say({ type: 'FINISH', handle: 0, ...finish, extensions: [] });
    after.cut();
    await clock.advance(1_000);
    const last = await rawLane(shore, clock, { lane: 1 });
    await clock.advance(100);
    expect(last.of('RECEIPT').flatMap((frame) => frame.receipts)).toMatchObject([{ uploadId }]);
  });

  test('is forgotten after ten minutes, and HELLO says so', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const before = await rawLane(shore, clock);
    before.cut();
    await clock.advance(601_000);
    const after = await rawLane(shore, clock);
    expect(after.of('HELLO')[0]!.serial).toBe(1);
    expect(after.of('HELLO')[0]!.sinceMs).toBeGreaterThan(before.of('HELLO')[0]!.sinceMs);
  });
});

describe('a lane that sleeps', () => {
  test('takes no receipt along: it is said again on another as soon as that one is heard from', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const asleep = await rawLane(shore, clock, { lane: 0 });
    const awake = await rawLane(shore, clock, { lane: 1 });
    asleep.say(pack([document(0, content(500))]));
    await clock.advance(300);
    expect(asleep.of('RECEIPT')).toHaveLength(1); // and nobody hears it
    expect(awake.of('RECEIPT')).toEqual([]);
    awake.say({ type: 'PING', stamp: 1 });
    await clock.advance(3_000);
    expect(awake.of('RECEIPT')).toHaveLength(1);
    const said = awake.heard.length + asleep.heard.length;
    await clock.advance(3_600_000);
    expect(awake.heard.length + asleep.heard.length).toBe(said); // silence costs nothing
  });

  test('takes no notice along: from the first unseen they come again on another', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const asleep = await rawLane(shore, clock, { lane: 0 });
    const awake = await rawLane(shore, clock, { lane: 1 });
    asleep.say(pack([document(0, content(500)), document(1, content(501))]));
    await clock.advance(300);
    const { store } = shore.cloud;
    for (let job = shore.cloud.takeJob(); job; job = shore.cloud.takeJob()) {
      const work = (await store.takeIndexWork(job.documentId, job.version))!;
      await store.recordIndexed(work, { passages: [], reason: '' });
    }
    await clock.advance(6_000);
    expect(asleep.of('NOTICE').map((notice) => notice.sequence)).toEqual([1, 2]);
    expect(awake.of('NOTICE')).toEqual([]);
    awake.say({ type: 'SEEN', cursor: 1 });
    await clock.advance(3_000);
    expect(awake.of('NOTICE').map((notice) => notice.sequence)).toEqual([2]);
    awake.say({ type: 'SEEN', cursor: 2 });
    await clock.advance(60_000);
    expect(awake.of('NOTICE')).toHaveLength(1);
  });

  test('is not asked for what is missing while others go on, and holes are not asked for before they have been quiet', async () => {
    const clock = new FakeClock();
    const shore = await memoryShore(clock);
    const [one, two] = [await rawLane(shore, clock, { lane: 0 }), await rawLane(shore, clock, { lane: 1 })];
    const bytes = content(3_000);
    const [uploadId, name] = [idOf(1), new TextEncoder().encode('holes.txt')];
    one.say({
      type: 'OFFER',
      handle: 0,
      uploadId,
      version: 1,
      priority: 5,
      modifiedMs: 0,
      name,
      extensions: [],
    });
    one.say({ type: 'MANIFEST', handle: 0, first: 0, entries: [{ length: 3_000 }], extensions: [] });
    one.say({ type: 'SLICE', handle: 0, index: 0, offset: 0, bytes: bytes.subarray(0, 1_000) });
    const finish = { lengthBytes: 3_000, chunks: 1, sha256: sha256(bytes) };
    one.say({ type: 'FINISH', handle: 0, ...finish, extensions: [] });
    // Another document keeps the lanes busy: this one is asked for after three times the silence.
    let asked = 0;
    for (let at = 0; at < 10_000 && asked === 0; at += 500) {
      two.say({ type: 'PING', stamp: at });
      await clock.advance(500);
      asked = one.of('WANT').length + two.of('WANT').length;
      if (at < 5_000) expect(asked).toBe(0);
    }
    expect(asked).toBe(1);
  });
});
