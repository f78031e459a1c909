import { describe, expect, it } from 'vitest';
import type { BreakerState } from '../../machines/breaker.ts';
import {
  acquire,
  createGate,
  follow,
  type Gate,
  type GatePolicy,
  gateDefaults,
  type Permit,
  settle,
} from '../../machines/breaker-gate.ts';
import { type Cell, init, type MachineEvent, step } from '../../machines/kernel.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { createReference } from './breaker-reference.ts';

const sequences = 100_000;
const opsPerSequence = 14;

/** Machine and gate as a host couples them. */
function createReal(policy: GatePolicy, openMinMs: number, openMaxMs: number) {
  let cell: Cell = init('breaker', { openMinMs, openMaxMs }, { at: 0 }).cell;
  let gate: Gate = createGate('closed', policy);
  const send = (event: MachineEvent, at: number) => {
    const next = step('breaker', cell, event, { at });
    if (next) cell = next.cell;
    gate = follow(gate, cell.value as BreakerState);
  };
  return {
    view: () => ({
      state: cell.value,
      generation: gate.generation,
      until: cell.value === 'open' ? (cell.context.untilMs as number) : null,
      inFlight: gate.inFlight,
    }),
    agrees: () => gate.state === cell.value,
    elapse(now: number) {
      const timer = cell.tm.reset;
      if (timer && now >= timer.due) send(timer.event, now);
    },
    linkUp: (now: number) => send({ type: 'link.up' }, now),
    boot: (now: number) => send({ type: 'host.booted', boot: 2 }, now),
    ask(cheap: boolean): Permit | null {
      const answer = acquire(gate, policy, cheap);
      gate = answer.gate;
      return 'permit' in answer ? answer.permit : null;
    },
    answer(permit: Permit, outcome: 'success' | 'failure' | 'neither', now: number) {
      const settled = settle(gate, policy, permit, outcome, now);
      gate = settled.gate;
      if (settled.event) send({ spread: 0, ...settled.event } as MachineEvent, now);
    },
  };
}

/** Small thresholds, so that short sequences reach every corner; every fourth sequence has the real ones. */
function randomPolicy(random: FakeRandom): GatePolicy {
  const upTo = (n: number) => 1 + Math.floor(random.unit() * n);
  if (random.unit() < 0.25) return gateDefaults;
  return {
    windowCount: 2 + upTo(4),
    windowMs: 20_000,
    consecutiveMax: upTo(4),
    failureShare: 0.5,
    shareMinCount: 1 + upTo(4),
    halfOpenMax: 2,
    halfOpenCheap: 1,
    successesToClose: upTo(2),
    closedMax: upTo(4),
    linkLossCounts: false,
  };
}

describe('the breaker against its reference', () => {
  it('agrees on 100,000 random sequences', { timeout: 60_000 }, () => {
    const random = new FakeRandom(5, 'breaker');
    const visited = new Map<string, number>();
    let disagreements = 0;
    for (let sequence = 0; sequence < sequences; sequence++) {
      const policy = randomPolicy(random);
      const real = createReal(policy, 5_000, 60_000);
      const reference = createReference(policy, 5_000, 60_000);
      const permits: { mine: Permit; theirs: { cheap: boolean; generation: number } }[] = [];
      // A temper per sequence: some see mostly failures, some mostly successes.
      const failing = random.unit();
      let now = 0;
      const trace: string[] = [];
      for (let i = 0; i < opsPerSequence; i++) {
        now += Math.floor(random.unit() ** 3 * 30_000);
        const dice = random.unit();
        if (dice < 0.4) {
          const cheap = random.unit() < 0.3;
          const mine = real.ask(cheap);
          const theirs = reference.ask(cheap);
          trace.push(`${now} ask ${cheap}`);
          if (mine && theirs) permits.push({ mine, theirs });
          if ((mine === null) !== (theirs === null)) disagreements += 1;
        } else if (dice < 0.85 && permits.length > 0) {
          const [permit] = permits.splice(Math.floor(random.unit() * permits.length), 1);
          const outcome = random.unit() < 0.1 ? 'neither' : random.unit() < failing ? 'failure' : 'success';
          trace.push(`${now} ${outcome}`);
          if (!permit) continue;
          real.answer(permit.mine, outcome, now);
          reference.answer(permit.theirs, outcome, now);
        } else if (dice < 0.93) {
          trace.push(`${now} elapse`);
          real.elapse(now);
          reference.elapse(now);
        } else if (dice < 0.98) {
          trace.push(`${now} link up`);
          real.linkUp(now);
          reference.linkUp(now);
        } else {
          trace.push(`${now} boot`);
          real.boot(now);
          reference.boot();
        }
        const [mine, theirs] = [real.view(), reference.view()];
        visited.set(mine.state, (visited.get(mine.state) ?? 0) + 1);
        const same =
          mine.state === theirs.state &&
          mine.generation === theirs.generation &&
          mine.until === theirs.until &&
          mine.inFlight === theirs.inFlight &&
          real.agrees();
        if (same) continue;
        disagreements += 1;
        expect.soft(mine, `sequence ${sequence}: ${trace.join(', ')}`).toEqual(theirs);
        break;
      }
      if (disagreements > 3) break;
    }
    expect(disagreements).toBe(0);
    for (const state of ['closed', 'open', 'half-open'])
      expect(visited.get(state), `time spent ${state}`).toBeGreaterThan(sequences / 10);
  });
});
