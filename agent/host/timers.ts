// Timers that survive power cuts. All of them are rows sorted by due time; the next ones are held in memory with one
// real timer for the first. Within a boot they run on monotonic time; across boots a timer never waits longer than it
// was set for, however wrong the clock was before or is now. Called by the host after each commit.
import type { Clock, KeyRange } from '../ports.ts';
import { below, keys, parseTimerKey, prefixes } from './keys.ts';
import { unseal } from './sealed.ts';

export interface Timer {
  readonly actor: string;
  readonly id: string;
  /** As stored: what the fired event carries. */
  readonly due: number;
  /** When it fires in this boot's log time. */
  readonly fires: number;
}

export interface Timers {
  /** `due` and `len` as the cell holds them. */
  arm(actor: string, id: string, due: number, len: number, boot: number): void;
  disarm(actor: string, id: string, due: number): void;
  /** Reads the next timers from the index; called at open and then by itself. */
  load(): Promise<void>;
  stop(): void;
}

export interface TimerParts {
  readonly clock: Clock;
  /** Log time now, and at this boot's start. */
  readonly now: () => number;
  readonly bootAt: number;
  readonly boot: number;
  /** The clock runs behind records of earlier boots: due times say nothing, so all timers are looked at. */
  readonly behind: boolean;
  readonly horizonMs: number;
  readonly heldMax: number;
  readonly scan: (range: KeyRange) => AsyncIterable<readonly [string, string]>;
  /** Gets due timers in due order. */
  readonly fire: (timers: readonly Timer[]) => void;
  readonly failed: (error: Error) => void;
}

/** The value of a timer's row. */
export const timerRow = (len: number, boot: number): string => `${len} ${boot}`;

export function createTimers(parts: TimerParts): Timers {
  const { clock, now, bootAt, boot } = parts;
  const held = new Map<string, Timer>();
  let order: Timer[] = [];
  let sorted = true;
  /** Timers firing after this are rows only. */
  let horizon = bootAt;
  let cancel: (() => void) | undefined;
  let wakesAt = Number.POSITIVE_INFINITY;
  let loading = false;
  let stopped = false;

  const nameOf = (actor: string, id: string): string => `${actor}/${id}`;

  function firesAt(due: number, len: number, armedIn: number): number {
    if (armedIn === boot) return due;
    return bootAt + Math.min(Math.max(due - bootAt, 0), len);
  }

  function hold(timer: Timer): void {
    held.set(nameOf(timer.actor, timer.id), timer);
    const last = order.at(-1);
    if (last !== undefined && last.fires > timer.fires) sorted = false;
    order.push(timer);
    if (held.size > parts.heldMax) shrink();
  }

  /** Keeps the nearer half; the rest come back from their rows. */
  function shrink(): void {
    sort();
    order = order.filter((timer) => held.get(nameOf(timer.actor, timer.id)) === timer);
    const kept = order.slice(0, Math.ceil(parts.heldMax / 2));
    for (const timer of order.slice(kept.length)) held.delete(nameOf(timer.actor, timer.id));
    order = kept;
    horizon = kept.at(-1)?.fires ?? now();
  }

  function sort(): void {
    if (!sorted) order.sort((a, b) => a.fires - b.fires || (a.actor < b.actor ? -1 : 1));
    sorted = true;
  }

  function wake(): void {
    if (stopped) return;
    sort();
    let next = horizon;
    while (order.length > 0) {
      const first = order[0]!;
      if (held.get(nameOf(first.actor, first.id)) === first) {
        next = Math.min(next, first.fires);
        break;
      }
      order.shift();
    }
    if (next === wakesAt) return;
    cancel?.();
    wakesAt = next;
    cancel = clock.after(Math.max(0, next - now()), () => {
      cancel = undefined;
      wakesAt = Number.POSITIVE_INFINITY;
      void turn();
    });
  }

  async function turn(): Promise<void> {
    sort();
    const time = now();
    const due: Timer[] = [];
    let count = 0;
    for (const timer of order) {
      if (timer.fires > time) break;
      count += 1;
      const name = nameOf(timer.actor, timer.id);
      if (held.get(name) !== timer) continue;
      held.delete(name);
      due.push(timer);
    }
    order.splice(0, count);
    if (due.length > 0) parts.fire(due);
    if (time >= horizon) await load();
    else wake();
  }

  async function load(): Promise<void> {
    if (loading || stopped) return;
    loading = true;
    try {
      const end = now() + parts.horizonMs;
      horizon = end;
      const range = parts.behind
        ? below(prefixes.timer)
        : { gte: prefixes.timer, lt: keys.timer(end, '', '') };
      for await (const [key, row] of parts.scan(range)) {
        const { due, actor, id } = parseTimerKey(key);
        const [len = 0, armedIn = 0] = unseal(key, row).split(' ').map(Number);
        const fires = firesAt(due, len, armedIn);
        if (fires > horizon || held.has(nameOf(actor, id))) continue;
        hold({ actor, id, due, fires });
        if (stopped) return;
        // The index is in due order: what was cut off here is beyond the horizon and is read later.
        if (!parts.behind && horizon < end) break;
      }
    } catch (error) {
      parts.failed(error as Error);
      return;
    } finally {
      loading = false;
    }
    wake();
  }

  return {
    arm: (actor, id, due, len, armedIn) => {
      const fires = firesAt(due, len, armedIn);
      held.delete(nameOf(actor, id));
      if (fires > horizon) return;
      hold({ actor, id, due, fires });
      if (!loading) wake();
    },
    disarm: (actor, id, due) => {
      if (held.get(nameOf(actor, id))?.due === due) held.delete(nameOf(actor, id));
    },
    load,
    stop: () => {
      stopped = true;
      cancel?.();
    },
  };
}
