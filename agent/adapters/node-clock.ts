// Time on a real machine. Node fires timers longer than 2^31 − 1 ms at once; a yacht can be laid up longer than those
// 24.8 days, so long waits are taken in steps.
import type { Clock } from '../ports.ts';

const stepMaxMs = 2 ** 31 - 1;

export function nodeClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, run) {
      const due = performance.now() + Math.max(0, delayMs);
      let timer: NodeJS.Timeout;
      const arm = () => {
        const left = due - performance.now();
        timer = left > stepMaxMs ? setTimeout(arm, stepMaxMs) : setTimeout(run, Math.max(0, left));
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}
