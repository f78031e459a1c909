// The page's clock in the test's hand: nothing happens until the test says so.
import type { Clock } from '../../../inspector/browser/clock.ts';

export interface HeldClock extends Clock {
  /** Lets that much time pass; timers run in their order, frames after each of them. */
  advance(ms: number): void;
  /** Paints once: what waits for a frame runs. */
  paint(): void;
  readonly waitingFrames: number;
}

export function createHeldClock(startMs = 1_795_000_000_000): HeldClock {
  let nowMs = startMs;
  let timers: { dueMs: number; then: () => void }[] = [];
  let frames: (() => void)[] = [];
  const after = (ms: number, then: () => void) => {
    const timer = { dueMs: nowMs + ms, then };
    timers.push(timer);
    return () => {
      timers = timers.filter((one) => one !== timer);
    };
  };
  const paint = () => {
    const ready = frames;
    frames = [];
    for (const then of ready) then();
  };
  return {
    nowMs: () => nowMs,
    after,
    frame(then) {
      frames.push(then);
      return () => {
        frames = frames.filter((one) => one !== then);
      };
    },
    everySecond(then) {
      let stop = () => {};
      const again = () => {
        stop = after(1_000, () => {
          then();
          again();
        });
      };
      again();
      return () => stop();
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const next = timers.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.then();
        paint();
      }
      nowMs = endMs;
    },
    paint,
    get waitingFrames() {
      return frames.length;
    },
  };
}
