// Runs what the machines wished for. An effect starts only after the record that wished for it is durable, at most once at
// a time per id, in the order of its lane's queue, and its outcome goes back as an event; until that event is durable the
// effect stays in the ledger, so whatever happens to this process it is issued again. Called by the host after each commit.
import type { Json } from '../../machines/json.ts';
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import type { Clock, KeyRange } from '../ports.ts';
import type { Accepted, EffectHandler, Refused } from './contract.ts';
import { failureOf } from './handler-failed.ts';
import type { QueuedEffect } from './index-rows.ts';
import { createLaneQueue, type LaneQueue } from './lane-queue.ts';
import type { HostLimits } from './limits.ts';

export interface EffectParts {
  readonly logId: string;
  readonly clock: Clock;
  readonly limits: HostLimits;
  readonly log: (line: string) => void;
  readonly scan: (range: KeyRange) => AsyncIterable<readonly [string, string]>;
  /** The durable cell of an actor. */
  readonly load: (actor: string) => Promise<Cell | undefined>;
  /** Puts a result to the machine; resolves once durable or refused. */
  readonly result: (actor: string, event: MachineEvent, soft: boolean) => Promise<Accepted | Refused>;
  readonly progress: (actor: string, json: Json) => void;
  /** How many effects of a lane may run; `running` are those that do. */
  readonly places: (lane: string, running: readonly QueuedEffect[]) => number;
  /** Which of the candidates may start next; undefined: none of them now. */
  readonly choose: (
    lane: string,
    candidates: readonly QueuedEffect[],
    running: readonly QueuedEffect[],
  ) => Promise<QueuedEffect | undefined>;
}

export interface Effects {
  register(type: string, handler: EffectHandler): void;
  opened(effect: QueuedEffect): void;
  closed(effect: QueuedEffect): void;
  moved(from: QueuedEffect, to: QueuedEffect): void;
  /** After all changes of a turn: starts what may start. */
  settle(): void;
  /** Something that `places` or `choose` look at has changed. */
  kick(lane?: string): void;
  /** Stops every running effect of a lane; they stay in the ledger and start again when they may. */
  withdraw(lane: string, reason: string): void;
  readonly running: number;
  runningIn(lane: string): readonly QueuedEffect[];
  /** Aborts everything and waits until every handler has let go. */
  stop(): Promise<void>;
}

