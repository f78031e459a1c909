// The whole chain with no link in between: a file of 1 GB that cannot be shortened lies down in a watched folder, and the
// clock runs from the record that says it is settled to the one that says its receipt was verified. Agent, cloud and
// PostgreSQL are processes of their own with their durable settings; what counts is what one core each can do.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { report } from '../support/bench.ts';
import { placeDocument } from './content.ts';
import { delivered, type Stage, setStage } from './stage.ts';
import { childrenCpuSeconds, cpuSeconds, memoryMb } from './usage.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, bytes: { type: 'string', default: '1000000000' } },
});
const runs = Number(values.runs);
const bytes = Number(values.bytes);
const runMaxMs = 60_000 + bytes / 5_000; // slower than 5 MB/s is a failure, not a figure

interface Run {
  readonly megabytesPerSecond: number;
  readonly agentCpuSecondsPerGb: number;
  readonly cloudCpuSecondsPerGb: number;
  readonly postgresCpuSecondsPerGb: number;
}

const stage = await setStage(async (cloudPort) => cloudPort);
try {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const agentIdleRssMb = memoryMb(stage.pids.agent).now;
  const done: Run[] = [];
  for (let run = 0; run < runs; run++) done.push(await once(stage, `run-${run}.bin`));
  const figures = {
    ...medians(done),
    agentRssMb: round(memoryMb(stage.pids.agent).peak),
    agentIdleRssMb: round(agentIdleRssMb),
    cloudRssMb: round(memoryMb(stage.pids.cloud).peak),
    slowestMegabytesPerSecond: Math.min(...done.map((run) => run.megabytesPerSecond)),
    fastestMegabytesPerSecond: Math.max(...done.map((run) => run.megabytesPerSecond)),
    runs,
    bytes,
  };
  const goals = { megabytesPerSecond: { min: 100 }, agentRssMb: { max: 96 } };
  process.exitCode = report('loopback', figures, goals) ? 0 : 1;
} finally {
  await stage.close();
}

async function once({ folder, pids }: Stage, name: string): Promise<Run> {
  const path = join(folder, name);
  await placeDocument(path, bytes, name);
  const spent = () => [cpuSeconds(pids.agent), cpuSeconds(pids.cloud), childrenCpuSeconds(pids.postgres)];
  const before = spent();
  const { settledMs, storedMs } = await delivered(stage, name, runMaxMs);
  const [agent = 0, cloud = 0, postgres = 0] = spent().map((now, at) => (now - before[at]!) / (bytes / 1e9));
  await rm(path);
  const result = {
    megabytesPerSecond: round(bytes / 1e3 / (storedMs - settledMs)),
    agentCpuSecondsPerGb: round(agent),
    cloudCpuSecondsPerGb: round(cloud),
    postgresCpuSecondsPerGb: round(postgres),
  };
  process.stderr.write(`${name}: ${JSON.stringify(result)} ${JSON.stringify(memoryMb(pids.agent))}\n`);
  return result;
}

function medians(done: readonly Run[]): Run {
  const of = (pick: (run: Run) => number) =>
    done.map(pick).sort((a, b) => a - b)[Math.floor(done.length / 2)]!;
  return {
    megabytesPerSecond: of((run) => run.megabytesPerSecond),
    agentCpuSecondsPerGb: of((run) => run.agentCpuSecondsPerGb),
    cloudCpuSecondsPerGb: of((run) => run.cloudCpuSecondsPerGb),
    postgresCpuSecondsPerGb: of((run) => run.postgresCpuSecondsPerGb),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
