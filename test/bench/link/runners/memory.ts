// No link: cloud and agent beside each other, as fast as they can. The whole agent's memory must not know how large a file is.
import { join } from 'node:path';
import { hashAshore } from '../../../../agent/cli/demo/verify.ts';
import { placeDocument } from '../../content.ts';
import { delivered, setStage } from '../../stage.ts';
import { cpuSeconds, memoryMb } from '../../usage.ts';
import { round } from '../arithmetic.ts';
import { later } from '../cleanup.ts';
import type { Runner } from '../run.ts';

async function once(bytes: number, seed: number, maxSeconds: number) {
  const stage = await setStage(async (cloudPort) => cloudPort);
  const close = later(stage.close);
  try {
    const before = cpuSeconds(stage.pids.agent);
    const sha256 = await placeDocument(join(stage.folder, 'file.bin'), bytes, `memory ${seed}`);
    const { documentId, settledMs, storedMs } = await delivered(stage, 'file.bin', maxSeconds * 1000);
    const spent = cpuSeconds(stage.pids.agent) - before;
    const rssMb = memoryMb(stage.pids.agent).peak;
    if ((await hashAshore(stage, documentId)) !== sha256)
      throw new Error('the bytes ashore are not the file’s');
    return { rssMb, cpuPerGb: spent / (bytes / 1e9), seconds: (storedMs - settledMs) / 1000 };
  } finally {
    await close();
  }
}

export const memory: Runner<'memory'> = async (about, options) => {
  const small = await once(about.smallBytes, options.seed, about.maxSeconds);
  const large = await once(about.bytes, options.seed, about.maxSeconds);
  return {
    agentRssMb: round(Math.max(small.rssMb, large.rssMb), 1),
    agentRssSmallMb: round(small.rssMb, 1),
    agentRssLargeMb: round(large.rssMb, 1),
    cpuSecondsPerGb: round(large.cpuPerGb, 2),
    megabytesPerSecond: round(about.bytes / 1e6 / large.seconds, 1),
    seconds: round(large.seconds, 1),
  };
};
