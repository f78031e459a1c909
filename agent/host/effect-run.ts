// One effect from its start until its outcome is in the log. A handler that throws is tried again after a rest, and from a
// bound on its failure becomes an event; an outcome is delivered until the log has taken or refused it. Used by effects.ts,
// which decides what may start.
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import type { Clock } from '../ports.ts';
import type { Accepted, EffectHandler, EffectRequest, Refused } from './contract.ts';
import { failureOf } from './handler-failed.ts';
import type { QueuedEffect } from './index-rows.ts';
import type { HostLimits } from './limits.ts';

export interface Running {
  /** Its place in the queue may change while it runs. */
  effect: QueuedEffect;
  readonly type: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface EffectRun {
  /** True: the effect is still open and may be started again at once. */
  run(request: EffectRequest, handler: EffectHandler, running: Running): Promise<boolean>;
  /** Whether an effect waits after a fault. */
  resting(name: string): boolean;
  /** The effect is no longer in the ledger. */
  forget(name: string): void;
  /** Waits; stop() ends every wait at once. */
  sleep(delayMs: number): Promise<void>;
  stop(): void;
}

export interface EffectRunParts {
  readonly clock: Clock;
  readonly limits: HostLimits;
  readonly log: (line: string) => void;
  readonly load: (actor: string) => Promise<Cell | undefined>;
  readonly result: (actor: string, event: MachineEvent, soft: boolean) => Promise<Accepted | Refused>;
  /** A rest is over; `open`: the effect is still wanted. */
  readonly rested: (effect: QueuedEffect, open: boolean) => void;
}

export const nameOf = (effect: QueuedEffect): string => `${effect.actor}/${effect.id}`;

export function createEffectRun(parts: EffectRunParts): EffectRun {
  const { clock, limits, log } = parts;
  /** Faults in a row of one effect, and whether it rests now. */
  const faults = new Map<string, { readonly count: number; readonly resting: boolean }>();
  const sleeps = new Set<() => void>();
  let stopped = false;

  async function run(request: EffectRequest, handler: EffectHandler, running: Running): Promise<boolean> {
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
    const delayMs = Math.min(limits.handlerRetryMs * 2 ** (count - 1), limits.retryMaxMs);
    void sleep(delayMs).then(async () => {
      if (stopped) return;
      faults.set(name, { count, resting: false });
      const open = await stillOpen(running);
      if (!open) faults.delete(name);
      parts.rested(running.effect, open);
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

  return {
    run,
    resting: (name) => faults.get(name)?.resting === true,
    forget: (name) => {
      faults.delete(name);
    },
    sleep,
    stop: () => {
      stopped = true;
      for (const end of [...sleeps]) end();
    },
  };
}
