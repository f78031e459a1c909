// Found by voyage 66: an upload that ended after the last checkpoint has no head any more, only a receipt; its records
// in the tail are not damage.
import { expect, it } from 'vitest';
import { createHost } from '../../agent/host/host.ts';
import { FakeDisk } from '../support/fake-disk.ts';
import { FakeLife } from '../support/fake-life.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { FakeTimeline } from '../support/fake-timeline.ts';

const actor = 'upload/01KQGDFZJVNWNFF61S39B0063B';
const sha256 = 'ab'.repeat(32);

it('an upload that ended between the last checkpoint and a kill leaves the log whole', async () => {
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
  const boot = () => {
    const life = new FakeLife('agent');
    const clock = timeline.clock(life, () => 1_777_000_000_000 + timeline.now);
    return { life, host: createHost({ storage: disk.storage(life), clock, random, log: () => {} }) };
  };

  const first = boot();
  await run(first.host.open());
  const source = { kind: 'spooled', spool: 'a.bytes', sizeBytes: 1 };
  await run(first.host.create(actor, { source, name: 'added/a', version: 1, priority: 5, addedMs: 0 }));
  const fx = (event: { readonly type: string; readonly [key: string]: string | number }) =>
    run(first.host.send(actor, event, { src: 'fx' }));
  await fx({ type: 'document.sent', fx: '1.0', lengthBytes: 1, sha256, chunks: 1 });
  await fx({
    type: 'upload.stored',
    fx: '2.0',
    documentId: 'd',
    receipt: 'r',
    signature: 's',
    keyId: 'k',
    storedMs: 1,
  });
  await fx({ type: 'source.released', fx: '3.0' });
  await run(first.host.checkpoint());
  const indexed = { type: 'document.indexed', documentId: 'd', version: 1, passages: 1 };
  expect(await run(first.host.send(actor, indexed, { src: 'sys' }))).toMatchObject({ state: 'indexed' });
  first.life.end('kill');

  const second = boot();
  const report = await run(second.host.open());
  expect(report.rebuilt).toBeUndefined();
  expect((await run(second.host.read(actor)))?.value).toBe('indexed');
  await run(second.host.close());
});
