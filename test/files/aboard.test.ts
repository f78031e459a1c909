// Folder to log with the real parts: watcher, tracker, settle and the host on LevelDB. A file becomes an upload that asks
// for the line; after a restart the scan makes nothing twice.
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../agent/adapters/node-clock.ts';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { nodeRandom } from '../../agent/adapters/node-random.ts';
import { checkSettled } from '../../agent/effects/check-settled.ts';
import { createComparer } from '../../agent/files/compare.ts';
import { createLedger } from '../../agent/files/ledger.ts';
import { createSettler } from '../../agent/files/settle.ts';
import { createTracker } from '../../agent/files/tracker.ts';
import { createWatcher } from '../../agent/files/watcher.ts';
import { createHost } from '../../agent/host/host.ts';
import type { Cell } from '../../machines/kernel.ts';
import { type TestFolder, testFolder } from './support/folder.ts';

async function boot(folder: TestFolder) {
  const [files, clock, random, { roots }] = [nodeFiles(), nodeClock(), nodeRandom(), folder];
  const storage = createLevelStorage(`${folder.root}/state`);
  const host = createHost({ storage, clock, random, log: () => {} });
  const settler = createSettler({ files, clock, roots, limits: { settleQuietMs: 20 } });
  host.register('checkSettled', checkSettled(settler));
  const holdsWhatIsStored = createComparer({ files, roots, ledger: createLedger(host) });
  const tracker = createTracker({ host, files, clock, random, roots, settler, holdsWhatIsStored });
  const failures: unknown[] = [];
  const watcher = createWatcher({
    files,
    clock,
    folders: [{ label: 'papers', path: Buffer.from(folder.watched), priority: 5 }],
    sighted: tracker.sighted,
    failed: (_, error) => failures.push(error),
  });
  await host.open();
  await tracker.open();
  return {
    host,
    watcher,
    failures,
    async uploads(): Promise<Cell[]> {
      const cells: Cell[] = [];
      for await (const { cell } of host.list({ kind: 'upload', limit: 1_000 })) cells.push(cell);
      return cells;
    },
    async stop() {
      await watcher.stop();
      await host.close();
    },
  };
}

/** Polls a condition of the real world, at most 10 s. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_000; turn++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come about within 10 s');
}

describe('from folder to log', () => {
  test('300 files become 300 uploads that wait for the line; found again after a restart they stay 300', async () => {
    const folder = testFolder();
    for (let i = 0; i < 300; i++) writeFileSync(folder.at(`scan ${i}.pdf`), `page ${i}`);
    const first = await boot(folder);
    await first.watcher.rescan();
    await until(async () => (await first.uploads()).every(({ value }) => value === 'sending'));
    const cells = await first.uploads();
    expect(cells).toHaveLength(300);
    expect(cells.every(({ context }) => context.version === 1 && context.stat !== null)).toBe(true);
    await first.stop();

    const second = await boot(folder);
    await second.watcher.rescan();
    expect(await second.uploads()).toHaveLength(300);
    expect([...first.failures, ...second.failures]).toEqual([]);
    await second.stop();
  });
});
