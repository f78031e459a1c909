// A circuit breaker around one of the cloud's own destinations: the same machine as aboard (machines/breaker.ts) with its
// gate, held in memory. While it is open, callers hear "later" at once instead of waiting for a database that is away.
// Built by cloud/shore.ts around the database and the blob store.

import type { BreakerState } from '../machines/breaker.ts';
import {
  acquire,
  createGate,
  follow,
  type GateEvent,
  gateDefaults,
  type Outcome,
  settle,
} from '../machines/breaker-gate.ts';
import type { JsonObject } from '../machines/json.ts';
import { type Cell, init, type MachineEvent, type Op, step } from '../machines/kernel.ts';
import { ApiProblem } from './api/problem.ts';
import type { Clock, Random } from './ports.ts';

export interface BreakerView {
  readonly state: BreakerState;
  /** Why it is open; empty when it is not. */
  readonly reason: string;
  readonly retryInMs: number;
}

export interface Breaker {
  readonly name: string;
  /** Runs `work` unless the breaker is open: then rejects at once with TENDER_STORE_UNAVAILABLE. */
  run<T>(work: () => Promise<T>): Promise<T>;
  view(): BreakerView;
  /** Ends its timer. */
  close(): void;
}

export interface BreakerPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** What an error says about the destination. */
  readonly judge: (error: unknown) => Outcome;
  readonly changed?: (name: string, view: BreakerView) => void;
}

/** A local database that is back should be used soon: opens for 1, 2, 4 … 15 s. */
const timing: JsonObject = { openMinMs: 1000, openMaxMs: 15_000 };

export function createBreaker(name: string, { clock, random, judge, changed }: BreakerPorts): Breaker {
  let cell: Cell;
  let gate = createGate('closed', gateDefaults);
  let cancel = () => {};
  const now = () => ({ at: clock.monotonicMs() });

  const apply = (result: { readonly cell: Cell; readonly ops: readonly Op[] }) => {
    const before = cell?.value;
    cell = result.cell;
    for (const op of result.ops) {
      if (op.op === 'arm') {
        cancel();
        cancel = clock.after(Math.max(0, op.due - clock.monotonicMs()), () => send(op.event));
      } else if (op.op === 'disarm') cancel();
    }
    gate = follow(gate, stateOf(cell));
    if (before !== undefined && before !== cell.value) changed?.(name, view());
  };
  const send = (event: MachineEvent) => {
    const result = step('breaker', cell, event, now());
    if (result) apply(result);
  };
  const tell = (event: GateEvent) =>
    send(event.type === 'probe.succeeded' ? event : { ...event, spread: (random.unit() - 0.5) * 0.4 });
  const view = (): BreakerView => {
    const state = stateOf(cell);
    const { reason, untilMs } = cell.context;
    const open = state === 'open';
    return {
      state,
      reason: open && typeof reason === 'string' ? reason : '',
      retryInMs: open && typeof untilMs === 'number' ? Math.max(0, untilMs - clock.monotonicMs()) : 0,
    };
  };
  apply(init('breaker', timing, now()));

  return {
    name,
    view,
    close: () => cancel(),
    async run(work) {
      const asked = acquire(gate, gateDefaults, true);
      gate = asked.gate;
      if ('because' in asked) {
        // Slow start is for servers far away: a closed breaker here limits nothing.
        if (gate.state === 'closed') return work();
        throw new ApiProblem('TENDER_STORE_UNAVAILABLE', {
          breaker: gate.state,
          retryAfterMs: Math.max(1000, view().retryInMs),
        });
      }
      const done = (outcome: Outcome, reason?: string) => {
        const settled = settle(gate, gateDefaults, asked.permit, outcome, clock.monotonicMs(), reason);
        gate = settled.gate;
        if (settled.event) tell(settled.event);
      };
      try {
        const result = await work();
        done('success');
        return result;
      } catch (error) {
        done(judge(error), error instanceof Error ? error.message.slice(0, 300) : 'It failed.');
        throw error;
      }
    },
  };
}

function stateOf(cell: Cell): BreakerState {
  return cell.value === 'open' || cell.value === 'half-open' ? cell.value : 'closed';
}

/** The same port, each of its asynchronous methods behind the breaker. */
export function behind<Port extends object>(
  breaker: Breaker,
  port: Port,
  passing: readonly (keyof Port)[] = [],
): Port {
  return new Proxy(port, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function' || passing.includes(name as keyof Port)) return value;
      return (...args: unknown[]) =>
        breaker.run(() => Reflect.apply(value, target, args) as Promise<unknown>);
    },
  });
}
