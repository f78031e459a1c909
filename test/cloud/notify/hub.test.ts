// The hub against a held clock: order, replay, lost wakes, slow readers, fencing, a database that is away.
import { describe, expect, it } from 'vitest';
import { CloudError } from '../../../cloud/cloud-error.ts';
import type { Notices } from '../../../cloud/decide/notices.ts';
import { createNoticeHub, hubLimits } from '../../../cloud/notify/hub.ts';
import type { DeviceScope, Notice, Wakes } from '../../../cloud/ports.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const scope: DeviceScope = { tenantId: 't', deviceId: 'd', epoch: 1 };

const notice = (sequence: number): Notice => ({
  sequence,
  uploadId: '0'.repeat(26),
  documentId: 'doc',
  version: 1,
  kind: 'indexed',
  passages: 1,
  reason: '',
  atMs: 0,
});

function harbour() {
  const clock = new FakeClock();
  const rows: Notice[] = [];
  const watchers = { notice: new Set<(id: string) => void>(), device: new Set<(id: string) => void>() };
  let fault: Error | undefined;
  let reads = 0;
  const notices: Notices = {
    async after(_scope, cursor, limit = 256) {
      reads++;
      if (fault) throw fault;
      return rows.filter((row) => row.sequence > cursor).slice(0, limit);
    },
    acknowledge: async () => {},
  };
  const watch = (set: Set<(id: string) => void>) => (run: (id: string) => void) => {
    set.add(run);
    return () => set.delete(run);
  };
  const wakes: Wakes = { onNotice: watch(watchers.notice), onDevice: watch(watchers.device) };
  const hub = createNoticeHub({ notices, wakes, clock });
  const seen: number[] = [];
  const ends: string[] = [];
  let buffered = 0;
  const reader = {
    deliver: (page: readonly Notice[]) => void seen.push(...page.map((row) => row.sequence)),
    bufferedBytes: () => buffered,
    end: (code: string) => void ends.push(code),
  };
  return {
    clock,
    hub,
    seen,
    ends,
    reader,
    watchers,
    reads: () => reads,
    add: (...sequences: number[]) => rows.push(...sequences.map(notice)),
    wake: (id = 'd') => {
      for (const run of watchers.notice) run(id);
    },
    fail: (error: Error | undefined) => {
      fault = error;
    },
    buffer: (bytes: number) => {
      buffered = bytes;
    },
  };
}

describe('the notice hub', () => {
  it('replays everything after the cursor in order, in pages, then pushes what comes', async () => {
    const h = harbour();
    const missed = Array.from({ length: 200 }, (_, i) => i + 1);
    h.add(...missed);
    h.hub.attach(scope, 3, h.reader);
    await settle();
    expect(h.seen).toEqual(missed.slice(3));
    await h.clock.advance(hubLimits.gatherMs);
    h.add(201);
    h.wake();
    await settle();
    expect(h.seen.at(-1)).toBe(201);
    h.hub.close();
  });

  it('what comes soon after a notice leaves together, and is not forgotten', async () => {
    const h = harbour();
    h.hub.attach(scope, 0, h.reader);
    await settle();
    const pages: number[][] = [];
    const { deliver } = h.reader;
    h.reader.deliver = (page) => {
      pages.push(page.map((row) => row.sequence));
      deliver(page);
    };
    for (let sequence = 1; sequence <= 9; sequence++) {
      h.add(sequence);
      h.wake();
      await h.clock.advance(20);
    }
    await h.clock.advance(hubLimits.gatherMs);
    expect(pages).toEqual([[1], [2, 3, 4, 5, 6, 7, 8, 9]]);
    h.hub.close();
  });

  it('a wake that never came costs at most the poll', async () => {
    const h = harbour();
    h.hub.attach(scope, 0, h.reader);
    await settle();
    h.add(1);
    await h.clock.advance(hubLimits.pollMs);
    expect(h.seen).toEqual([1]);
    h.hub.close();
  });

  it('a wake for another device reads nothing, and a thousand wakes do not read a thousand times', async () => {
    const h = harbour();
    h.hub.attach(scope, 0, h.reader);
    await settle();
    const before = h.reads();
    h.wake('somebody-else');
    await settle();
    expect(h.reads()).toBe(before);
    h.add(1);
    for (let i = 0; i < 1000; i++) h.wake();
    await settle();
    expect(h.seen).toEqual([1]);
    expect(h.reads() - before).toBeLessThan(6);
    h.hub.close();
  });

  it('a reader that does not read is ended after its time, and nothing is handed to it meanwhile', async () => {
    const h = harbour();
    h.buffer(hubLimits.bufferedMaxBytes + 1);
    h.add(1);
    h.hub.attach(scope, 0, h.reader);
    await h.clock.advance(hubLimits.slowMaxMs - 1000);
    expect([h.seen, h.ends]).toEqual([[], []]);
    await h.clock.advance(2000);
    expect([h.seen, h.ends]).toEqual([[], ['TENDER_READER_SLOW']]);
    expect(h.clock.pending).toBe(0);
  });

  it('a reader that drains in time gets all of it', async () => {
    const h = harbour();
    h.buffer(hubLimits.bufferedMaxBytes + 1);
    h.add(1, 2);
    h.hub.attach(scope, 0, h.reader);
    await h.clock.advance(10_000);
    h.buffer(0);
    await h.clock.advance(1000);
    expect([h.seen, h.ends]).toEqual([[1, 2], []]);
    h.hub.close();
  });

  it('a fenced session is told so once, when its device wakes', async () => {
    const h = harbour();
    h.hub.attach(scope, 0, h.reader);
    await settle();
    h.fail(new CloudError('TENDER_SESSION_FENCED'));
    for (const run of h.watchers.device) run('d');
    await h.clock.advance(20_000);
    expect(h.ends).toEqual(['TENDER_SESSION_FENCED']);
  });

  it('a database that is away is asked again at the poll, and nothing is skipped', async () => {
    const h = harbour();
    h.fail(new CloudError('TENDER_STORE_UNAVAILABLE'));
    h.add(1, 2);
    h.hub.attach(scope, 0, h.reader);
    await h.clock.advance(12_000);
    expect([h.seen, h.ends]).toEqual([[], []]);
    expect(h.reads()).toBeLessThanOrEqual(3);
    h.fail(undefined);
    await h.clock.advance(hubLimits.pollMs);
    expect(h.seen).toEqual([1, 2]);
    h.hub.close();
  });

  it('after detaching nothing is delivered and no timer stays', async () => {
    const h = harbour();
    const detach = h.hub.attach(scope, 0, h.reader);
    await settle();
    detach();
    h.add(1);
    h.wake();
    await h.clock.advance(60_000);
    expect(h.seen).toEqual([]);
    expect(h.clock.pending).toBe(0);
    h.hub.close();
    expect(h.watchers.notice.size + h.watchers.device.size).toBe(0);
  });
});
