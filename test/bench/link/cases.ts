// The cases of `npm run bench:line`, as data: which link, what travels, what happens meanwhile, what must be reached. The runner
// of a kind (runners/) knows how; profiles are those of lab/profiles.conf. `docs/performance.md` has the results.
import type { Goal } from '../../support/bench.ts';
import type { RateStep } from './arithmetic.ts';

interface Common {
  readonly profile: string;
  /** Keys of the emulator on top of the profile. */
  readonly keys?: readonly string[];
  /** Settings of the agent. */
  readonly agent?: readonly string[];
  readonly goals: Readonly<Record<string, Goal>>;
  /** A run that takes longer has failed. */
  readonly maxSeconds: number;
  readonly what: string;
  /** Needs the machine for itself: in a series nothing runs beside it. */
  readonly isAlone?: true;
}

export type Case = Common &
  (
    | { readonly kind: 'large'; readonly bytes: number; readonly steps?: readonly RateStep[] }
    | {
        readonly kind: 'documents';
        readonly count: number;
        readonly leastBytes: number;
        readonly mostBytes: number;
      }
    | { readonly kind: 'delta'; readonly bytes: number; readonly insertedBytes: number }
    | { readonly kind: 'urgent'; readonly bytes: number; readonly behindBytes: number }
    | {
        readonly kind: 'cut';
        readonly bytes: number;
        readonly atShare: number;
        readonly cutSeconds: number;
        /** One such cut in so many seconds: tells the share of the up-time that is left. */
        readonly everySeconds?: number;
      }
    | { readonly kind: 'competing'; readonly aloneSeconds: number; readonly togetherSeconds: number }
    | {
        readonly kind: 'throttle';
        readonly bytes: number;
        readonly capBytesPerSecond: number;
        /** Set with `tender link rate` while the file is running, so many seconds after its beginning. */
        readonly byHandAfterSeconds?: number;
      }
    | { readonly kind: 'idle'; readonly minutes: number }
    | { readonly kind: 'memory'; readonly bytes: number; readonly smallBytes: number }
  );

const mega = 1e6;
/** Up and down by turns, for ever: rates every 20 s. */
const twentySeconds = (megabits: readonly number[], rounds: number): RateStep[] =>
  Array.from({ length: rounds * megabits.length }, (_, at) => ({
    atSeconds: at * 20,
    bitsPerSecond: megabits[at % megabits.length]! * mega,
  }));

