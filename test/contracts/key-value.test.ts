// LevelDB through the agent's adapter, against the contract of its database. The fake disk runs it in test/support.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { keyValueContract } from './key-value.contract.ts';

keyValueContract('LevelDB', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tender-kv-'));
  return {
    storage: () => createLevelStorage(directory),
    run: (promise) => promise,
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  };
});