interface Running {
  effect: QueuedEffect;
  readonly type: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

interface Lane {
  readonly name: string;
  readonly queue: LaneQueue;
  readonly running: Map<string, Running>;
  filling: boolean;
  again: boolean;
  /** An effect without a handler stands first: nothing starts until one is registered. */
  unhandled: boolean;
}

export function createEffects(parts: EffectParts): Effects {
  const { logId, clock, limits, log } = parts;
  const handlers = new Map<string, EffectHandler>();
  const lanes = new Map<string, Lane>();
  /** Faults in a row of one effect, and when it may be tried again. */
  const faults = new Map<string, { count: number; resting: boolean }>();
  const sleeps = new Set<() => void>();
  const touched = new Set<Lane>();
  let stopped = false;

  const nameOf = (effect: QueuedEffect): string => `${effect.actor}/${effect.id}`;

  function laneFor(name: string): Lane {
    const known = lanes.get(name);
    if (known !== undefined) return known;
    const running = new Map<string, Running>();
    const taken = (effect: QueuedEffect): boolean =>
      running.has(nameOf(effect)) || faults.get(nameOf(effect))?.resting === true;
    const queue = createLaneQueue(name, limits.candidatesMax, parts.scan, taken);
    const lane = { name, queue, running, filling: false, again: false, unhandled: false };
    lanes.set(name, lane);
    return lane;
  }

  function kick(name?: string): void {
    if (name === undefined) for (const lane of lanes.values()) void fill(lane);
    else void fill(laneFor(name));
  }

  /** Starts what may start, one after the other, urgent ones first. */
  async function fill(lane: Lane): Promise<void> {
    lane.again = true;
    if (lane.filling || lane.unhandled) return;
    lane.filling = true;
    try {
      while (lane.again && !stopped) {
        lane.again = false;
        for (let started = 0; !stopped && !lane.unhandled; started++) {
          if (started === limits.startsPerPassMax) {
            // The rest follow after whatever else is waiting for this thread.
            wake(0, lane);
            break;
          }
          const running = [...lane.running.values()].map((each) => each.effect);
          if (running.length >= parts.places(lane.name, running)) break;
          const candidates = await lane.queue.first();
          if (candidates.length === 0) break;
          const chosen = await parts.choose(lane.name, candidates, running);
          if (chosen === undefined) break;
          lane.queue.remove(chosen);
          try {
            await start(lane, chosen);
          } catch (error) {
            lane.queue.add(chosen);
            throw error;
          }
        }
      }
    } catch (error) {
      log(`effects of ${lane.name} could not be looked up (${(error as Error).message}); trying again`);
      wake(limits.handlerRetryMs, lane);
    } finally {
      lane.filling = false;
    }
  }

  function wake(delayMs: number, lane: Lane): void {
    void sleep(delayMs).then(() => fill(lane));
  }

  /** Waits; stop() ends every wait at once. */
  function sleep(delayMs: number): Promise<void> {
    if (stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        sleeps.delete(end);
        resolve();
      };
      const cancel = clock.after(delayMs, end);
      sleeps.add(end);
    });
  }

  async function start(lane: Lane, effect: QueuedEffect): Promise<void> {
    const name = nameOf(effect);
    if (stopped || lane.running.has(name)) return;
    const open = (await parts.load(effect.actor))?.fx[effect.id];
    const handler = open === undefined ? undefined : handlers.get(open.type);
    if (stopped || open === undefined) return;
    if (handler === undefined) {
      lane.unhandled = true;
      lane.queue.add(effect);
      return;
    }
    const abort = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const running: Running = { effect, type: open.type, abort, done };
    lane.running.set(name, running);
    const request = {
      id: `${logId}/${name}`,
      actor: effect.actor,
      type: open.type,
      params: open.params,
      signal: abort.signal,
      progress: (json: Json) => {
        if (lane.running.get(name) === running) parts.progress(effect.actor, json);
      },
      checkpoint: (event: MachineEvent) => {
        if (lane.running.get(name) !== running) return;
        parts.result(effect.actor, { ...event, fx: effect.id }, true).catch(() => {
          // A checkpoint that was not kept costs a repeated question, nothing else.
        });
      },
    };
    void run(request, handler, running).then((again) => {
      lane.running.delete(name);
      if (again) lane.queue.add(running.effect);
      resolve();
      void fill(lane);
    });
  }

  /** True: the effect is still open and may be started again at once. */
  async function run(
    request: Parameters<EffectHandler>[0],
    handler: EffectHandler,
    running: Running,
  ): Promise<boolean> {
    let event: MachineEvent;
    try {
      event = await handler(request);
    } catch (error) {
      if (request.signal.aborted) return stillOpen(running);
      const failed = afterFault(running, error as Error);
      if (failed === undefined) return false;
      event = failed;
    }
    // The result is delivered until the log has taken or refused it: a full disk must not lose it.
    for (let wait = limits.handlerRetryMs; ; wait = Math.min(wait * 2, limits.retryMaxMs)) {
      try {
        const outcome = await parts.result(running.effect.actor, { ...event, fx: running.effect.id }, false);
        if (outcome.accepted || !(await stillOpen(running))) return false;
        const failed = afterFault(
          running,
          new Error(`its result ${event.type} was refused: ${outcome.message}`),
        );
        if (failed === undefined) return false;
        if (failed.type === event.type) return rest(running);
        event = failed;
      } catch {
        // Whoever stops now finds the effect in the ledger at the next start.
        if (stopped) return false;
        await sleep(wait);
      }
    }
  }

  /** Counts a fault. Answers the failure event once the bound is reached; else the effect rests and is tried again. */
  function afterFault(running: Running, error: Error): MachineEvent | undefined {
    const name = nameOf(running.effect);
    const count = (faults.get(name)?.count ?? 0) + 1;
    log(`${running.type} of ${running.effect.actor} failed in the agent itself (${count}): ${error.message}`);
    faults.set(name, { count, resting: false });
    const failed = failureOf(running.type);
    if (count >= limits.handlerThrowsMax && failed !== undefined) {
      faults.delete(name);
      return failed;
    }
    rest(running);
    return undefined;
  }

  function rest(running: Running): false {
    const name = nameOf(running.effect);
    const count = faults.get(name)?.count ?? 1;
    faults.set(name, { count, resting: true });
    const lane = laneFor(running.effect.lane);
    const delayMs = Math.min(limits.handlerRetryMs * 2 ** (count - 1), limits.retryMaxMs);
    void sleep(delayMs).then(async () => {
      if (stopped) return;
      faults.set(name, { count, resting: false });
      if (await stillOpen(running)) lane.queue.add(running.effect);
      else faults.delete(name);
      await fill(lane);
    });
    return false;
  }

  async function stillOpen(running: Running): Promise<boolean> {
    try {
      return (await parts.load(running.effect.actor))?.fx[running.effect.id] !== undefined;
    } catch {
      // The log cannot be read just now; whoever starts the effect looks again.
      return true;
    }
  }

  return {
    register: (type, handler) => {
      if (handlers.has(type)) throw new Error(`two handlers for ${type}`);
      handlers.set(type, handler);
      for (const lane of lanes.values()) {
        lane.unhandled = false;
        void fill(lane);
      }
    },
    opened: (effect) => {
      const lane = laneFor(effect.lane);
      lane.queue.add(effect);
      touched.add(lane);
    },
    closed: (effect) => {
      const lane = laneFor(effect.lane);
      lane.queue.remove(effect);
      if (lane.running.size === 0 && faults.size === 0) return;
      const name = nameOf(effect);
      faults.delete(name);
      lane.running.get(name)?.abort.abort(new Error('no longer wanted'));
    },
    moved: (from, to) => {
      const lane = laneFor(to.lane);
      const running = lane.running.get(nameOf(from));
      if (running !== undefined) running.effect = to;
      else {
        lane.queue.remove(from);
        lane.queue.add(to);
      }
      touched.add(lane);
    },
    settle: () => {
      for (const lane of touched) void fill(lane);
      touched.clear();
    },
    kick,
    withdraw: (name, reason) => {
      for (const running of lanes.get(name)?.running.values() ?? []) running.abort.abort(new Error(reason));
    },
    get running() {
      let count = 0;
      for (const lane of lanes.values()) count += lane.running.size;
      return count;
    },
    runningIn: (name) => [...(lanes.get(name)?.running.values() ?? [])].map((running) => running.effect),
    stop: async () => {
      stopped = true;
      for (const end of [...sleeps]) end();
      const all = [...lanes.values()].flatMap((lane) => [...lane.running.values()]);
      for (const running of all) running.abort.abort(new Error('the agent stops'));
      await Promise.all(all.map((running) => running.done));
    },
  };
}
