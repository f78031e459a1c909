// One upload, its line cut at fifty bytes drawn by chance, some of them in the middle of a handshake. A relay between yacht and
// cloud keeps the receiver's account: bytes that the cloud had called durable must never come again, and what else a cut
// costs is told. At the end the bytes ashore must be the file's.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hashAshore } from '../../agent/cli/demo/verify.ts';
import { report } from '../support/bench.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { Account } from './account.ts';
import { placeDocument } from './content.ts';
import { type CuttingRelay, openCuttingRelay } from './cutting-relay.ts';
import { delivered, setStage } from './stage.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cuts: { type: 'string', default: '50' },
    bytes: { type: 'string', default: '100000000' },
  },
});
const bytes = Number(values.bytes);
const runMaxMs = 300_000;

const chance = new FakeRandom(Number(values.seed), 'cuts');
const cutAt = Array.from({ length: Number(values.cuts) }, () => 1 + Math.floor(chance.unit() * (bytes - 1)));
cutAt.sort((a, b) => a - b);
const account = new Account();
let relay: CuttingRelay | undefined;
const stage = await setStage(async (cloudPort) => {
  relay = await openCuttingRelay(cloudPort, cutAt, account);
  return relay.port;
});
try {
  const name = 'resumed.bin';
  const sha256 = await placeDocument(join(stage.folder, name), bytes, `resume ${values.seed}`);
  const { documentId, settledMs, storedMs } = await delivered(stage, name, runMaxMs);
  if ((await hashAshore(stage, documentId)) !== sha256)
    throw new Error('the bytes ashore are not the file’s');

  const { passages, cuts } = relay!;
  // What a cut cost: what was lost with its connection, and what the next one said and sent again.
  const wastes = passages.slice(1).map((next, at) => ({
    lost: passages[at]!.lostBytes,
    repeated: next.repeatedBytes,
    reopening: next.reopeningBytes,
  }));
  const figures = {
    durableBytesSentAgain: account.durableBytesSentAgain,
    wastePerCutBytes: median(wastes.map(({ lost, repeated, reopening }) => lost + repeated + reopening)),
    lostPerCutBytes: median(wastes.map(({ lost }) => lost)),
    repeatedPerCutBytes: median(wastes.map(({ repeated }) => repeated)),
    reopeningPerCutBytes: median(wastes.map(({ reopening }) => reopening)),
    arrivedBytes: account.arrivedBytes,
    bytes,
    cuts,
    connections: passages.length,
    seconds: (storedMs - settledMs) / 1000,
    seed: Number(values.seed),
  };
  const goals = { durableBytesSentAgain: { max: 0 }, cuts: { min: cutAt.length } };
  process.exitCode = report('resume', figures, goals) ? 0 : 1;
} finally {
  await stage.close();
  await relay?.close();
}

function median(of: readonly number[]): number {
  return [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
}
