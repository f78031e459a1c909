// Wakes one sleeping feed: at a time, at a ring, or when its client goes. A ring while it is awake is not lost.
import type { Clock } from '../ports.ts';

export interface FeedBell {
  ring(): void;
  /** Resolves after `ms`, when the client has gone, or, with `wakes`, at a ring since the last wait. */
  wait(ms: number, wakes: boolean): Promise<void>;
}

export function createFeedBell(clock: Clock, signal: AbortSignal): FeedBell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(ms, wakes) {
      const now = signal.aborted || ms <= 0 || (wakes && rung);
      if (!now)
        await new Promise<void>((resolve) => {
          const finish = () => {
            cancel();
            signal.removeEventListener('abort', finish);
            wake = undefined;
            resolve();
          };
          const cancel = clock.after(ms, finish);
          signal.addEventListener('abort', finish, { once: true });
          if (wakes) wake = finish;
        });
      rung = false;
    },
  };
}
