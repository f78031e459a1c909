// What stands at the head of one lane's queue. All open effects are rows of the database, in the order in which they
// should run; this holds the first few of those not running yet, so that neither 100,000 waiting uploads nor a busy lane
// cost memory or a scan per event. Used by effects.ts only.
import type { KeyRange } from '../ports.ts';
import type { QueuedEffect } from './index-rows.ts';
import { below, parseQueueKey } from './keys.ts';

export interface LaneQueue {
  /** First candidates, in order. Refills itself from the rows when it ran dry. */
  first(): Promise<readonly QueuedEffect[]>;
  /** A row was written. */
  add(effect: QueuedEffect): void;
  /** A row was deleted, or its effect has started. */
  remove(effect: QueuedEffect): void;
  /** Effects that were left out may be offered again: looks at the rows anew. */
  forget(): void;
}

export function createLaneQueue(
  lane: string,
  holdMax: number,
  scan: (range: KeyRange) => AsyncIterable<readonly [string, string]>,
  /** Effects that have rows but must not be offered: running ones. */
  taken: (effect: QueuedEffect) => boolean,
): LaneQueue {
  let held: QueuedEffect[] = [];
  /** False: there may be rows behind the last one held. */
  let complete = false;
  /** Changes while a scan is under way would be lost in it; it is repeated. */
  let generation = 0;

  async function refill(): Promise<void> {
    for (;;) {
      const seen = ++generation;
      const found: QueuedEffect[] = [];
      let more = false;
      for await (const [key] of scan(below(`q/${lane}/`))) {
        const { actor, id } = parseQueueKey(key);
        const effect = { key, lane, actor, id };
        if (taken(effect)) continue;
        if (found.length === holdMax) {
          more = true;
          break;
        }
        found.push(effect);
      }
      if (seen !== generation) continue;
      held = found;
      complete = !more;
      return;
    }
  }

  function add(effect: QueuedEffect): void {
    generation += 1;
    const last = held.at(-1);
    if (last !== undefined && effect.key > last.key) {
      if (complete && held.length < holdMax) held.push(effect);
      else complete = false;
      return;
    }
    if (last === undefined && !complete) return;
    const at = placeOf(effect.key);
    if (held[at]?.key === effect.key) return;
    held.splice(at, 0, effect);
    if (held.length > holdMax) {
      held.pop();
      complete = false;
    }
  }

  function remove(effect: QueuedEffect): void {
    generation += 1;
    const at = placeOf(effect.key);
    if (held[at]?.key === effect.key) held.splice(at, 1);
  }

  /** Where a key stands or would stand: binary search. */
  function placeOf(key: string): number {
    let low = 0;
    let high = held.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (held[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    first: async () => {
      if (held.length === 0 && !complete) await refill();
      return held;
    },
    add,
    remove,
    forget: () => {
      generation += 1;
      held = [];
      complete = false;
    },
  };
}
