// Runs what the machines wished for. An effect starts only after the record that wished for it is durable, at most once at
// a time per id, in the order of its lane's queue, and its outcome goes back as an event; until that event is durable the
// effect stays in the ledger, so whatever happens to this process it is issued again. Called by the host after each commit.
import type { Json } from '../../machines/json.ts';
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import type { Clock, KeyRange } from '../ports.ts';
import type { Accepted, EffectHandler, Refused } from './contract.ts';
import { createEffectRun, nameOf, type Running } from './effect-run.ts';
import { laneOf, type QueuedEffect } from './index-rows.ts';
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
  /** Aborts everything and waits until every handler has let go, but not for ever. */
  stop(): Promise<void>;
}

interface Lane {
  readonly name: string;
  readonly queue: LaneQueue;
  readonly running: Map<string, Running>;
  filling: boolean;
  again: boolean;
  /** Effects found whose type nobody handles (yet): they stay in the ledger, the rest of the lane goes on. */
  readonly unhandled: Set<string>;
  /** Types it has been said of that nobody handles them. */
  readonly told: Set<string>;
}

export function createEffects(parts: EffectParts): Effects {
  const { logId, clock, limits, log } = parts;
  const handlers = new Map<string, EffectHandler>();
  const lanes = new Map<string, Lane>();
  const touched = new Set<Lane>();
  let stopped = false;
  const runs = createEffectRun({
    clock,
    limits,
    log,
    load: parts.load,
    result: parts.result,
    rested: (effect, open) => {
      const lane = laneFor(effect.lane);
      if (open) lane.queue.add(effect);
      void fill(lane);
    },
  });

  function laneFor(name: string): Lane {
    const known = lanes.get(name);
    if (known !== undefined) return known;
    const running = new Map<string, Running>();
    const unhandled = new Set<string>();
    const taken = (effect: QueuedEffect): boolean => {
      const each = nameOf(effect);
      return running.has(each) || unhandled.has(each) || runs.resting(each);
    };
    const queue = createLaneQueue(name, limits.candidatesMax, parts.scan, taken);
    const told = new Set<string>();
    const lane = { name, queue, running, filling: false, again: false, unhandled, told };
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
    if (lane.filling || !isHandled(lane)) return;
    lane.filling = true;
    try {
      while (lane.again && !stopped) {
        lane.again = false;
        for (let started = 0; !stopped; started++) {
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

  /** Whether anything of a lane can be started at all. */
  function isHandled(lane: Lane): boolean {
    if (lane.unhandled.size >= limits.unhandledMaxEffects) return false;
    return (laneTypes.get(lane.name) ?? []).some((type) => handlers.has(type));
  }

  /** An effect that this process cannot do waits in the ledger and lets the others pass. */
  function leave(lane: Lane, effect: QueuedEffect, type: string): void {
    lane.unhandled.add(nameOf(effect));
    if (lane.told.has(type)) return;
    lane.told.add(type);
    log(`nothing in this agent does ${type}: such effects wait, everything else goes on`);
  }

  function wake(delayMs: number, lane: Lane): void {
    void runs.sleep(delayMs).then(() => fill(lane));
  }

  async function start(lane: Lane, effect: QueuedEffect): Promise<void> {
    const name = nameOf(effect);
    if (stopped || lane.running.has(name)) return;
    const open = (await parts.load(effect.actor))?.fx[effect.id];
    const handler = open === undefined ? undefined : handlers.get(open.type);
    if (stopped || open === undefined) return;
    if (handler === undefined) {
      leave(lane, effect, open.type);
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
    void runs.run(request, handler, running).then((again) => {
      lane.running.delete(name);
      if (again) lane.queue.add(running.effect);
      resolve();
      void fill(lane);
    });
  }

  return {
    register: (type, handler) => {
      if (handlers.has(type)) throw new Error(`two handlers for ${type}`);
      handlers.set(type, handler);
      for (const lane of lanes.values()) {
        if (lane.unhandled.size > 0) lane.queue.forget();
        lane.unhandled.clear();
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
      const name = nameOf(effect);
      lane.unhandled.delete(name);
      runs.forget(name);
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
      runs.stop();
      const all = [...lanes.values()].flatMap((lane) => [...lane.running.values()]);
      for (const running of all) running.abort.abort(new Error('the agent stops'));
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancel = clock.after(limits.handlerStopMaxMs, resolve);
      await Promise.race([Promise.all(all.map((running) => running.done)), late]);
      cancel();
      // Their outcome finds a closed log; the effect is in the ledger and is issued again at the next start.
      for (const { type, effect } of [...lanes.values()].flatMap((lane) => [...lane.running.values()])) {
        log(
          `${type} of ${effect.actor} did not stop within ${limits.handlerStopMaxMs} ms and is left behind`,
        );
      }
    },
  };
}

/** Which types of effects share a lane. */
const laneTypes = new Map<string, string[]>();
for (const { kind, effects } of Object.values(registry)) {
  for (const type of Object.keys(effects)) {
    const lane = laneOf(kind, type);
    laneTypes.set(lane, [...(laneTypes.get(lane) ?? []), type]);
  }
}
