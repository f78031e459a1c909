// How fast each document becomes durable ashore, and how sure that is: a smoothed mean and spread of durable bytes per
// second, fed by what running effects tell of themselves. It lives in memory only: after a restart nothing is known until
// something has moved again. Used for "time left", which is told as a range or not at all.
import type { Clock } from '../ports.ts';

/** Time constant of the smoothing: long enough to ride over one burst of acknowledgements, short enough to be news. */
const memoryMs = 10_000;
/** Samples closer together than this are added up: acknowledgements come in bursts. */
const sampleMinMs = 500;
/** Nothing moved for this long: it does not move. */
const stillAfterMs = 15_000;
/** Documents remembered at most; the one that moved longest ago is forgotten first. */
const ratesMax = 256;

/** Bytes per second, and how far they usually are from it (one standard deviation). */
export interface Rate {
  readonly bytesPerSecond: number;
  readonly spread: number;
}

export interface Rates {
  /** So many bytes of it are durable now; a smaller number than before begins anew. */
  note(key: string, durableBytes: number): void;
  /** Undefined: not known (yet), or it does not move. */
  of(key: string): Rate | undefined;
  /** Of everything together: what becomes durable, whoever's it is. */
  total(): Rate | undefined;
  forget(key: string): void;
}

interface Estimate {
  durableBytes: number;
  /** When `durableBytes` was last taken into the mean. */
  sampledMs: number;
  sampledBytes: number;
  /** When bytes last became durable. */
  movedMs: number;
  mean: number | undefined;
  variance: number;
}

export function createRates(clock: Pick<Clock, 'monotonicMs'>): Rates {
  /** In order of their last note. */
  const estimates = new Map<string, Estimate>();
  let all: Estimate | undefined;
  let allBytes = 0;

  function begin(durableBytes: number, nowMs: number): Estimate {
    return {
      durableBytes,
      sampledMs: nowMs,
      sampledBytes: durableBytes,
      movedMs: nowMs,
      mean: undefined,
      variance: 0,
    };
  }

  return {
    note(key, durableBytes) {
      const now = clock.monotonicMs();
      const before = estimates.get(key);
      if (before === undefined || durableBytes < before.durableBytes) {
        estimates.delete(key);
        estimates.set(key, begin(durableBytes, now));
        if (estimates.size > ratesMax) estimates.delete(estimates.keys().next().value!);
      } else {
        estimates.delete(key);
        estimates.set(key, before);
        allBytes += durableBytes - before.durableBytes;
        sample(before, durableBytes, now);
      }
      // A pause of everything is no slow second: the line was not asked to carry anything.
      if (all === undefined || now - all.sampledMs > stillAfterMs) all = begin(allBytes, now);
      else sample(all, allBytes, now);
    },
    of: (key) => rateOf(estimates.get(key), clock.monotonicMs()),
    total: () => rateOf(all, clock.monotonicMs()),
    forget: (key) => {
      estimates.delete(key);
    },
  };
}

function sample(estimate: Estimate, durableBytes: number, nowMs: number): void {
  if (durableBytes > estimate.durableBytes) estimate.movedMs = nowMs;
  estimate.durableBytes = durableBytes;
  const elapsed = nowMs - estimate.sampledMs;
  if (elapsed < sampleMinMs) return;
  const measured = ((durableBytes - estimate.sampledBytes) * 1_000) / elapsed;
  absorb(estimate, measured, elapsed);
  estimate.sampledMs = nowMs;
  estimate.sampledBytes = durableBytes;
}

/** Exponentially weighted mean and variance. */
function absorb(
  estimate: { mean: number | undefined; variance: number },
  measured: number,
  ms: number,
): void {
  if (estimate.mean === undefined) {
    estimate.mean = measured;
    // One sample says little: anything from nothing to twice as much is as likely.
    estimate.variance = (measured / 2) ** 2;
    return;
  }
  const weight = 1 - Math.exp(-ms / memoryMs);
  const off = measured - estimate.mean;
  estimate.mean += weight * off;
  estimate.variance = (1 - weight) * (estimate.variance + weight * off * off);
}

/** As of now: a silence counts as a sample of nothing. */
function rateOf(estimate: Estimate | undefined, nowMs: number): Rate | undefined {
  if (estimate?.mean === undefined || nowMs - estimate.movedMs > stillAfterMs) return undefined;
  const now = { mean: estimate.mean as number | undefined, variance: estimate.variance };
  const elapsed = nowMs - estimate.sampledMs;
  if (elapsed >= 2 * sampleMinMs)
    absorb(now, ((estimate.durableBytes - estimate.sampledBytes) * 1_000) / elapsed, elapsed);
  if (now.mean === undefined || now.mean < 1) return undefined;
  return { bytesPerSecond: now.mean, spread: Math.sqrt(now.variance) };
}

/** How long so many bytes take, as an honest range; null where nothing can be said. */
export function leftOf(
  bytes: number,
  rate: Rate | undefined,
): { readonly low: number; readonly high: number } | null {
  if (rate === undefined || !Number.isFinite(bytes) || bytes < 0) return null;
  const { bytesPerSecond, spread } = rate;
  const fast = bytesPerSecond + spread;
  // However unsure: four times as long is as pessimistic as a number is of use.
  const slow = Math.max(bytesPerSecond - spread, bytesPerSecond / 4);
  return { low: Math.round((bytes / fast) * 1_000), high: Math.round((bytes / slow) * 1_000) };
}

/**
 * How long until all of a document is ashore: at its own rate while it moves, else behind what goes before it at the rate of
 * everything together. What is urgent may still come between: `high` is no promise.
 */
export function timeLeft(
  bytes: number | null,
  bytesAhead: number | null,
  own: Rate | undefined,
  total: Rate | undefined,
): { readonly low: number; readonly high: number } | null {
  if (bytes === null) return null;
  const alone = leftOf(bytes, own);
  // Once the others are through, it may have the whole line.
  if (alone !== null)
    return { low: Math.min(alone.low, leftOf(bytes, total)?.low ?? alone.low), high: alone.high };
  return bytesAhead === null ? null : leftOf(bytesAhead + bytes, total);
}
