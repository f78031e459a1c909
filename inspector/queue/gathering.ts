// What arrives between two pictures is taken in together, just before the next one is painted: a thousand events a second
// cost one drawing each frame. Used by store.ts.
import { batch } from '@preact/signals';
import type { Clock } from '../browser/clock.ts';
import type { Step } from './rows.ts';

export interface Gathering {
  /** `apply` runs before the next picture and answers what documents did. */
  add(apply: () => readonly Step[]): void;
  /** Forgets what waits. */
  drop(): void;
}

export function createGathering(
  clock: Pick<Clock, 'frame'>,
  tell: (steps: readonly Step[]) => void,
): Gathering {
  let waiting: (() => readonly Step[])[] = [];
  let cancel: (() => void) | undefined;
  function paint(): void {
    cancel = undefined;
    const work = waiting;
    waiting = [];
    batch(() => tell(work.flatMap((apply) => apply())));
  }
  return {
    add(apply) {
      waiting.push(apply);
      cancel ??= clock.frame(paint);
    },
    drop() {
      waiting = [];
      cancel?.();
      cancel = undefined;
    },
  };
}
