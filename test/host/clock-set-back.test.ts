// Found by voyage 1653: a clock that was set back hid timers armed before, once a checkpoint or a rebuilt log had
// forgotten how far ahead log time had been.
import { expect, it } from 'vitest';
import { createHost } from '../../agent/host/host.ts';
import { FakeDisk } from '../support/fake-disk.ts';
import { FakeLife } from '../support/fake-life.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { FakeTimeline } from '../support/fake-timeline.ts';

const actor = 'upload/01KQGDFZJVNWNFF61S39B0063B';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function yacht() {
  const timeline = new FakeTimeline();
  const random = new FakeRandom(1);
  const disk = new FakeDisk(timeline, random, { syncMs: [1, 2], writeMs: [1, 2] });
  let offsetMs = 0;
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    await timeline.run(timeline.now + 60_000, () => settled);
    return promise;
  };
  const boot = async () => {
    const life = new FakeLife('agent');
    const clock = timeline.clock(life, () => 1_777_000_000_000 + timeline.now + offsetMs);
    const host = createHost({ storage: disk.storage(life), clock, random, log: () => {} });
    const report = await run(host.open());
    return { life, host, report };
  };
  return { timeline, disk, run, boot, jump: (byMs: number) => (offsetMs += byMs) };
}

/** An upload that waits an hour. */
async function waiting({ run, boot }: ReturnType<typeof yacht>) {
  const first = await boot();
  const source = { kind: 'spooled', spool: 'a.bytes', sizeBytes: 1 };
  await run(first.host.create(actor, { source, name: 'added/a', version: 1, priority: 5, addedMs: 0 }));
  const failed = { type: 'send.failed', class: 'BUSY', code: 'TENDER_X', message: '', delayMs: hourMs };
  await run(first.host.send(actor, { ...failed, fx: '1.0' }, { src: 'fx' }));
  expect((await run(first.host.read(actor)))?.value).toBe('waiting');
  return first;
}

it('a timer fires within its length though the clock went back 100 days and two boots and a checkpoint passed', async () => {
  const ship = yacht();
  (await waiting(ship)).life.end('kill');
  ship.jump(-100 * dayMs);
  const second = await ship.boot();
  await ship.run(second.host.checkpoint());
  second.life.end('kill');
  const third = await ship.boot();
  await ship.timeline.run(ship.timeline.now + hourMs + 1_000);
  expect((await ship.run(third.host.read(actor)))?.value).toBe('sending');
});

it('so it does when the log had to be rebuilt meanwhile', async () => {
  const ship = yacht();
  const first = await waiting(ship);
  await ship.run(first.host.checkpoint());
  for (let i = 0; i < 40; i++) await ship.run(first.host.putRows([{ type: 'put', key: 'x', value: `${i}` }]));
  first.life.end('kill');
  ship.jump(-100 * dayMs);
  const kept = ship.disk.entries({ gte: 'log/', lt: 'log0' }).length;
  expect(ship.disk.rot(3)).toBe(true);
  expect(ship.disk.entries({ gte: 'log/', lt: 'log0' }).length).toBeLessThan(kept);
  const second = await ship.boot();
  expect(second.report.rebuilt).toBeDefined();
  await ship.timeline.run(ship.timeline.now + hourMs + 1_000);
  expect((await ship.run(second.host.read(actor)))?.value).toBe('sending');
});
