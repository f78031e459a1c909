import { expect, test } from 'vitest';
import { systemRandom } from '../../cloud/adapters/system-clock.ts';
import { createNotices } from '../../cloud/decide/notices.ts';
import { createMemoryCloud } from '../../cloud/memory/memory-store.ts';
import { addYacht, offerOf, storeDocument } from '../contracts/cloud-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('notices are replayed from the cursor, a page at most, and stay until acknowledged', async () => {
  const cloud = createMemoryCloud({ clock: new FakeClock(), random: systemRandom });
  const notices = createNotices({ store: cloud.store });
  const scope = await addYacht(cloud);
  const woken: string[] = [];
  const unwatch = cloud.wakes.onNotice((deviceId) => woken.push(deviceId));
  for (let i = 0; i < 300; i += 1) {
    const receipt = await storeDocument(cloud.store, scope, offerOf(`doc ${i}`), `doc ${i}`);
    const work = await cloud.store.takeIndexWork(receipt.documentId, 1);
    await cloud.store.recordIndexed(work!, { passages: [], reason: '' });
  }
  unwatch();
  expect(woken).toHaveLength(300);
  const page = await notices.after(scope, 0, 10_000);
  expect(page.map((notice) => notice.sequence)).toEqual(Array.from({ length: 256 }, (_, i) => i + 1));
  expect(await notices.after(scope, 256)).toHaveLength(44);
  await notices.acknowledge(scope, 299);
  expect((await notices.after(scope, 0)).map((notice) => notice.sequence)).toEqual([300]);
});
