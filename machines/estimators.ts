// Samples of the line → numbers, and the rare moments at which a number crosses a threshold. Samples are never logged;
// the crossings are, with the numbers that decided. Pure reducers; times are monotonic ms passed in.
import type { JsonObject } from './json.ts';

/** Smoothed round trip and its variation (RFC 6298, section 2), and the rate at which bytes are acknowledged. */
export interface LineEstimate {
  readonly srttMs: number | null;
  readonly rttvarMs: number;
  readonly minRttMs: number | null;
  /** Bytes per second, smoothed over about `rateMemoryMs`; null until enough was acknowledged. */
  readonly rateBps: number | null;
  /** Bytes acknowledged since the rate was last computed, and when that was. */
  readonly ackedBytes: number;
  readonly ackedSinceMs: number | null;
  readonly lastAckMs: number | null;
  /** Since when bytes are outstanding without a break in acknowledgements. */
  readonly outstandingSinceMs: number | null;
  readonly degraded: boolean;
  /** Since when the numbers have argued against the present verdict. */
  readonly opposedSinceMs: number | null;
}

/** Spacing of rate samples: three acknowledgements at 100 ms. */
const rateSampleMs = 300;
/** Time constant of the rate's smoothing. */
const rateMemoryMs = 5_000;
/** Doubt never comes earlier than this (design 5). */
export const doubtMinMs = 4_000;

/** Beyond these a line is degraded, if it lasts `holdMs`; below `recoverShare` of them it has recovered. */
export interface DegradePolicy {
  readonly srttMaxMs: number;
  readonly rateMinBps: number;
  readonly recoverShare: number;
  readonly holdMs: number;
}

/** A GEO link has 0.6 s and 1.5 s is still usable (design 1): worse than 3 s or below 2 KB/s is worth a word. */
export const degradeDefaults: DegradePolicy = {
  srttMaxMs: 3_000,
  rateMinBps: 2_000,
  recoverShare: 0.8,
  holdMs: 5_000,
};

export const newEstimate: LineEstimate = {
  srttMs: null,
  rttvarMs: 0,
  minRttMs: null,
  rateBps: null,
  ackedBytes: 0,
  ackedSinceMs: null,
  lastAckMs: null,
  outstandingSinceMs: null,
  degraded: false,
  opposedSinceMs: null,
};

export type Sample =
  /** An echo of our own stamp came back after this long. */
  | { readonly kind: 'rtt'; readonly rttMs: number; readonly atMs: number }
  /** So many more bytes were acknowledged; so many are still outstanding. */
  | { readonly kind: 'ack'; readonly bytes: number; readonly outstandingBytes: number; readonly atMs: number }
  /** Bytes left while none were outstanding. */
  | { readonly kind: 'sent'; readonly atMs: number };

export type Crossing =
  | { readonly type: 'link.degraded'; readonly numbers: JsonObject }
  | { readonly type: 'link.recovered'; readonly numbers: JsonObject };

/** One sample; `event` when a threshold was crossed for long enough. */
export function observe(
  before: LineEstimate,
  sample: Sample,
  policy: DegradePolicy = degradeDefaults,
): { readonly estimate: LineEstimate; readonly event: Crossing | null } {
  return judge(absorb(before, sample), policy, sample.atMs);
}

function absorb(before: LineEstimate, sample: Sample): LineEstimate {
  if (sample.kind === 'sent')
    return {
      ...before,
      outstandingSinceMs: before.outstandingSinceMs ?? sample.atMs,
      ackedSinceMs: before.ackedSinceMs ?? sample.atMs,
    };
  if (sample.kind === 'rtt') return absorbRtt(before, sample.rttMs);
  const idle = sample.outstandingBytes === 0;
  const acked = before.ackedBytes + sample.bytes;
  const since = before.ackedSinceMs ?? sample.atMs;
  const elapsed = sample.atMs - since;
  const base = {
    ...before,
    lastAckMs: sample.atMs,
    // The clock of doubt starts anew with every acknowledged byte, and stops when nothing is outstanding.
    outstandingSinceMs: idle ? null : sample.bytes > 0 ? sample.atMs : before.outstandingSinceMs,
  };
  if (elapsed < rateSampleMs)
    return { ...base, ackedBytes: idle ? 0 : acked, ackedSinceMs: idle ? null : since };
  const measured = (acked * 1_000) / elapsed;
  const weight = 1 - Math.exp(-elapsed / rateMemoryMs);
  const rateBps = before.rateBps === null ? measured : before.rateBps + weight * (measured - before.rateBps);
  // An idle line says nothing about its rate: the next sample starts with the next byte sent.
  return { ...base, rateBps, ackedBytes: 0, ackedSinceMs: idle ? null : sample.atMs };
}

function absorbRtt(before: LineEstimate, rttMs: number): LineEstimate {
  const minRttMs = Math.min(before.minRttMs ?? rttMs, rttMs);
  if (before.srttMs === null) return { ...before, srttMs: rttMs, rttvarMs: rttMs / 2, minRttMs };
  return {
    ...before,
    rttvarMs: 0.75 * before.rttvarMs + 0.25 * Math.abs(before.srttMs - rttMs),
    srttMs: 0.875 * before.srttMs + 0.125 * rttMs,
    minRttMs,
  };
}

function judge(
  estimate: LineEstimate,
  policy: DegradePolicy,
  nowMs: number,
): { readonly estimate: LineEstimate; readonly event: Crossing | null } {
  const { srttMs, rateBps, degraded } = estimate;
  const share = degraded ? policy.recoverShare : 1;
  const bad =
    (srttMs !== null && srttMs > policy.srttMaxMs * share) ||
    (rateBps !== null && rateBps < policy.rateMinBps / share);
  if (bad === degraded) return { estimate: { ...estimate, opposedSinceMs: null }, event: null };
  const since = estimate.opposedSinceMs ?? nowMs;
  if (nowMs - since < policy.holdMs) return { estimate: { ...estimate, opposedSinceMs: since }, event: null };
  const numbers = {
    srttMs: srttMs === null ? null : Math.round(srttMs),
    rateBps: rateBps === null ? null : Math.round(rateBps),
  };
  return {
    estimate: { ...estimate, degraded: bad, opposedSinceMs: null },
    event: { type: bad ? 'link.degraded' : 'link.recovered', numbers },
  };
}

/** Silence after which the line is doubted while bytes are outstanding: max(3·SRTT, 4 s) (design 5). */
export function doubtAfterMs(estimate: LineEstimate): number {
  return Math.max(3 * (estimate.srttMs ?? 0), doubtMinMs);
}

/** Is the line in doubt now: bytes outstanding, and no byte acknowledged for too long? */
export function inDoubt(estimate: LineEstimate, nowMs: number): boolean {
  return (
    estimate.outstandingSinceMs !== null && nowMs - estimate.outstandingSinceMs >= doubtAfterMs(estimate)
  );
}
