// A second hand for what counts down. It moves only while somebody looks, something counts and time goes on: a page in the
// past or with nothing armed costs nothing.
import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import type { PageClock } from './source.ts';

/** Grows each second while `runs`. */
export function useTicks(clock: PageClock, runs: ReadonlySignal<boolean>): ReadonlySignal<number> {
  const ticks = useSignal(0);
  useSignalEffect(() => {
    if (!runs.value) return;
    return clock.everySecond(() => {
      ticks.value++;
    });
  });
  return ticks;
}
