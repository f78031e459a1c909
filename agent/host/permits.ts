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
  isSmall,
  type SmallPlaces,
  urgentExtraMaxDefault,
} from '../../machines/schedule.ts';
import type { KeyValue } from '../ports.ts';
import { nameOf } from './effect-run.ts';
import { type QueuedEffect, versionKey } from './index-rows.ts';
import { below, parseQueueKey } from './keys.ts';
import type { HostLimits } from './limits.ts';

export const connectionActor = 'connection/main';
export const breakerActor = 'breaker/line';

export interface Permits {
  /** Places for documents of any size, and those for small ones beside them. */
  set(count: number, small?: SmallPlaces): void;
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
  let small: SmallPlaces | undefined;
  /** Sizes of effects that were started, by place in the queue. */
  const sizes = new Map<string, number>();
  const runningKnown = new WeakMap<QueuedEffect, Conditions['running'][number]>();
  // Without these actors nothing is known against the line.
  let connection: ConnectionState = 'online';
  let breaker: BreakerState = 'closed';
  let connectionUntilMs: number | null = null;
  let breakerUntilMs: number | null = null;

  function count(): number {
    if (!openStates.includes(connection) || breaker === 'open') return 0;
    return breaker === 'half-open' ? Math.min(wanted, 1) : wanted;
  }

  /** Remembers what was started for as long as it runs. */
  function noteSize(
    effect: QueuedEffect,
    sizeBytes: number | undefined,
    running: readonly QueuedEffect[],
  ): void {
    if (sizeBytes !== undefined) sizes.set(nameOf(effect), sizeBytes);
    if (sizes.size <= 2 * running.length + sizesSlackCount) return;
    const kept = new Set([...running, effect].map(nameOf));
    for (const name of sizes.keys()) if (!kept.has(name)) sizes.delete(name);
  }

  /** The schedule's question about one effect, with the lowest version of its name that is still on its way. */
  async function ask(
    effect: QueuedEffect,
    running: Conditions['running'],
  ): Promise<{ readonly candidate: Candidate; readonly conditions: Conditions } | undefined> {
    const cell = await load(effect.actor);
    if (cell?.fx[effect.id] === undefined) return undefined;
    const { priority, added: addedMs } = parseQueueKey(effect.key);
    const sizeBytes = sizeOf(cell, effect.id);
    const version = typeof cell.context.version === 'number' ? cell.context.version : 1;
    let name = effect.actor;
    let earliest: number | undefined;
    // Nothing stands before a first version, whatever its name: its key need not be hashed.
    if (version > 1) {
      const key = versionKey(effect.actor.slice(0, effect.actor.indexOf('/')), cell);
      name = key?.slice(0, key.lastIndexOf('/') + 1) ?? effect.actor;
      if (key !== undefined) earliest = await earliestOf(name);
    }
    return {
      candidate: {
        actor: effect.actor,
        priority,
        addedMs,
        name,
        version,
        ...(sizeBytes !== undefined && { sizeBytes }),
      },
      conditions: {
        connection,
        breakers: { line: breaker },
        connectionUntilMs,
        breakersUntilMs: { line: breakerUntilMs },
        running,
        runningMax: wanted,
        ...(small && { small }),
        urgentExtraMax: urgentExtraMaxDefault,
        earliestOpen: () => earliest,
      },
    };
  }

  /** Made once: two hundred run beside each other, and each that starts is held against all. */
  function runningOf(effect: QueuedEffect): Conditions['running'][number] {
    const known = runningKnown.get(effect);
    if (known) return known;
    const sizeBytes = sizes.get(nameOf(effect));
    // Priority and name of what runs decide nothing.
    const running = {
      actor: effect.actor,
      priority: 5,
      name: '',
      ...(sizeBytes !== undefined && { sizeBytes }),
    };
    runningKnown.set(effect, running);
    return running;
  }

  async function earliestOf(prefix: string): Promise<number | undefined> {
    for await (const [key] of kv().iterate({ ...below(prefix), limit: 1 })) {
      return Number(key.slice(prefix.length));
    }
    return undefined;
  }

  return {
    set: (next, beside) => {
      wanted = Math.max(0, Math.trunc(next));
      small = beside;
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
      if (count() === 0) return 0;
      return Math.max(count(), breaker === 'half-open' ? 0 : (small?.maxCount ?? 0)) + urgentExtraMaxDefault;
    },
    choose: async (lane, candidates, running) => {
      if (lane !== 'line') return candidates[0];
      let onlySmall = false;
      const besides = running.map((other) => runningOf(other));
      let busy: Set<string> | undefined;
      for (const [at, candidate] of [...candidates].entries()) {
        // The first are nearly always chosen: a set pays for those after them.
        if (at === setPaysAtCount) busy = new Set(running.map(({ actor }) => actor));
        // A retry of one actor waits until its earlier effect has let go of the file.
        if (busy?.has(candidate.actor) ?? running.some(({ actor }) => actor === candidate.actor)) continue;
        const question = await ask(candidate, besides);
        // A row without a ledger entry is a row being deleted: starting it does nothing.
        if (question === undefined) return candidate;
        if (onlySmall && !isSmall(question.candidate)) continue;
        const hold = holdOf(question.candidate, question.conditions);
        if (hold === null) {
          noteSize(candidate, question.candidate.sizeBytes, running);
          return candidate;
        }
        if (hold.why === 'earlierVersion') continue;
        // Large ones that wait for a place do not keep small ones from theirs.
        if (hold.why !== 'turn' || !small || isSmall(question.candidate)) return undefined;
        onlySmall = true;
      }
      return undefined;
    },
    hold: async (effect, running, counted) => {
      const question = await ask(
        effect,
        running.map((other) => runningOf(other)),
      );
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

const setPaysAtCount = 4;

/** Sizes kept beyond those of running effects before the others are forgotten. */
const sizesSlackCount = 64;

/** Bytes of the document that an effect carries, as last seen, or as it was sent: a small one waits for its receipt as a small one. */
function sizeOf(cell: Cell, id: string): number | undefined {
  const params = cell.fx[id]?.params as
    | { source?: { sizeBytes?: unknown }; stat?: { sizeBytes?: unknown } }
    | undefined;
  const sent = cell.context.sent as { lengthBytes?: unknown } | null | undefined;
  const size = params?.source?.sizeBytes ?? params?.stat?.sizeBytes ?? sent?.lengthBytes;
  return typeof size === 'number' ? size : undefined;
}

/** When connection or breaker go on by themselves. */
function untilOf(cell: Cell | undefined): number | null {
  const untilMs = cell?.context.untilMs;
  return typeof untilMs === 'number' ? untilMs : null;
}