export const cases = {
  geo: {
    kind: 'large',
    what: 'a large file over a geostationary link: 600 ms, 2 Mbit/s, 0.5 % loss',
    profile: 'geo',
    bytes: 8 * mega,
    maxSeconds: 300,
    goals: {
      goodputPercent: { min: 90 },
      addedDelayP95Ms: { max: 60 },
      wirePerPayload: { max: 1.06 },
      callLossAddedPercent: { max: 0.5 },
    },
  },
  'geo-bad': {
    kind: 'large',
    what: 'the same in rain: 900 ms, 1 Mbit/s, 2 % loss',
    profile: 'geo-bad',
    bytes: 8 * mega,
    maxSeconds: 600,
    goals: { goodputPercent: { min: 86 }, addedDelayP95Ms: { max: 80 } },
  },
  leo: {
    kind: 'large',
    isAlone: true,
    what: 'a low orbit: 60 ms, 10 Mbit/s, 0.3 % loss, a gap about every minute',
    profile: 'leo',
    bytes: 32 * mega,
    maxSeconds: 300,
    goals: { goodputPercent: { min: 92 }, addedDelayP95Ms: { max: 60 } },
  },
  'cell-edge': {
    kind: 'large',
    what: 'the edge of a cell: 120 ± 40 ms, 3 Mbit/s, losses in bursts',
    profile: 'cell-edge',
    bytes: 8 * mega,
    maxSeconds: 300,
    goals: { goodputPercent: { min: 88 }, addedDelayP95Ms: { max: 100 } },
  },
  clean: {
    kind: 'large',
    what: 'nothing wrong but distance: 600 ms, 2 Mbit/s',
    profile: 'clean',
    bytes: 8 * mega,
    maxSeconds: 300,
    goals: {},
  },
  fat: {
    kind: 'large',
    isAlone: true,
    what: 'a good terminal: 600 ms, 20 Mbit/s, 0.1 % loss',
    profile: 'fat',
    bytes: 64 * mega,
    maxSeconds: 300,
    goals: { goodputPercent: { min: 88 }, addedDelayP95Ms: { max: 60 } },
  },
  thin: {
    kind: 'large',
    what: 'a thin one: 1,200 ms, 128 kbit/s, 0.5 % loss',
    profile: 'thin',
    bytes: 512_000,
    maxSeconds: 300,
    goals: { goodputPercent: { min: 85 }, addedDelayP95Ms: { max: 250 } },
  },
  storm: {
    kind: 'large',
    what: 'geo under masts and squalls: up 20 s, down 10 s on average',
    profile: 'storm',
    bytes: 16 * mega,
    maxSeconds: 600,
    goals: { goodputPercent: { min: 88 } },
  },
  steps: {
    kind: 'large',
    what: 'geo whose rate goes 2 → 0.5 → 4 → 2 Mbit/s every 20 s',
    profile: 'geo',
    bytes: 12 * mega,
    steps: twentySeconds([2, 0.5, 4, 2], 8),
    maxSeconds: 400,
    goals: { goodputPercent: { min: 85 }, addedDelayP95Ms: { max: 120 }, recoverySeconds: { max: 5 } },
  },
  cut: {
    kind: 'cut',
    what: 'a cut of 20 s in the middle of 8 MB on clean, against the same without a cut',
    profile: 'clean',
    bytes: 8 * mega,
    atShare: 0.5,
    cutSeconds: 20,
    maxSeconds: 300,
    // 1.25 × 250,000 bytes/s × 0.6 s.
    goals: { costSeconds: { max: 22 }, sentTwiceBytes: { max: 187_500 } },
  },
  drops: {
    kind: 'cut',
    what: 'one drop of 3 s, against the same without; scaled to one in 5 minutes',
    profile: 'geo',
    bytes: 8 * mega,
    atShare: 0.4,
    cutSeconds: 3,
    everySeconds: 300,
    maxSeconds: 300,
    goals: { upTimePercent: { min: 98 } },
  },
  documents: {
    kind: 'documents',
    what: '50 documents of 100 to 300 KB on geo',
    profile: 'geo',
    count: 50,
    leastBytes: 100_000,
    mostBytes: 300_000,
    maxSeconds: 400,
    goals: {
      goodputPercent: { min: 90 },
      addedDelayP95Ms: { max: 60 },
      overheadBytesPerDocument: { max: 120 },
    },
  },
  small: {
    kind: 'documents',
    what: '1,000 documents of 4 KB: 800 ms, 2 Mbit/s',
    profile: 'clean',
    keys: ['rtt=800', 'rate=2M'],
    count: 1_000,
    leastBytes: 4_000,
    mostBytes: 4_000,
    maxSeconds: 300,
    goals: { documentsPerSecond: { min: 50 } },
  },
  delta: {
    kind: 'delta',
    what: '10 KB inserted into a file of 8 MB that is ashore already, geo',
    profile: 'geo',
    bytes: 8 * mega,
    insertedBytes: 10_000,
    maxSeconds: 200,
    goals: { upBytes: { max: 13_000 }, downBytes: { max: 3_000 } },
  },
  'delta-large': {
    kind: 'delta',
    isAlone: true,
    what: 'the same with a file of 1 GB',
    profile: 'geo',
    bytes: 1_000 * mega,
    insertedBytes: 10_000,
    maxSeconds: 500,
    goals: { upBytes: { max: 13_000 }, downBytes: { max: 3_000 } },
  },
  urgent: {
    kind: 'urgent',
    isAlone: true,
    what: '50 KB, urgent, while 5 GB are running on geo',
    profile: 'geo',
    bytes: 50_000,
    behindBytes: 5_000 * mega,
    maxSeconds: 120,
    // 600 ms + 50 KB at 2 Mbit/s + 500 ms.
    goals: { firstByteMs: { max: 150 }, doneMs: { max: 1_300 } },
  },
  competing: {
    kind: 'competing',
    isAlone: true,
    what: 'beside one TCP upload of another host that fills the queue, clean',
    profile: 'clean',
    aloneSeconds: 40,
    togetherSeconds: 60,
    maxSeconds: 240,
    goals: { goodputPercent: { min: 15 }, otherOfAlonePercent: { min: 50 } },
  },
  'competing-geo': {
    kind: 'competing',
    isAlone: true,
    what: 'the same on geo, where loss keeps the other at less than half of the link',
    profile: 'geo',
    aloneSeconds: 40,
    togetherSeconds: 60,
    maxSeconds: 240,
    goals: { goodputPercent: { min: 15 }, otherOfAlonePercent: { min: 50 } },
  },
  throttle: {
    kind: 'throttle',
    what: 'a cap of 500 kbit/s on geo, wire bytes counted by the emulator',
    profile: 'geo',
    agent: ['link.rate_max=500kbit'],
    bytes: 5_400_000,
    capBytesPerSecond: 62_500,
    maxSeconds: 240,
    goals: { errorPercent1s: { max: 3 }, errorPercent60s: { max: 1 } },
  },
  'throttle-by-hand': {
    kind: 'throttle',
    what: 'the same cap, set by hand while a file is running at full rate',
    profile: 'geo',
    bytes: 7_400_000,
    capBytesPerSecond: 62_500,
    byHandAfterSeconds: 10,
    maxSeconds: 240,
    goals: { errorPercent1s: { max: 3 }, errorPercent60s: { max: 1 } },
  },
  idle: {
    kind: 'idle',
    what: 'a line with nothing to do for 10 minutes on geo, scaled to a day',
    profile: 'geo',
    minutes: 10,
    maxSeconds: 86_400,
    goals: { bytesPerDay: { max: 350_000 } },
  },
  memory: {
    kind: 'memory',
    isAlone: true,
    what: 'a file of 5 GB and one of 5 MB with no link between: memory and CPU of the agent',
    profile: 'none',
    bytes: 5_000 * mega,
    smallBytes: 5 * mega,
    maxSeconds: 900,
    goals: { agentRssMb: { max: 96 }, cpuSecondsPerGb: { max: 2.5 } },
  },
} as const satisfies Readonly<Record<string, Case>>;
