// How hard chunks are compressed: the higher the slower the link is and the less the processor has to do for it. One for the line:
// documents share the link, so together they never need more than it carries. Time is measured with the clock passed in.
import type { Clock } from '../ports.ts';

/** One Zstandard frame of all of `bytes`, with a checksum; the same bytes and level always give the same frame. */
export type Compress = (bytes: Uint8Array, level: number) => Promise<Uint8Array>;

/**
 * Levels used, each with its speed on the machine where they were measured (chunks of 64 to 256 KiB of text, Node 24, bytes of
 * content per second of one core). Levels between them gain less than a percent.
 */
const ladder = [
  { level: 1, bytesPerSecond: 220e6 },
  { level: 3, bytesPerSecond: 110e6 },
  { level: 6, bytesPerSecond: 35e6 },
  { level: 12, bytesPerSecond: 10e6 },
  { level: 15, bytesPerSecond: 5e6 },
  { level: 19, bytesPerSecond: 1.9e6 },
] as const;

export const levelMin = ladder[0].level;
/** Before the line's rate is known. */
const levelUnknown = 3;
/** All levels, the likeliest first: what an earlier life of the daemon may have used. */
export const levelsTried: readonly number[] = [15, 12, 19, 6, 3, 1];

/** What compression may take of one core: milliseconds of every second that the line is busy. */
export const compressMsPerSecondMax = 250;
/** The lightest level may take so much; beyond it, bytes are sooner sent than squeezed. */
export const compressMsPerSecondLastMax = 500;

/** How quickly measured speed moves the picture of this machine. */
const speedWeight = 0.2;
/** Shorter runs measure the call more than the work. */
const measuredMinBytes = 16 * 1024;
/** A machine is never believed to be faster than this, nor slower: one stalled call says little. */
const machineMost = 4;
const machineLeast = 1 / 64;

export class EncodeLevels {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #compress: Compress;
  readonly #wireBytesPerSecond: () => number | undefined;
  /** This machine's speed as a multiple of the ladder's. */
  #machine = 1;

  /** `wireBytesPerSecond`: what the line carries now; undefined while unknown. */
  constructor(parts: {
    readonly clock: Pick<Clock, 'monotonicMs'>;
    readonly compress: Compress;
    readonly wireBytesPerSecond: () => number | undefined;
  }) {
    this.#clock = parts.clock;
    this.#compress = parts.compress;
    this.#wireBytesPerSecond = parts.wireBytesPerSecond;
  }

  /** For content that shrinks to `share` of itself; undefined: the line is faster than even the lightest level. */
  pick(share: number): number | undefined {
    const wire = this.#wireBytesPerSecond();
    if (wire === undefined) return levelUnknown;
    // So much content a second keeps the line busy.
    const contentPerSecond = wire / Math.max(share, shareMin);
    const costMs = (one: (typeof ladder)[number]) =>
      (contentPerSecond * 1_000) / (one.bytesPerSecond * this.#machine);
    const affordable = ladder.findLast((one) => costMs(one) <= compressMsPerSecondMax);
    if (affordable) return affordable.level;
    return costMs(ladder[0]) <= compressMsPerSecondLastMax ? levelMin : undefined;
  }

  async compress(bytes: Uint8Array, level: number): Promise<Uint8Array> {
    const beganMs = this.#clock.monotonicMs();
    const encoded = await this.#compress(bytes, level);
    this.#learn(bytes.length, level, this.#clock.monotonicMs() - beganMs);
    return encoded;
  }

  #learn(count: number, level: number, tookMs: number): void {
    const expected = ladder.find((one) => one.level === level)?.bytesPerSecond;
    if (!expected || count < measuredMinBytes || tookMs <= 0) return;
    const seen = (count * 1_000) / tookMs / expected;
    const bounded = Math.min(machineMost, Math.max(machineLeast, seen));
    this.#machine += speedWeight * (bounded - this.#machine);
  }
}

/** Content that shrinks further than this costs no more time for it. */
const shareMin = 0.02;
