// What the bench computes from what it counted: quantiles, medians over seeds, shares of a window, floors. Pure, so that the
// figures themselves are tested (test/link/).

/** The smallest value that at least this share of all values do not exceed; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

/** The middle value, the mean of the two middle ones of an even number; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function round(value: number, places = 0): number {
  const scale = 10 ** places;
  return Math.round(value * scale) / scale;
}

export interface ProbeSample {
  /** When the answer came, ms after the probe began. */
  readonly atMs: number;
  readonly rttMs: number;
}

/** Round trips of what was asked within a span of the probe's time. */
export function roundTripsIn(samples: readonly ProbeSample[], fromMs: number, toMs: number): number[] {
  return samples
    .filter(({ atMs, rttMs }) => atMs - rttMs >= fromMs && atMs - rttMs <= toMs)
    .map((one) => one.rttMs);
}

/** What was added to the idle median, at a quantile. Never below zero. */
export function addedDelay(during: readonly number[], idle: readonly number[], share: number): number {
  return Math.max(0, quantile(during, share) - quantile(idle, 0.5));
}

/** Payload bits as a share of what the uplink could have carried while it was up. */
export function goodputPercent(payloadBytes: number, offeredBits: number): number {
  return (payloadBytes * 800) / offeredBits;
}

export interface RateStep {
  /** Seconds after the start from which this rate holds. */
  readonly atSeconds: number;
  readonly bitsPerSecond: number;
}

/** Bits that a link of these rates could carry in so many seconds. */
export function bitsOffered(steps: readonly RateStep[], seconds: number): number {
  return steps.reduce((sum, { atSeconds, bitsPerSecond }, at) => {
    const until = Math.min(seconds, steps[at + 1]?.atSeconds ?? seconds);
    return sum + Math.max(0, until - atSeconds) * bitsPerSecond;
  }, 0);
}

export const binMs = 100;

/** Bytes on the wire per 100 ms → bytes in every whole second that begins at a bin. */
function slidingSeconds(bins: readonly number[]): number[] {
  const width = 1000 / binMs;
  const sums: number[] = [];
  for (let at = 0; at + width <= bins.length; at++)
    sums.push(bins.slice(at, at + width).reduce((sum, bytes) => sum + bytes, 0));
  return sums;
}

/** Seconds after each step until the wire carried `share` of the new rate for one whole second; Infinity: not before the next. */
export function recoverySeconds(
  bins: readonly number[],
  steps: readonly RateStep[],
  seconds: number,
  share: number,
): number[] {
  return steps.slice(1).flatMap((step, at) => {
    const until = Math.min(seconds, steps[at + 2]?.atSeconds ?? seconds);
    if (until - step.atSeconds < 2) return [];
    const after = bins.slice(Math.round((step.atSeconds * 1000) / binMs), Math.round((until * 1000) / binMs));
    const found = slidingSeconds(after).findIndex((bytes) => bytes * 8 >= share * step.bitsPerSecond);
    return [found < 0 ? Number.POSITIVE_INFINITY : (found * binMs) / 1000 + 1];
  });
}

/**
 * Seconds at the beginning until the wire carried `share` of its rate for one whole second, and at the end since it last carried half
 * of it: what starting and finishing cost.
 */
export function edgeSeconds(
  bins: readonly number[],
  bitsPerSecond: number,
  share: number,
): { readonly start: number; readonly end: number } {
  const first = slidingSeconds(bins).findIndex((bytes) => bytes * 8 >= share * bitsPerSecond);
  const half = (bitsPerSecond / 8 / 2) * (binMs / 1000);
  const last = bins.findLastIndex((bytes) => bytes >= half);
  return {
    start: ((first < 0 ? bins.length : first) * binMs) / 1000,
    end: ((bins.length - 1 - last) * binMs) / 1000,
  };
}

/** By how much, in percent of the cap, the wire bytes of windows of this length missed it: the p95 and the worst excess. */
export function capErrors(
  bins: readonly number[],
  capBytesPerSecond: number,
  windowSeconds: number,
): { readonly p95Percent: number; readonly excessPercent: number } {
  const width = Math.round((windowSeconds * 1000) / binMs);
  const cap = capBytesPerSecond * windowSeconds;
  const errors: number[] = [];
  let sum = 0;
  for (let at = 0; at < bins.length; at++) {
    sum += bins[at]! - (at >= width ? bins[at - width]! : 0);
    if (at >= width - 1) errors.push(((sum - cap) / cap) * 100);
  }
  return {
    p95Percent: quantile(errors.map(Math.abs), 0.95),
    excessPercent: errors.reduce((most, error) => Math.max(most, error), 0),
  };
}

/** What TLS 1.3 adds to each record: 5 of header, 1 of type, 16 of tag. */
export const tlsRecordBytes = 22;
const tlsRecordMaxBytes = 16_384;
const segmentBytes = 1_448;
const segmentHeaderBytes = 52;

export interface WireCount {
  /** IP bytes that left the modem, the probe's left out. */
  readonly ipBytes: number;
  /** TCP payload without repetitions, and the records it lay in. */
  readonly streamBytes: number;
  readonly tlsRecords: number;
  /** IP bytes of what TCP sent again. */
  readonly repeatedBytes: number;
}

/** What was said beside the payload, inside TLS: frames, handshakes, signatures, replies. */
export function saidBesidePayload(wire: WireCount, payloadBytes: number): number {
  return wire.streamBytes - tlsRecordBytes * wire.tlsRecords - payloadBytes;
}

/** IP bytes beyond one bulk stream of the payload alone: full records in full segments, and what was sent again. */
export function beyondBulkFloor(wire: WireCount, payloadBytes: number): number {
  const stream = payloadBytes + tlsRecordBytes * Math.ceil(payloadBytes / tlsRecordMaxBytes);
  const floor = stream + segmentHeaderBytes * Math.ceil(stream / segmentBytes);
  return wire.ipBytes - floor - wire.repeatedBytes;
}
