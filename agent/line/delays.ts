// When to try again, by class of failure: full jitter, short after a cut, long where a person must act. Chance comes in as a
// number in [0, 1); the machines record what was drawn.
import type { Failure, FailureClass } from '../../cloud/contract/failure.ts';
import {
  type Backoff,
  backoffDefaults,
  backoffMs,
  linkReturnSpreadMs,
  serverCloseSpreadMs,
  spreadMs,
} from '../../machines/backoff.ts';

/** A portal is looked at every 15 to 60 s (reliability 5.2). */
const portal: Backoff = { ...backoffDefaults, baseMs: 30_000, floorMs: 15_000 };
/** Only a person can help; a rare try finds out that one has. */
const person: Backoff = { ...backoffDefaults, baseMs: 900_000, capMs: 3_600_000, floorMs: 900_000 };
/** The cloud asked for patience without a number. */
const busy: Backoff = { ...backoffDefaults, baseMs: 5_000, capMs: 120_000, floorMs: 1_000 };
const soon: Backoff = { ...backoffDefaults, baseMs: 2_000, capMs: 60_000, floorMs: 250 };

const byClass: { readonly [K in FailureClass]?: Backoff } = {
  CAPTIVE: portal,
  INTERCEPTED: portal,
  AUTH: person,
  BUSY: busy,
  SERVER: busy,
};

/** After a failed attempt to open the line; `attempt` counts from 1. `link` is the profile's own for lost links. */
export function reopenDelayMs(failure: Failure, attempt: number, link: Backoff, unit: number): number {
  const drawn = backoffMs(byClass[failure.class] ?? link, Math.max(0, attempt - 1), unit);
  return Math.max(drawn, failure.retryAfterMs ?? 0);
}

/** After an open line was lost: at once, but not a whole fleet in one instant. */
export function lostDelayMs(failure: Failure, unit: number): number {
  if (failure.class === 'LINK') return spreadMs(linkReturnSpreadMs, unit);
  if (failure.class === 'BUSY' || failure.class === 'SERVER') {
    return Math.max(failure.retryAfterMs ?? 0, spreadMs(serverCloseSpreadMs, unit));
  }
  return reopenDelayMs(failure, 1, backoffDefaults, unit);
}

/** After a document could not go on; `failedInRow` counts its failures since something of it was confirmed. */
export function resendDelayMs(failure: Failure, failedInRow: number, unit: number): number {
  return Math.max(backoffMs(byClass[failure.class] ?? soon, failedInRow, unit), failure.retryAfterMs ?? 0);
}
