// The page's clock in the hands of a test: frames and timers come when they are asked for.
import type { PageClock } from '../../../../inspector/machines/source.ts';

export interface HeldClock extends PageClock {
  /** Paints once: calls what waits for the next picture. */
  paint(): void;
  pass(ms: number): void;
}

export function heldClock(startMs = 0): HeldClock {
  let now = startMs;
  let frames = new Set<() => void>();
  const timers = new Set<{ readonly at: number; readonly then: () => void }>();
  const seconds = new Set<() => void>();
  return {
    nowMs: () => now,
    after(ms, then) {
      const timer = { at: now + ms, then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    frame(then) {
      frames.add(then);
      return () => frames.delete(then);
    },
    everySecond(then) {
      seconds.add(then);
      return () => seconds.delete(then);
    },
    paint() {
      const due = frames;
      frames = new Set();
      for (const then of due) then();
    },
    pass(ms) {
      now += ms;
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.then();
      }
      for (const then of seconds) then();
    },
  };
}
