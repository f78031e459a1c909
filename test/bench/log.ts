// How fast events become facts: 100 uploads at once through the real host (check, step, digest, chain, index rows, heads),
// against bare LevelDB that is handed the very same rows by 100 writers with a group commit and nothing else. Rounds are
// interleaved, because the disk's mood changes; the medians count. Then: how fast a log is verified and folded again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../agent/adapters/node-clock.ts';
import { nodeRandom } from '../../agent/adapters/node-random.ts';
import { createHost } from '../../agent/host/host.ts';
import { decodeRecord, follows, genesis, hashLength } from '../../agent/host/record.ts';
import type { Change, KeyValue, Storage } from '../../agent/ports.ts';
import type { Cell } from '../../machines/kernel.ts';
import { foldRecord } from '../../machines/replay.ts';
import { report } from '../support/bench.ts';
import { withBatch } from '../support/wrapped-batch.ts';

const uploads = 100;
/** Lives per upload slot in one round. */
const livesPerSlot = 30;
const rounds = 7;
const replayEvents = 200_000;

const sent = { type: 'document.sent', lengthBytes: 1_000, sha256: 'ab'.repeat(32), chunks: 1 };
const stored = {
  type: 'upload.stored',
  documentId: '6f1c0f6e-6a0e-4b54-9f0e-0d6b7a1f5a10',
  receipt: 'cmVjZWlwdA=='.repeat(8),
  signature: 'c2lnbmF0dXJl'.repeat(7),
  keyId: 'k'.repeat(43),
  storedMs: 1_763_650_000_000,
};

function idOf(number: number): string {
  return `upload/${String(number).padStart(26, '0')}`;
}

/** Passes everything on and keeps each event's share of the rows, so that bare LevelDB gets the same bytes. */
function recording(storage: Storage, batches: { changes: readonly Change[]; events: number }[]): Storage {
  const record = (kv: KeyValue): KeyValue =>
    withBatch(kv, (changes, options) => {
      const events = changes.filter((change) => change.key.startsWith('log/')).length;
      batches.push({ changes, events });
      return kv.batch(changes, options);
    });
  return { ...storage, open: async () => record(await storage.open()) };
}

/** CPU of this thread, µs: unlike time it tells the same whoever else is at work on the machine. */
function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

interface Round {
  readonly events: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly batches: { changes: readonly Change[]; events: number }[];
}

/** 100 slots, each living one upload after the other: created, settled, checkpointed, sent, stored, indexed. */
async function hostRound(directory: string, keep: boolean): Promise<Round> {
  const batches: Round['batches'] = [];
  const storage = createLevelStorage(directory);
  const host = createHost({
    storage: keep ? recording(storage, batches) : storage,
    clock: nodeClock(),
    random: nodeRandom(),
    log: () => undefined,
  });
  await host.open();
  const before = host.status().lastSeq;
  let next = 0;
  const startedMicros = cpuMicros();
  const started = performance.now();
  const live = async (): Promise<void> => {
    for (let life = 0; life < livesPerSlot; life++) {
      next += 1;
      const actor = idOf(next);
      const source = { kind: 'watched', folder: 'scans', path: `2026/${next}.pdf` };
      const name = `scans/2026/${next}.pdf`;
      await host.create(actor, { source, name, version: 1, priority: 5, addedMs: 1_763_650_000_000 + next });
      await host.send(
        actor,
        { type: 'file.settled', stat: { sizeBytes: 1_000, mtimeNs: '1' }, fx: '1.0' },
        fx,
      );
      await host.send(actor, { type: 'pause', by: 'crew' });
      await host.send(actor, { type: 'resume', by: 'crew' });
      await host.send(actor, { ...sent, fx: '4.0' }, fx);
      await host.send(actor, { ...stored, fx: '5.0' }, fx);
      const indexed = { type: 'document.indexed', documentId: stored.documentId, version: 1, passages: 3 };
      await host.send(actor, indexed, { src: 'sys' });
    }
  };
  await Promise.all(Array.from({ length: uploads }, live));
  const seconds = (performance.now() - started) / 1_000;
  const used = cpuMicros() - startedMicros;
  const events = host.status().lastSeq - before;
  await host.close();
  return { events, seconds, cpuMicros: used, batches };
}

const fx = { src: 'fx' } as const;

