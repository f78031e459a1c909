// Names of people and programs are free text: a timer that carries one survives a restart like any other.
import { expect, it } from 'vitest';
import { createHost } from '../../agent/host/host.ts';
import { FakeDisk } from '../support/fake-disk.ts';
import { FakeLife } from '../support/fake-life.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { FakeTimeline } from '../support/fake-timeline.ts';

const actor = 'upload/01KQGDFZJVNWNFF61S39B0063B';

it.each(['crew', 'page/tab 2', 'a/b/c', 'Zoë'])(
  'a pause by "%s" ends in time though the agent was killed',
  async (by) => {
    const timeline = new FakeTimeline();
    const random = new FakeRandom(1);
    const disk = new FakeDisk(timeline, random, { syncMs: [1, 2], writeMs: [1, 2] });
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
      const clock = timeline.clock(life, () => 1_777_000_000_000 + timeline.now);
      const host = createHost({ storage: disk.storage(life), clock, random, log: () => {} });
      await run(host.open());
      return { life, host };
    };
    const first = await boot();
    const source = { kind: 'spooled', spool: 'a.bytes', sizeBytes: 1 };
    await run(first.host.create(actor, { source, name: 'added/a', version: 1, priority: 5, addedMs: 0 }));
    await run(first.host.send(actor, { type: 'pause', by, untilMs: 60_000 }));
    expect((await run(first.host.read(actor)))?.value).toBe('paused');
    first.life.end('kill');
    const second = await boot();
    await timeline.run(timeline.now + 61_000);
    expect((await run(second.host.read(actor)))?.value).toBe('sending');
  },
);
