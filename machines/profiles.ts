// Retry and breaker numbers by name: our own defaults, and the presets older specifications named, so that a site which
// relies on one of them can keep it. Every value can also be set by itself; this is only where a profile starts from.
import { type Backoff, backoffDefaults } from './backoff.ts';
import { openMaxMs, openMinMs } from './breaker.ts';
import { type GatePolicy, gateDefaults } from './breaker-gate.ts';
import { attemptsMax } from './upload-context.ts';

export interface Profile {
  readonly backoff: Backoff;
  /** Tries one document may use up: `triesMax` of an upload's input. */
  readonly triesMax: number;
  readonly gate: GatePolicy;
  /** Input of the breaker machine. */
  readonly breaker: { readonly openMinMs: number; readonly openMaxMs: number; readonly closeEarly: boolean };
}

/** The specification's formula: min(initial·2^n, max) plus up to 10 % of it; a fixed open time. */
function preset(tries: number, firstS: number, maxS: number, threshold: number, openS: number): Profile {
  return {
    backoff: { kind: 'additive', baseMs: firstS * 1_000, capMs: maxS * 1_000, floorMs: 0, jitter: 0.1 },
    triesMax: tries,
    // Only failures in a row count there: a share that cannot be reached switches the other rule off.
    gate: { ...gateDefaults, consecutiveMax: threshold, failureShare: 2 },
    breaker: { openMinMs: openS * 1_000, openMaxMs: openS * 1_000, closeEarly: true },
  };
}

export const profiles = {
  tender: {
    backoff: backoffDefaults,
    triesMax: attemptsMax,
    gate: gateDefaults,
    breaker: { openMinMs, openMaxMs, closeEarly: true },
  },
  standard: preset(3, 1, 60, 5, 60),
  'satellite-quick-start': preset(5, 2, 300, 3, 300),
  satellite: preset(5, 5, 900, 3, 1_800),
  'at-sea': preset(3, 10, 600, 5, 3_600),
  'remote-edge': preset(3, 2, 60, 5, 120),
  'multi-cloud': preset(3, 1, 60, 3, 60),
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;
