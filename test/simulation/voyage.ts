// One voyage: a yacht, a link and a shore from one seed, in virtual time. First the storm: faults strike while documents
// come into being, and nothing wrong may ever be seen (safety). Then calm: everything must reach its end (liveness).
import type { Wait } from './check-end.ts';
import { type PlantName, plants } from './plants.ts';
import type { Violation } from './report.ts';
import { Weather } from './weather.ts';
import { createWorld, type World } from './world.ts';

export interface VoyageOptions {
  readonly plant?: PlantName;
  readonly verbose?: (line: string) => void;
  /** Shown everything once it is over, before it is let go. */
  readonly atEnd?: (world: World) => Promise<void>;
}

export interface VoyageResult {
  readonly seed: number;
  readonly traceHash: string;
  readonly violation: Violation | undefined;
  readonly faults: ReadonlyMap<string, number>;
  readonly crashes: ReadonlyMap<string, number>;
  readonly virtualMs: number;
  readonly steps: number;
  /** Versions that arrived ashore. */
  readonly versions: number;
  /** What was in the messages, and how often. */
  readonly traffic: ReadonlyMap<string, number>;
}

/** Documents come into being in this part of the storm, so that the last ones still meet some of it. */
const busyFraction = 0.9;
/** Calm weather after which nothing may be left to do: waits of indexing, retries at their cap, pauses with an end. */
const calmMaxMs = 6 * 3_600_000;
const lookEveryMs = 30_000;
/** In calm weather somebody goes through the list this often. */
const letGoEveryMs = 10 * 60_000;
/** A voyage that takes more steps than this runs in circles. */
const stepsMax = 2_000_000;

export async function runVoyage(seed: number, options: VoyageOptions = {}): Promise<VoyageResult> {
  const world = await createWorld(seed, options.plant ? plants[options.plant] : {}, options.verbose);
  const { report, timeline, ashore } = world;
  const broken = (): boolean => report.violation !== undefined;
  const escaped = (error: unknown): void =>
    report.violate(
      'X no exception escapes',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  process.on('unhandledRejection', escaped);
  process.on('uncaughtException', escaped);
  try {
    await storm(world, broken);
    if (!broken()) await calm(world, broken);
  } finally {
    process.off('unhandledRejection', escaped);
    process.off('uncaughtException', escaped);
  }
  await options.atEnd?.(world);
  return {
    seed,
    traceHash: report.digest(),
    violation: report.violation,
    faults: report.faults,
    crashes: report.crashes,
    virtualMs: timeline.now,
    steps: timeline.steps,
    versions: ashore.committed.size,
    traffic: world.traffic.counts,
  };
}

async function storm(world: World, broken: () => boolean): Promise<void> {
  const { plan, timeline, crew, yacht, shore, indexer } = world;
  const random = world.random.fork('storm');
  const weather = new Weather(world);
  shore.boot();
  yacht.boot();
  indexer.boot();
  weather.brew();
  for (let i = 0; i < plan.uploads; i++)
    timeline.after(random.unit() * plan.stormyMs * busyFraction, () => {
      crew.produce();
      // People meddle with what they have just seen appear, while it is still on its way.
      if (plan.commands > 0 && random.chance(0.4))
        timeline.after(random.spread(100, 10_000), () => crew.command());
    });
  for (let i = 0; i < plan.commands; i++) timeline.after(random.unit() * plan.stormyMs, () => crew.command());
  while (!broken() && timeline.now < weather.untilMs) {
    await timeline.run(Math.min(weather.untilMs, timeline.now + lookEveryMs), broken);
    lookAtTimers(world);
  }
  weather.clear();
}

async function calm(world: World, broken: () => boolean): Promise<void> {
  const { timeline, crew, yacht, report, end } = world;
  crew.ashore = true;
  yacht.calm();
  report.trace('calm');
  const untilMs = timeline.now + calmMaxMs;
  let waits: readonly Wait[] = [{ rule: 'P8 back by itself', what: 'the agent does not answer' }];
  let nextLetGoMs = timeline.now;
  const over = (): boolean => broken() || timeline.steps > stepsMax;
  while (!over() && timeline.now < untilMs) {
    await timeline.run(timeline.now + lookEveryMs, over);
    lookAtTimers(world);
    if (timeline.now >= nextLetGoMs) {
      crew.letGo();
      nextLetGoMs = timeline.now + letGoEveryMs;
    }
    const uploads = await ask(world);
    if (!uploads) continue;
    waits = end.pending(uploads);
    if (waits.length > 0) continue;
    end.finish(uploads);
    return;
  }
  if (broken()) return;
  // A promise that was broken says more than the time that it took.
  const { rule } = waits.find((wait) => wait.rule !== 'P8 back by itself') ?? waits[0]!;
  const when = timeline.steps > stepsMax ? `${stepsMax} steps` : `${calmMaxMs / 3_600_000} calm hours`;
  report.violate(rule, `after ${when}: ${waits.map((wait) => wait.what).join('; ')}`);
}

function lookAtTimers({ yacht, log }: World): void {
  if (yacht.upSinceMs !== undefined) log.overdue(yacht.upSinceMs);
}

/** What the agent says of its uploads; undefined when none answers within a virtual second. */
async function ask({ yacht, timeline }: World) {
  const aboard = yacht.aboard;
  if (!aboard) return undefined;
  let answer: Awaited<ReturnType<typeof aboard.uploads>> | undefined;
  aboard.uploads().then(
    (uploads) => {
      answer = uploads;
    },
    () => {},
  );
  await timeline.run(timeline.now + 1_000, () => answer !== undefined);
  return answer;
}
