import { describe, expect, it } from 'vitest';
import {
  earlyTryEveryMs,
  openLengthMs,
  openMaxMs,
  openMinMs,
  retryAfterMaxMs,
} from '../../machines/breaker.ts';
import {
  acquire,
  createGate,
  follow,
  type Gate,
  type GatePolicy,
  gateDefaults,
  type Outcome,
  outcomeOf,
  type Permit,
  settle,
} from '../../machines/breaker-gate.ts';
import type { Cell } from '../../machines/kernel.ts';
import { life, tell } from './cells.ts';

const open = life('breaker', {}, 'breaker.tripped').cell;

describe('the breaker machine', () => {
  it('B1: opens for 5 s, and twice as long each time it fails again, up to 60 s', () => {
    let cell = open;
    const lengths = [cell.tm.reset?.len];
    for (let i = 0; i < 6; i++) {
      cell = tell('breaker', cell, 'reset.elapsed')?.cell as Cell;
      cell = tell('breaker', cell, 'probe.failed')?.cell as Cell;
      lengths.push(cell.tm.reset?.len);
    }
    expect(lengths).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('B1: a close makes the next opening short again', () => {
    let cell = tell('breaker', open, 'reset.elapsed')?.cell as Cell;
    cell = tell('breaker', cell, 'probe.succeeded')?.cell as Cell;
    expect(tell('breaker', cell, 'breaker.tripped')?.cell.tm.reset?.len).toBe(openMinMs);
  });

  it('B2: the recorded chance spreads the open time; the server may ask for longer, within a limit', () => {
    const fresh = { opens: 0, openMinMs, openMaxMs };
    expect(openLengthMs(fresh, { spread: 0.2 })).toBe(6_000);
    expect(openLengthMs(fresh, { spread: -0.2 })).toBe(4_000);
    expect(openLengthMs(fresh, { spread: 0.2, retryAfterMs: 120_000 })).toBe(120_000);
    expect(openLengthMs(fresh, { spread: 0, retryAfterMs: 86_400_000 })).toBe(retryAfterMaxMs);
    expect(openLengthMs({ ...fresh, opens: 5_000 }, { spread: 0 })).toBe(openMaxMs);
  });

  it('B3: a hint that the link is up ends the open time early, at most once in 15 s', () => {
    let cell = tell('breaker', open, 'link.up', {}, 30_000)?.cell as Cell;
    expect([cell.value, cell.tm]).toEqual(['half-open', {}]);
    cell = tell('breaker', cell, 'probe.failed', {}, 30_100)?.cell as Cell;
    expect(tell('breaker', cell, 'link.up', {}, 30_000 + earlyTryEveryMs - 1)).toBeNull();
    expect(tell('breaker', cell, 'link.up', {}, 30_000 + earlyTryEveryMs)?.cell.value).toBe('half-open');
  });

  it('B3: a clock that went back does not hold the breaker open, and early closing can be switched off', () => {
    let cell = tell('breaker', open, 'link.up', {}, 30_000)?.cell as Cell;
    cell = tell('breaker', cell, 'probe.failed', {}, 30_100)?.cell as Cell;
    expect(tell('breaker', cell, 'link.up', {}, 5)?.cell.value).toBe('half-open');
    expect(
      tell('breaker', life('breaker', { closeEarly: false }, 'breaker.tripped').cell, 'link.up'),
    ).toBeNull();
  });

  it('B4: a boot trusts and distrusts nothing: half-open', () => {
    expect(tell('breaker', life('breaker', {}).cell, 'host.booted')?.cell.value).toBe('half-open');
    expect(tell('breaker', open, 'host.booted')?.cell.value).toBe('half-open');
  });

  it('B5: opened by a person it stays so over hints and boots, until their time or their word', () => {
    const forced = life('breaker', {}, 'forceOpen').cell;
    expect([forced.value, forced.tm, forced.context.forcedBy]).toEqual(['open', {}, 'cli']);
    expect([tell('breaker', forced, 'link.up'), tell('breaker', forced, 'host.booted')]).toEqual([
      null,
      null,
    ]);
    expect(tell('breaker', forced, 'forceClose')?.cell).toMatchObject({
      value: 'closed',
      context: { forcedBy: null },
    });
    const timed = tell('breaker', open, 'forceOpen', { untilMs: 9_000 }, 50_000)?.cell as Cell;
    expect(timed.tm.reset).toMatchObject({ len: 9_000, due: 59_000 });
    expect(tell('breaker', timed, 'reset.elapsed')?.cell.value).toBe('half-open');
  });

  it('B6: keeps the numbers that decided', () => {
    expect(open.context).toMatchObject({ reason: '503', window: { count: 5, failures: 5, consecutive: 5 } });
  });
});

/** Takes a permit and returns it with an outcome. */
function call(gate: Gate, outcome: Outcome, nowMs: number, policy: GatePolicy = gateDefaults) {
  const asked = acquire(gate, policy, false);
  if (!('permit' in asked)) throw new Error(`no permit: ${asked.because}`);
  return settle(asked.gate, policy, asked.permit, outcome, nowMs);
}
function calls(gate: Gate, outcomes: readonly Outcome[], everyMs = 1_000, policy: GatePolicy = gateDefaults) {
  let last: ReturnType<typeof call> = { gate, event: null };
  for (const [i, outcome] of outcomes.entries()) last = call(last.gate, outcome, i * everyMs, policy);
  return last;
}
const times = (count: number, outcome: Outcome): Outcome[] => Array.from({ length: count }, () => outcome);
const closed = createGate('closed', gateDefaults);
const halfOpen = follow(closed, 'half-open');

describe('the breaker gate', () => {
  it('B7: five failures in a row open; four, a success between, or five in an hour do not', () => {
    expect(calls(closed, times(5, 'failure'))).toMatchObject({
      gate: { state: 'open' },
      event: { type: 'breaker.tripped', window: { count: 5, failures: 5, consecutive: 5 } },
    });
    expect(calls(closed, times(4, 'failure')).event).toBeNull();
    expect(calls(closed, [...times(4, 'failure'), 'success', 'failure']).event).toBeNull();
    expect(calls(closed, times(8, 'failure'), gateDefaults.windowMs / 4).event).toBeNull();
  });

  it('B7: half of at least ten outcomes failing opens', () => {
    const alternating = Array.from({ length: 10 }, (_, i): Outcome => (i % 2 ? 'failure' : 'success'));
    expect(calls(closed, alternating.slice(0, 9)).event).toBeNull();
    expect(calls(closed, alternating)).toMatchObject({
      event: { window: { count: 10, failures: 5, consecutive: 1 } },
    });
  });

  it('B8: what says nothing about the server counts neither way', () => {
    expect(calls(closed, times(50, 'neither'))).toMatchObject({
      gate: { outcomes: [], state: 'closed' },
      event: null,
    });
    const outcomes = ['LINK', 'CAPTIVE', 'INTERCEPTED', 'RESYNC', 'AUTH', 'ITEM', 'LOCAL', 'POLICY'] as const;
    for (const failure of outcomes) expect(outcomeOf(failure, gateDefaults)).toBe('neither');
    expect([outcomeOf('BUSY', gateDefaults), outcomeOf('SERVER', gateDefaults)]).toEqual([
      'failure',
      'failure',
    ]);
    expect(outcomeOf(null, gateDefaults)).toBe('success');
    expect(outcomeOf('LINK', { ...gateDefaults, linkLossCounts: true })).toBe('failure');
  });

  it('B9: half-open admits two, one of them reserved for the cheap question', () => {
    const first = acquire(halfOpen, gateDefaults, false);
    expect(acquire(first.gate, gateDefaults, false)).toMatchObject({ because: 'full' });
    const second = acquire(first.gate, gateDefaults, true);
    expect('permit' in second).toBe(true);
    expect(acquire(second.gate, gateDefaults, true)).toMatchObject({ because: 'full' });
    const cheap = acquire(halfOpen, gateDefaults, true);
    expect('permit' in acquire(cheap.gate, gateDefaults, true)).toBe(true);
    expect(acquire(follow(closed, 'open'), gateDefaults, true)).toMatchObject({ because: 'open' });
  });

  it('B9: permits come back on success, failure and cancel', () => {
    for (const outcome of ['success', 'neither'] as const)
      expect(call(halfOpen, outcome, 1).gate.inFlight).toBe(0);
    expect(call(halfOpen, 'failure', 1).gate).toMatchObject({ state: 'open', inFlight: 0 });
  });

  it('B10: two successes close, one failure opens again', () => {
    const once = call(halfOpen, 'success', 1);
    expect([once.gate.state, once.event]).toEqual(['half-open', null]);
    expect(call(once.gate, 'success', 2)).toMatchObject({
      gate: { state: 'closed' },
      event: { type: 'probe.succeeded' },
    });
    expect(call(once.gate, 'failure', 2)).toMatchObject({
      gate: { state: 'open' },
      event: { type: 'probe.failed' },
    });
  });

  it('B11: an answer of an older generation neither frees a place nor counts', () => {
    const old = acquire(closed, gateDefaults, false) as { gate: Gate; permit: Permit };
    const now = acquire(follow(old.gate, 'half-open'), gateDefaults, false).gate;
    for (const outcome of ['success', 'failure', 'neither'] as const)
      expect(settle(now, gateDefaults, old.permit, outcome, 5)).toEqual({ gate: now, event: null });
  });

  it('B12: after a close it starts with one at a time, and one more per success', () => {
    let gate = follow(halfOpen, 'closed');
    const places = () => {
      let probe = gate;
      for (let count = 0; ; count++) {
        const asked = acquire(probe, gateDefaults, false);
        if (!('permit' in asked)) return count;
        probe = asked.gate;
      }
    };
    const seen = [places()];
    for (let i = 0; i < 3; i++) {
      gate = call(gate, 'success', i).gate;
      seen.push(places());
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(calls(gate, times(300, 'success')).gate.allowed).toBe(gateDefaults.closedMax);
  });

  it('a question never waits for a place while it is closed, however many have one', () => {
    let gate = closed;
    for (let i = 0; i < gateDefaults.closedMax; i++) {
      const asked = acquire(gate, gateDefaults, false);
      if (!('permit' in asked)) throw new Error('no permit');
      gate = asked.gate;
    }
    expect('permit' in acquire(gate, gateDefaults, false)).toBe(false);
    expect('permit' in acquire(gate, gateDefaults, true)).toBe(true);
  });

  it('B13: follows the machine when that went elsewhere, and is not disturbed when it did not', () => {
    const tripped = calls(closed, times(5, 'failure')).gate;
    expect(follow(tripped, 'open')).toBe(tripped);
    expect(follow(tripped, 'half-open')).toMatchObject({
      state: 'half-open',
      generation: tripped.generation + 1,
    });
  });
});
