// How long to wait before the next try. Chance comes in as a number in [0, 1), drawn and recorded by the caller, so the
// same numbers always give the same delay. Full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS, 2015.

export interface Backoff {
  /** First step and the longest, ms. */
  readonly baseMs: number;
  readonly capMs: number;
  /** Shortest delay, ms; callers pass max(1 s, 2·SRTT). */
  readonly floorMs: number;
  /** `full`: between floor and the step. `additive`: the step plus up to `jitter` of it, as the first specification has it. */
  readonly kind: 'full' | 'additive';
  readonly jitter: number;
}

/** Our own numbers (reliability 5.4). A cap of 60 s per item, 120 s for the connection on a satellite. */
export const backoffDefaults: Backoff = {
  baseMs: 1_000,
  capMs: 60_000,
  floorMs: 1_000,
  kind: 'full',
  jitter: 0,
};

/** The delay before try `attempt` + 1 (attempt 0 was the first), in whole ms. `unit` in [0, 1). */
export function backoffMs(policy: Backoff, attempt: number, unit: number): number {
  // 2^1000 is still finite; beyond 50 every cap has long been reached.
  const step = Math.min(policy.baseMs * 2 ** Math.min(attempt, 50), policy.capMs);
  if (policy.kind === 'additive') return Math.round(step + step * policy.jitter * unit);
  return Math.round(Math.max(policy.floorMs, step * unit));
}

/** After the link came back: the first try within this, so that a fleet does not come in one instant. */
export const linkReturnSpreadMs = 250;
/** After the server closed or said goodbye: it may have said so to ten thousand at once. */
export const serverCloseSpreadMs = 10_000;

/** A delay spread evenly over [0, spread), in whole ms. */
export function spreadMs(spread: number, unit: number): number {
  return Math.floor(spread * unit);
}
