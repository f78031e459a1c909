// Looks now and then at the lanes: does one sleep, is the line alive, is it in doubt? An idle line says that it lives. Held by
// line.ts, which is told what was seen.
import type { Clock } from '../ports.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { LineLimitsAboard } from './limits.ts';
import type { Sender } from './sender.ts';

export interface WatchPorts {
  readonly clock: Clock;
  readonly limits: LineLimitsAboard;
  readonly heartbeatMs: number;
  readonly lanes: Lanes;
  readonly sender: Sender;
  readonly isOpen: () => boolean;
  /** Nothing is confirmed any more, and that is being looked into. */
  readonly isDoubted: () => boolean;
  /** About, before anything was measured. */
  readonly roundTripMs: () => number;
  readonly silent: () => void;
  /** These have slept for too long. */
  readonly gone: (lanes: readonly Lane[]) => void;
  /** The lanes were looked at. */
  readonly looked: () => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

const doublingsMax = 3;

export class Watch {
  readonly #ports: WatchPorts;
  #cancel: (() => void) | undefined;
  /** Since something was confirmed. */
  #doubts = 0;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  /** Something was confirmed. */
  confirmed(): void {
    this.#doubts = 0;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  look(): void {
    const { clock, heartbeatMs, limits, lanes, sender, isOpen, isDoubted } = this.#ports;
    this.stop();
    if (!isOpen()) return;
    const now = clock.monotonicMs();
    const { isBusy } = lanes;
    const idleMs = now - lanes.heardMs;
    if (!isBusy && lanes.count > 0 && idleMs >= heartbeatMs)
      sender.say({ type: 'PING', stamp: Math.floor(now) }, { kind: 'passing' }, lanes.rested());
    if (isBusy && !isDoubted()) this.#lookAtLanes(now);
    const nextMs = lanes.isBusy ? limits.doubtCheckMs : Math.max(1, heartbeatMs - idleMs);
    this.stop(); // what was said above has begun a watch of its own
    this.#cancel = clock.after(nextMs, () => this.look());
  }

  #lookAtLanes(now: number): void {
    const { sender, lanes, log } = this.#ports;
    const { variationMs, heldMs } = sender;
    const roundTripMs = this.#ports.roundTripMs();
    // A line that was doubted for nothing is doubted later the next time.
    const patienceMs = this.patienceMs * 2 ** Math.min(doublingsMax, this.#doubts);
    if (lanes.outstandingBytes > 0 && sender.silentMs >= patienceMs) {
      this.#doubts += 1;
      this.#ports.silent();
      return;
    }
    const { slept, gone, late, lateMs } = lanes.look(now, {
      roundTripMs: roundTripMs + heldMs,
      variationMs,
      isDry: sender.isDry,
    });
    for (const lane of slept) {
      lane.asleep = true;
      sender.repeat(lane.giveUp());
    }
    for (const lane of late) {
      const parcels = lane.giveUp(now - lateMs);
      if (parcels.length === 0) continue;
      lane.asleep = true;
      sender.repeat(parcels);
      sender.pump();
    }
    if (gone.length > 0) this.#ports.gone(gone);
    if (slept.length + gone.length > 0) {
      log({ event: 'line.lane.slept', slept: slept.length, gone: gone.length });
      sender.pump();
    }
    this.#ports.looked();
  }

  /** So long without a confirmation, while bytes are outstanding, is no mere delay. */
  get patienceMs(): number {
    const { limits, sender } = this.#ports;
    return Math.max(3 * this.#ports.roundTripMs(), limits.doubtMinMs) + 2 * sender.heldMs;
  }
}
