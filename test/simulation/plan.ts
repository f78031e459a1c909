// What one seed decides before the voyage begins: how good the link is, which kinds of faults are on and how often.
// A third of the seeds has a single kind, a third a few, a third all (TigerBeetle's and FoundationDB's "swarm"): a bug
// that hides behind the noise of ten faults shows under one, and the other way round.
import type { LinkQuality } from '../support/fake-network.ts';
import type { FakeRandom } from '../support/fake-random.ts';

export const faultKinds = [
  'cut', // the link breaks in mid-frame
  'down', // no route for a while
  'silence', // a black hole: nothing passes, nobody is told
  'laneCut', // one lane breaks, the others go on
  'laneSilence', // one lane waits for a lost segment, for moments or minutes
  'portal', // something else answers, for minutes or a day
  'replay', // a proxy plays a whole connection to the shore again
  'agentKill',
  'agentPower',
  'agentBoundary', // the agent dies before or after its n-th port call
  'cloudKill',
  'cloudPower',
  'cloudBoundary',
  'workerKill',
  'jobTwice', // the queue hands one job to two workers
  'indexFault', // transient faults and poison in indexing
  'stateDiskError', // the agent's database fails a write
  'stateDiskRot', // records vanish from the middle of it
  'storeBusy', // the cloud's database is away
  'commitUnknown', // the transaction commits and the answer is lost
  'blobError', // a segment's sync fails ashore
  'undecodable', // the shore cannot read what came compressed or as a patch
  'sourceChange', // a file changes while it is read
  'sourceVanish',
  'sourceError', // a file cannot be read for a while
  'hintsLost', // the watcher hears nothing: only the rescan finds changes
  'clockJump',
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface Plan {
  readonly seed: number;
  /** Documents that come into being, versions counted. */
  readonly uploads: number;
  /** Length of the phase with faults, virtual ms. */
  readonly stormyMs: number;
  /** Each kind that is on, with the number of times it strikes. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Pauses, cancels and the like. */
  readonly commands: number;
  readonly link: LinkQuality;
  /** Wrong from the start: the cloud corrects it once. */
  readonly wallErrorMs: number;
}

const uploadsPerVoyage = 10;

export function planOf(seed: number, random: FakeRandom): Plan {
  const style = random.between(1, 3);
  const kinds =
    style === 1
      ? [random.pick(faultKinds)]
      : style === 2
        ? random.shuffle(faultKinds).slice(0, random.between(2, 6))
        : faultKinds;
  const faults = new Map<FaultKind, number>();
  for (const kind of kinds) {
    const times = style === 3 ? random.between(0, 2) : random.between(1, 4);
    if (times > 0) faults.set(kind, times);
  }
  return {
    seed,
    uploads: uploadsPerVoyage,
    stormyMs: random.spread(2 * 60_000, 40 * 60_000),
    faults,
    commands: random.chance(0.5) ? random.between(1, 6) : 0,
    link: {
      latencyMs: random.spread(5, 450),
      bytesPerSecond: random.spread(12_500, 1_250_000),
      jitter: random.unit() * 0.5,
    },
    wallErrorMs: random.chance(0.2) ? (random.unit() - 0.5) * 2 * 400 * 24 * 3_600_000 : 0,
  };
}
