// From "put it there" to a priority. The scheduler knows a priority of 1 to 10 and, among equals, age; so a place is reached
// by the smallest change of priority that gets there, or as near as one can. Used by drag and drop and by the buttons. Pure.
import { goesFirst } from './order.ts';
import type { Upload } from './upload.ts';

export const priorityMin = 1;
export const priorityMax = 10;

/** Names for the priorities that have one. */
export const namedPriorities = [
  { name: 'Critical', priority: 1 },
  { name: 'Normal', priority: 5 },
  { name: 'Low', priority: 10 },
] as const;

export interface Placing {
  readonly priority: number;
  /** The place it will have: 0 is the first. */
  readonly place: number;
  /** False: that is as near as it can get, because age decides among equals. */
  readonly exact: boolean;
}

type Placed = Pick<Upload, 'id' | 'priority' | 'addedMs'>;

/** `line`: those on their way, in order, with `moved` among them; `place`: where it shall stand once it was taken out. */
export function placeAt(line: readonly Placed[], moved: Placed, place: number): Placing {
  return choose(line, moved, (candidate) => Math.abs(candidate - place), place);
}

/** One step up (-1) or down (+1), or as few more as the rule of age allows. Undefined: it cannot go further that way. */
export function placeBeside(line: readonly Placed[], moved: Placed, step: -1 | 1): Placing | undefined {
  const now = line.findIndex(({ id }) => id === moved.id);
  if (now < 0) return undefined;
  const target = now + step;
  const rightWay = (candidate: number) => (step < 0 ? candidate <= target : candidate >= target);
  const best = choose(
    line,
    moved,
    (candidate) => (rightWay(candidate) ? Math.abs(candidate - target) : Number.POSITIVE_INFINITY),
    target,
  );
  return rightWay(best.place) ? best : undefined;
}

/** As far up as it can get, by the smallest change. */
export function placeOnTop(line: readonly Placed[], moved: Placed): Placing {
  return placeAt(line, moved, 0);
}

function choose(
  line: readonly Placed[],
  moved: Placed,
  distance: (place: number) => number,
  wanted: number,
): Placing {
  const others = line.filter(({ id }) => id !== moved.id);
  let best: Placing | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let change = 0; change < priorityMax; change++) {
    for (const priority of change === 0
      ? [moved.priority]
      : [moved.priority - change, moved.priority + change]) {
      if (priority < priorityMin || priority > priorityMax) continue;
      const candidate = { ...moved, priority };
      const place = others.filter((other) => goesFirst(other, candidate) < 0).length;
      const off = distance(place);
      if (best && off >= bestDistance) continue;
      best = { priority, place, exact: place === wanted };
      bestDistance = off;
    }
  }
  return best ?? { priority: moved.priority, place: wanted, exact: false };
}

export function priorityWord(priority: number): string {
  const named = namedPriorities.find((one) => one.priority === priority);
  if (named) return named.name;
  if (priority < 5) return `High ${priority}`;
  return `Low ${priority}`;
}