/** 100 writers, each waiting for its event's rows to be on the medium before its next; one batch at a time for all. */
async function bareRound(directory: string, load: Round['batches']): Promise<Omit<Round, 'batches'>> {
  const kv = await createLevelStorage(directory).open();
  const events: (readonly Change[])[] = [];
  for (const batch of load) {
    const share = Math.ceil(batch.changes.length / Math.max(1, batch.events));
    for (let at = 0; at < batch.changes.length; at += share) events.push(batch.changes.slice(at, at + share));
  }
  let waiting: { changes: readonly Change[]; done: () => void }[] = [];
  let writing = false;
  const commit = async (): Promise<void> => {
    writing = true;
    await Promise.resolve();
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await kv.batch(
        group.flatMap(({ changes }) => changes),
        { sync: true },
      );
      for (const { done } of group) done();
    }
    writing = false;
  };
  const put = (changes: readonly Change[]): Promise<void> =>
    new Promise((done) => {
      waiting.push({ changes, done });
      if (!writing) void commit();
    });
  let next = 0;
  const startedMicros = cpuMicros();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: uploads }, async () => {
      while (next < events.length) await put(events[next++]!);
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  const used = cpuMicros() - startedMicros;
  await kv.close();
  return { cpuMicros: used, events: load.reduce((sum, batch) => sum + batch.events, 0), seconds };
}

/** Reads, verifies the chain and folds every record of a log, as recovery does for its tail. */
async function replayRound(directory: string): Promise<{ events: number; seconds: number }> {
  const kv = await createLevelStorage(directory).open();
  const identity = JSON.parse((await kv.get('meta/log'))!.slice(8)) as { logId: string };
  let previous = genesis(identity.logId);
  let cells = new Map<string, Cell>();
  let events = 0;
  const started = performance.now();
  while (events < replayEvents) {
    previous = genesis(identity.logId);
    cells = new Map();
    for await (const [, row] of kv.iterate({ gte: 'log/', lt: 'log0' })) {
      if (!follows(previous, row)) throw new Error('the chain of the benchmark log is broken');
      previous = row.slice(0, hashLength);
      const rec = decodeRecord(row)!;
      events += 1;
      if (rec.kind !== 'host@1') cells.set(rec.actor, foldRecord(cells.get(rec.actor), rec));
    }
  }
  const seconds = (performance.now() - started) / 1_000;
  await kv.close();
  return { events, seconds };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const spread = (values: readonly number[]): string =>
  `${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))}`;

const root = mkdtempSync(join(tmpdir(), 'tender-bench-log-'));
try {
  const durable: number[] = [];
  const bare: number[] = [];
  const replay: number[] = [];
  const hostCpu: number[] = [];
  const bareCpu: number[] = [];
  const load = (await hostRound(join(root, 'load'), true)).batches;
  for (let round = 0; round < rounds; round++) {
    const ours = await hostRound(join(root, `host-${round}`), false);
    const theirs = await bareRound(join(root, `bare-${round}`), load);
    durable.push(ours.events / ours.seconds);
    bare.push(theirs.events / theirs.seconds);
    hostCpu.push(ours.cpuMicros / ours.events);
    bareCpu.push(theirs.cpuMicros / theirs.events);
    process.stdout.write(
      `round ${round + 1}: host ${Math.round(durable.at(-1)!)} events/s, bare ${Math.round(bare.at(-1)!)} events/s\n`,
    );
  }
  for (let round = 0; round < 3; round++) {
    const result = await replayRound(join(root, 'host-0'));
    replay.push(result.events / result.seconds);
  }
  process.stdout.write(`host ${spread(durable)}, bare ${spread(bare)}, replay ${spread(replay)} events/s\n`);
  report(
    'log',
    {
      durableEventsPerSecond: Math.round(median(durable)),
      bareEventsPerSecond: Math.round(median(bare)),
      ratio: Number((median(durable) / median(bare)).toFixed(3)),
      replayEventsPerSecond: Math.round(median(replay)),
      cpuMicrosPerEvent: Number(median(hostCpu).toFixed(1)),
      bareCpuMicrosPerEvent: Number(median(bareCpu).toFixed(1)),
    },
    { ratio: { min: 0.6 }, replayEventsPerSecond: { min: 80_000 } },
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}
