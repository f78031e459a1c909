// A process that is made to be killed: it drives the host as hard as it can and tells each promise on stdout the moment it
// has it. With `many`, a thousand uploads at once under the limits of production. Started by kill.test.ts.
import { writeSync } from 'node:fs';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../agent/adapters/node-clock.ts';
import { nodeRandom } from '../../agent/adapters/node-random.ts';
import { createHost } from '../../agent/host/host.ts';
import { spooled, uploadId } from './support.ts';

const [directory = '', round = '1', load = 'few'] = process.argv.slice(2);
const parallel = load === 'many' ? 1_000 : 8;
const ports = { clock: nodeClock(), random: nodeRandom(), log: () => undefined };
const host = createHost(
  { storage: createLevelStorage(directory), ...ports },
  load === 'many' ? {} : { limits: { checkpointCommits: 16, liveCellsMax: 64 } },
);
host.register('sendDocument', async ({ checkpoint }) => {
  checkpoint({ type: 'transfer.checkpointed', bytesDurable: 10 });
  return { type: 'document.sent', lengthBytes: 1_000, sha256: 'ab'.repeat(32), chunks: 1 };
});
await host.open();
writeSync(1, 'open\n');

let next = Number(round) * 100_000;
const live = async (): Promise<void> => {
  for (;;) {
    next += 1;
    const actor = uploadId(next);
    const rows = [{ type: 'put', key: `file/${next}`, value: String(next) }] as const;
    const events = [
      { type: 'pause', by: 'crew' } as const,
      { type: 'prioritise', priority: 3, by: 'crew' } as const,
    ];
    const born = await host.create(actor, spooled(next), { rows });
    if (born.accepted) writeSync(1, `${actor} ${born.n}\n`);
    for (const event of events) {
      const outcome = await host.send(actor, event);
      if (outcome.accepted) writeSync(1, `${actor} ${outcome.n}\n`);
    }
  }
};
await Promise.all(Array.from({ length: parallel }, live));
