// The fast half of a circuit breaker: counts outcomes, hands out permits, and says when the machine beside it
// (breaker.ts) has to change. Pure reducers over plain JSON; time is monotonic and passed in. Every change of state
// starts a new generation, and a permit of an older one can neither free a place nor count (reliability 5.5).
import type { BreakerState } from './breaker.ts';
import type { JsonObject } from './json.ts';
import type { FailureClass } from './upload-events.ts';

/** Every threshold; the machine's own (open times) are its input. */
export interface GatePolicy {
  /** Outcomes remembered, and for how long. */
  readonly windowCount: number;
  readonly windowMs: number;
  /** Failures in a row, within the window, that open. */
  readonly consecutiveMax: number;
  /** Share of failures that opens, once so many outcomes are known. */
  readonly failureShare: number;
  readonly shareMinCount: number;
  /** Permits at once while half-open, and how many of them only a cheap question may have. */
  readonly halfOpenMax: number;
  readonly halfOpenCheap: number;
  /** Successes that close. */
  readonly successesToClose: number;
  /** Permits at once when closed, questions not counted; after a close the number starts at 1 and grows by 1 per success. */
  readonly closedMax: number;
  /** Whether the loss of the link counts as the server's failure. It is the connection's business, so by default not. */
  readonly linkLossCounts: boolean;
}

/** Our own numbers (reliability 5.5). */
export const gateDefaults: GatePolicy = {
  windowCount: 20,
  windowMs: 600_000,
  consecutiveMax: 5,
  failureShare: 0.5,
  shareMinCount: 10,
  halfOpenMax: 2,
  halfOpenCheap: 1,
  successesToClose: 2,
  closedMax: 256,
  linkLossCounts: false,
};

export interface Gate {
  readonly state: BreakerState;
  readonly generation: number;
  /** Newest last; only outcomes that count. */
  readonly outcomes: readonly { readonly atMs: number; readonly ok: boolean }[];
  /** Successes in this generation. */
  readonly successes: number;
  /** Permits of this generation not yet returned, and those among them that are not cheap. */
  readonly inFlight: number;
  readonly inFlightDear: number;
  /** Slow start: permits at once while closed. */
  readonly allowed: number;
}

export interface Permit {
  readonly generation: number;
  readonly cheap: boolean;
}

/** `neither`: cancelled, or a class that says nothing about the server (LINK, RESYNC, other 4xx). */
export type Outcome = 'success' | 'failure' | 'neither';

/** Which outcomes count: the server's own trouble, never the document's and, unless switched on, never the link's. */
export function outcomeOf(failure: FailureClass | null, policy: GatePolicy): Outcome {
  if (failure === null) return 'success';
  if (failure === 'BUSY' || failure === 'SERVER') return 'failure';
  return failure === 'LINK' && policy.linkLossCounts ? 'failure' : 'neither';
}

/** What the machine is to be told, without the recorded chance (`spread`) and the server's wish, which the host adds. */
export type GateEvent =
  | { readonly type: 'breaker.tripped'; readonly reason: string; readonly window: JsonObject }
  | { readonly type: 'probe.succeeded' }
  | { readonly type: 'probe.failed'; readonly reason: string };

/** A gate as the process finds its machine at start. */
export function createGate(state: BreakerState, policy: GatePolicy): Gate {
  return { ...fresh(state, 0), allowed: policy.closedMax };
}

/** Follows the machine: a no-op when it is where the gate already went by itself. */
export function follow(gate: Gate, state: BreakerState): Gate {
  return state === gate.state ? gate : fresh(state, gate.generation + 1);
}

/** Asks for a permit. `because` says in one word why there is none. */
export function acquire(
  gate: Gate,
  policy: GatePolicy,
  cheap: boolean,
):
  | { readonly gate: Gate; readonly permit: Permit }
  | { readonly gate: Gate; readonly because: 'open' | 'full' } {
  if (gate.state === 'open') return { gate, because: 'open' };
  const max = gate.state === 'half-open' ? policy.halfOpenMax : Math.min(gate.allowed, policy.closedMax);
  const dearMax = gate.state === 'half-open' ? policy.halfOpenMax - policy.halfOpenCheap : max;
  // While closed a question always passes: what waits for its receipt must never wait for those that wait for its place.
  const isFull = gate.state === 'half-open' ? gate.inFlight >= max : false;
  if (isFull || (!cheap && gate.inFlightDear >= dearMax)) return { gate, because: 'full' };
  return {
    gate: { ...gate, inFlight: gate.inFlight + 1, inFlightDear: gate.inFlightDear + (cheap ? 0 : 1) },
    permit: { generation: gate.generation, cheap },
  };
}

/** Returns a permit with what became of it. The gate moves at once; `event` makes the machine follow. */
export function settle(
  gate: Gate,
  policy: GatePolicy,
  permit: Permit,
  outcome: Outcome,
  nowMs: number,
  reason = 'The destination failed.',
): { readonly gate: Gate; readonly event: GateEvent | null } {
  if (permit.generation !== gate.generation) return { gate, event: null };
  const returned: Gate = {
    ...gate,
    inFlight: gate.inFlight - 1,
    inFlightDear: gate.inFlightDear - (permit.cheap ? 0 : 1),
  };
  if (outcome === 'neither' || gate.state === 'open') return { gate: returned, event: null };
  const ok = outcome === 'success';
  return gate.state === 'half-open'
    ? decideHalfOpen(returned, policy, ok, reason)
    : decideClosed(returned, policy, ok, nowMs, reason);
}

type Settled = { readonly gate: Gate; readonly event: GateEvent | null };

function decideHalfOpen(gate: Gate, policy: GatePolicy, ok: boolean, reason: string): Settled {
  if (!ok) return { gate: fresh('open', gate.generation + 1), event: { type: 'probe.failed', reason } };
  const successes = gate.successes + 1;
  if (successes < policy.successesToClose) return { gate: { ...gate, successes }, event: null };
  return { gate: fresh('closed', gate.generation + 1), event: { type: 'probe.succeeded' } };
}

function decideClosed(gate: Gate, policy: GatePolicy, ok: boolean, nowMs: number, reason: string): Settled {
  const outcomes = [...gate.outcomes, { atMs: nowMs, ok }]
    .filter((outcome) => nowMs - outcome.atMs < policy.windowMs)
    .slice(-policy.windowCount);
  // A run of failures counts within the window only: five in five days are not a run.
  const consecutive = outcomes.length - 1 - outcomes.findLastIndex((outcome) => outcome.ok);
  const failures = outcomes.filter((outcome) => !outcome.ok).length;
  const inARow = consecutive >= policy.consecutiveMax;
  const tooMany =
    outcomes.length >= policy.shareMinCount && failures >= policy.failureShare * outcomes.length;
  if (!ok && (inARow || tooMany)) {
    const window = { count: outcomes.length, failures, consecutive };
    return {
      gate: fresh('open', gate.generation + 1),
      event: { type: 'breaker.tripped', reason, window },
    };
  }
  const allowed = ok ? Math.min(gate.allowed + 1, policy.closedMax) : gate.allowed;
  return { gate: { ...gate, outcomes, allowed }, event: null };
}

function fresh(state: BreakerState, generation: number): Gate {
  return {
    state,
    generation,
    outcomes: [],
    successes: 0,
    inFlight: 0,
    inFlightDear: 0,
    allowed: 1,
  };
}
