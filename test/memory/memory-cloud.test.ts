import { systemRandom } from '../../cloud/adapters/system-clock.ts';
import { createMemoryCloud, type IndexJob } from '../../cloud/memory/memory-store.ts';
import type { CloudFixture } from '../contracts/cloud-fixture.ts';
import { registryContract } from '../contracts/registry-contract.ts';
import { storeContract } from '../contracts/store-contract.ts';
import { FakeClock } from '../support/fake-clock.ts';

async function make(): Promise<CloudFixture> {
  const cloud = createMemoryCloud({ clock: new FakeClock(), random: systemRandom });
  const taken: IndexJob[] = [];
  return {
    store: cloud.store,
    registry: cloud.registry,
    async jobs() {
      for (let job = cloud.takeJob(); job; job = cloud.takeJob()) taken.push(job);
      return taken;
    },
    async close() {},
  };
}

storeContract('memory', make);
registryContract('memory', make);
