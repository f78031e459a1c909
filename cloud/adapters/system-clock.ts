// Time and chance ashore from the real machine. Built by cloud/shore.ts; nothing else in the cloud may ask Date,
// timers or a random source.
import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../ports.ts';

/** Node timers longer than this fire at once: longer waits are cut into pieces. */
const timerMaxMs = 2_147_483_647;

/** `after` holds no process open by itself: what must keep running is a socket, a pool or a child. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const due = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = () => {
      const left = due - performance.now();
      timer = setTimeout(left > timerMaxMs ? arm : run, Math.min(Math.max(left, 0), timerMaxMs));
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  unit: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};
