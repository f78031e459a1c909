import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import { openOfflineLog } from '../../../agent/daemon/offline-log.ts';
import { collect, hostOn, spooled, until, uploadId } from '../../host/support.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

async function written(directory: string, uploads = 5): Promise<void> {
  const { host } = hostOn(directory);
  await host.open();
  for (let number = 1; number <= uploads; number++) await host.create(uploadId(number), spooled(number));
  await host.putRows([{ type: 'put', key: 'file/scans/a.pdf', value: '{"version":1}' }]);
  await host.close();
}

const offline = (directory: string) => openOfflineLog(createLevelStorage(directory, { existing: true }));

describe('the log of an agent that does not run', () => {
  test('tells what the daemon would tell, and is the same afterwards', async () => {
    const directory = await temporaryDirectory();
    await written(directory);
    const first = await offline(directory);
    const records = await collect(first.reads.history({ limit: 1_000 }));
    expect(first).toMatchObject({ damage: null, clean: true, oldest: 1, head: records.length });
    expect(
      (await collect(first.reads.list({ kind: 'upload', limit: 10 }))).map(({ actor }) => actor),
    ).toEqual([1, 2, 3, 4, 5].map(uploadId));
    expect((await first.reads.read(uploadId(3)))?.value).toBe('sending');
    expect(await collect(first.reads.rows({ gte: 'file/', lt: 'file0' }))).toEqual([
      ['file/scans/a.pdf', '{"version":1}'],
    ]);
    expect((await first.audit()).damage).toBeUndefined();
    await first.close();

    const again = await offline(directory);
    expect(await collect(again.reads.history({ limit: 1_000 }))).toEqual(records);
    await again.close();
    const { host } = hostOn(directory);
    onTestFinished(() => host.close());
    expect(await host.open()).toMatchObject({ clean: true, boot: 2, logId: first.logId });
  });

  test('shows states that no head holds yet', async () => {
    const directory = await temporaryDirectory();
    const { host } = hostOn(directory);
    await host.open();
    await host.create(uploadId(1), spooled(1));
    await host.send(uploadId(1), { type: 'pause', by: 'captain' });
    // Nobody closed it: what a killed agent leaves.
    const copy = `${directory}-copy`;
    copyTree(directory, copy);
    await host.close();
    const log = await offline(copy);
    expect(log.clean).toBe(false);
    expect((await log.reads.read(uploadId(1)))?.value).toBe('paused');
    await log.close();
  });

  test('is refused while an agent holds it', async () => {
    const directory = await temporaryDirectory();
    const { host } = hostOn(directory);
    await host.open();
    await expect(offline(directory)).rejects.toMatchObject({ code: 'TENDER_STATE_LOCKED' });
    await host.close();
  });

  test('where there is none, it says so and makes nothing', async () => {
    const directory = await temporaryDirectory();
    await expect(async () => offline(join(directory, 'nowhere'))).rejects.toMatchObject({
      code: 'TENDER_STATE_MISSING',
    });
    await expect(async () => offline(directory)).rejects.toMatchObject({ code: 'TENDER_STATE_MISSING' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('damage is told, not mended: the next start still finds and rebuilds it', async () => {
    const directory = await temporaryDirectory();
    await written(directory);
    const storage = createLevelStorage(directory);
    const kv = await storage.open();
    await kv.batch([{ type: 'del', key: 'log/000000000003' }], { sync: true });
    await kv.close();
    const log = await offline(directory);
    expect(log.damage).toContain('missing');
    expect((await collect(log.reads.history({ limit: 100 }))).length).toBe(log.head - 1);
    await log.close();
    expect(readdirSync(directory)).not.toContain('quarantine');
    const { host } = hostOn(directory);
    onTestFinished(() => host.close());
    expect((await host.open()).rebuilt?.reason).toContain('missing');
    await until(async () => (await host.read(uploadId(5)))?.value === 'sending');
  });
});

/** Files of an open database as a kill would leave them, without its lock. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === 'agent.lock' || entry.name === 'LOCK') continue;
    if (entry.isDirectory()) copyTree(join(from, entry.name), join(to, entry.name));
    else writeFileSync(join(to, entry.name), readFileSync(join(from, entry.name)));
  }
}
