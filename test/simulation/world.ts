// Everything a voyage is made of, composed from one seed: time, chance, disk, files, link, shore, yacht, crew, checkers.
import { FakeBlobs } from '../support/fake-blobs.ts';
import { FakeDisk } from '../support/fake-disk.ts';
import { FakeFiles } from '../support/fake-files.ts';
import { FakeLife } from '../support/fake-life.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { FakeTimeline } from '../support/fake-timeline.ts';
import { createAboard, directories } from './aboard.ts';
import { CheckAshore } from './check-ashore.ts';
import { CheckEnd } from './check-end.ts';
import { CheckLog } from './check-log.ts';
import { Crew } from './crew.ts';
import { Indexer, type IndexTrouble } from './indexer.ts';
import { type Plan, planOf } from './plan.ts';
import type { Plant } from './plants.ts';
import { Report } from './report.ts';
import { Shore } from './shore.ts';
import type { StoreTrouble } from './shore-store.ts';
import { Sources } from './sources.ts';
import { Traffic } from './traffic.ts';
import { Yacht } from './yacht.ts';

export interface World {
  readonly plan: Plan;
  readonly timeline: FakeTimeline;
  readonly random: FakeRandom;
  readonly report: Report;
  readonly network: FakeNetwork;
  readonly disk: FakeDisk;
  readonly files: FakeFiles;
  readonly blobs: FakeBlobs;
  readonly storeTrouble: StoreTrouble;
  readonly indexTrouble: IndexTrouble;
  readonly yacht: Yacht;
  readonly shore: Shore;
  readonly indexer: Indexer;
  readonly crew: Crew;
  readonly ashore: CheckAshore;
  readonly log: CheckLog;
  readonly end: CheckEnd;
  readonly traffic: Traffic;
}

/** A morning in May; where virtual time begins. */
const epochMs = Date.UTC(2026, 4, 1);

export async function createWorld(
  seed: number,
  plant: Plant,
  verbose?: (line: string) => void,
): Promise<World> {
  const timeline = new FakeTimeline();
  const random = new FakeRandom(seed, 'voyage');
  const plan = planOf(seed, random.fork('plan'));
  const report = new Report(() => timeline.now, verbose);
  const sources = new Sources(() => timeline.now);
  const disk = new FakeDisk(timeline, random.fork('disk'), { syncMs: [0.5, 12], writeMs: [0.01, 0.5] });
  const files = new FakeFiles(timeline, random.fork('files'), 4);
  for (const path of directories) files.makeDirectory(path);
  const blobs = new FakeBlobs(timeline, random.fork('blobs'), [0.5, 15]);
  blobs.answerBeforeSync = plant.blobsAnswerEarly ?? false;
  const network = new FakeNetwork(timeline, random.fork('network'), { ...plan.link });
  const ashore = new CheckAshore(report, sources, blobs, () => disk.quarantined > 0);
  const log = new CheckLog(report, () => timeline.now);
  disk.onDurable = (batch) => log.batch(batch);
  disk.onEvidence = () => {
    log.mayBegin = true;
  };
  network.onSend = (direction, bytes) => {
    if (direction === 'down') ashore.leaves(bytes);
  };
  const traffic = new Traffic();
  network.onDelivery = (direction, bytes, connection) => {
    report.trace(`${direction} ${connection} ${bytes[0]} ${bytes.length}`);
    traffic.arrived(direction, bytes);
  };

  const storeTrouble: StoreTrouble = { busyUntilMs: 0, lostAnswers: 0 };
  const indexTrouble: IndexTrouble = { transientChance: 0, poisonChance: 0, twiceChance: 0 };
  const shore = new Shore({
    timeline,
    random: random.fork('shore'),
    report,
    network,
    blobs,
    ashore,
    trouble: storeTrouble,
    plant,
    epochMs,
  });
  const start = await createAboard({
    timeline,
    random: random.fork('aboard'),
    report,
    disk,
    files,
    network,
    shore,
    log,
    plant,
    exited: (life) => yacht.exited(life),
  });
  const yacht: Yacht = new Yacht({
    timeline,
    random: random.fork('yacht'),
    report,
    wallErrorMs: plan.wallErrorMs,
    epochMs,
    start,
  });
  const crew = new Crew({
    timeline,
    random: random.fork('crew'),
    report,
    files,
    sources,
    aboard: () => yacht.aboard,
  });
  const indexer = new Indexer({
    timeline,
    random: random.fork('indexer'),
    report,
    trouble: indexTrouble,
    takeJob: () => shore.takeJob(),
    ports: (life) => shore.portsOf(life),
    newLife: (name) => new FakeLife(name),
  });
  ashore.onCommit = () => indexer.wake();
  const end = new CheckEnd({ report, disk, files, crew, ashore, log });
  return {
    plan,
    timeline,
    random,
    report,
    network,
    disk,
    files,
    blobs,
    storeTrouble,
    indexTrouble,
    yacht,
    shore,
    indexer,
    crew,
    ashore,
    log,
    end,
    traffic,
  };
}
