// Who may use the line now. The rule itself is machines/schedule.ts; this feeds it: the state of connection and breaker as
// last made durable, how many documents the line wants at once, and what stands at the head of the queue. Read by
// effects.ts each time a place is free, and by whoever asks why an upload stands still.
import type { BreakerState } from '../../machines/breaker.ts';
import { type ConnectionState, openStates } from '../../machines/connection.ts';
import type { Cell } from '../../machines/kernel.ts';
import {
  aheadCountedMax,
  type Candidate,
  type Conditions,
  type Hold,
  holdOf,
  urgentExtraMaxDefault,
} from '../../machines/schedule.ts';
import type { KeyValue } from '../ports.ts';
import { type QueuedEffect, versionKey } from './index-rows.ts';
import { below, parseQueueKey } from './keys.ts';
import type { HostLimits } from './limits.ts';

export const connectionActor = 'connection/main';
export const breakerActor = 'breaker/line';

export interface Permits {
  set(count: number): void;
  /** After a commit that touched the connection or the breaker. True: effects on the line must stop. */
  observe(actor: string, cell: Cell | undefined): boolean;
  /** Documents that may use the line at once, as things stand. */
  readonly count: number;
  /** Places of a lane, those kept for urgent documents included. */
  places(lane: string): number;
  choose(
    lane: string,
    candidates: readonly QueuedEffect[],
    running: readonly QueuedEffect[],
  ): Promise<QueuedEffect | undefined>;
  /** What keeps an effect that is in the ledger from running; null: nothing does. `ahead`: counted by the caller. */
  hold(effect: QueuedEffect, running: readonly QueuedEffect[], ahead?: number): Promise<Hold | null>;
}

export function createPermits(
  kv: () => KeyValue,
  limits: HostLimits,
  load: (actor: string) => Promise<Cell | undefined>,
): Permits {
  let wanted = limits.lineEffectsMax;
  // Without these actors nothing is known against the line.
  let connection: ConnectionState = 'online';
  let breaker: BreakerState = 'closed';
  let connectionUntilMs: number | null = null;
  let breakerUntilMs: number | null = null;

  function count(): number {
    if (!openStates.includes(connection) || breaker === 'open') return 0;
    return breaker === 'half-open' ? Math.min(wanted, 1) : wanted;
  }

  /** The schedule's question about one effect, with the lowest version of its name that is still on its way. */
  async function ask(
    effect: QueuedEffect,
    running: readonly QueuedEffect[],
  ): Promise<{ readonly candidate: Candidate; readonly conditions: Conditions } | undefined> {
    const cell = await load(effect.actor);
    if (cell?.fx[effect.id] === undefined) return undefined;
    const { priority, added: addedMs } = parseQueueKey(effect.key);
    const version = typeof cell.context.version === 'number' ? cell.context.version : 1;
    const key = versionKey(effect.actor.slice(0, effect.actor.indexOf('/')), cell);
    const name = key?.slice(0, key.lastIndexOf('/') + 1) ?? effect.actor;
    const earliest = key === undefined || version === 1 ? undefined : await earliestOf(name);
    return {
      candidate: { actor: effect.actor, priority, addedMs, name, version },
      conditions: {
        connection,
        breakers: { line: breaker },
        connectionUntilMs,
        breakersUntilMs: { line: breakerUntilMs },
        running: running.map((other) => ({
          actor: other.actor,
          priority: parseQueueKey(other.key).priority,
          name: '',
        })),
        runningMax: wanted,
        urgentExtraMax: urgentExtraMaxDefault,
        earliestOpen: () => earliest,
      },
    };
  }

  async function earliestOf(prefix: string): Promise<number | undefined> {
    for await (const [key] of kv().iterate({ ...below(prefix), limit: 1 })) {
      return Number(key.slice(prefix.length));
    }
    return undefined;
  }

  return {
    set: (next) => {
      wanted = Math.max(0, Math.trunc(next));
    },
    observe: (actor, cell) => {
      const before = count();
      if (actor === connectionActor) {
        connection = (cell?.value ?? 'stopped') as ConnectionState;
        connectionUntilMs = untilOf(cell);
      } else if (actor === breakerActor) {
        breaker = (cell?.value ?? 'closed') as BreakerState;
        breakerUntilMs = untilOf(cell);
      }
      return before > 0 && count() === 0;
    },
    get count() {
      return count();
    },
    places: (lane) => {
      if (lane !== 'line') return limits.freeEffectsMax;
      return count() === 0 ? 0 : count() + urgentExtraMaxDefault;
    },
    choose: async (lane, candidates, running) => {
      if (lane !== 'line') return candidates[0];
      for (const candidate of [...candidates]) {
        // A retry of one actor waits until its earlier effect has let go of the file.
        if (running.some((other) => other.actor === candidate.actor)) continue;
        const question = await ask(candidate, running);
        // A row without a ledger entry is a row being deleted: starting it does nothing.
        if (question === undefined) return candidate;
        const hold = holdOf(question.candidate, question.conditions);
        if (hold === null) return candidate;
        if (hold.why !== 'earlierVersion') return undefined;
      }
      return undefined;
    },
    hold: async (effect, running, counted) => {
      const question = await ask(effect, running);
      if (question === undefined) return null;
      if (counted !== undefined) return holdOf(question.candidate, question.conditions, counted);
      let ahead = 0;
      for await (const [key] of kv().iterate({
        gte: below('q/line/').gte,
        lt: effect.key,
        limit: aheadCountedMax,
      })) {
        if (!running.some((other) => other.key === key)) ahead += 1;
      }
      return holdOf(question.candidate, question.conditions, ahead);
    },
  };
}

/** When connection or breaker go on by themselves. */
function untilOf(cell: Cell | undefined): number | null {
  const untilMs = cell?.context.untilMs;
  return typeof untilMs === 'number' ? untilMs : null;
}
