// Keeps as many lanes open as the line is worth: dials the missing ones beside each other, more and more rarely when they fail,
// and says goodbye to those that have been too many for a while. The first lane, and those after an outage, are raced for by the
// connector. Held by line.ts.
import type { Clock } from '../ports.ts';
import type { Connector, Wanted } from './connector.ts';
import { lanesWanted, leastCount, type Measured } from './lane-count.ts';
import type { Lanes } from './lanes.ts';

/** After a failed dial; each further one doubles it. */
const retryMs = 1_000;
const retryMaxMs = 300_000;
/** Too many for so long: the least used one goes. */
const tooManyMs = 60_000;

export interface LaneKeeperPorts {
  readonly clock: Clock;
  readonly connector: Connector;
  readonly lanes: Lanes;
  readonly lanesMax: number;
  readonly wanted: () => Wanted;
  readonly measured: () => Measured;
  /** Nothing has travelled yet, so that nobody knows what will; or enough waits to be worth further handshakes. */
  readonly isWorthMore: () => boolean;
}

export class LaneKeeper {
  readonly #ports: LaneKeeperPorts;
  #failures = 0;
  #retryAtMs = 0;
  #tooManySinceMs: number | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(ports: LaneKeeperPorts) {
    this.#ports = ports;
  }

  get wantedCount(): number {
    const { carryingCount, reserveCount } = lanesWanted(this.#ports.measured(), this.#ports.lanesMax);
    return carryingCount + reserveCount;
  }

  /** Called when lanes came or went, and now and then while bytes are on their way. */
  tend(): void {
    const { clock, lanes, connector } = this.#ports;
    if (lanes.count === 0) return; // raced for elsewhere
    const now = clock.monotonicMs();
    const { carryingCount, reserveCount } = lanesWanted(this.#ports.measured(), this.#ports.lanesMax);
    const wantedCount = carryingCount + reserveCount;
    lanes.balance(carryingCount);
    const count = this.#ports.isWorthMore() ? wantedCount : Math.min(wantedCount, leastCount);
    const missing = count - lanes.count - connector.dialling;
    if (missing > 0 && now < this.#retryAtMs) {
      this.#cancelRetry ??= clock.after(this.#retryAtMs - now, () => {
        this.#cancelRetry = undefined;
        this.tend();
      });
      return;
    }
    for (let n = 0; n < missing; n++) void this.#dial();
    this.#heedTooMany(now, lanes.count - wantedCount);
  }

  stop(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#failures = 0;
    this.#retryAtMs = 0;
    this.#tooManySinceMs = undefined;
  }

  async #dial(): Promise<void> {
    const { clock, connector, wanted } = this.#ports;
    const outcome = await connector.dial(wanted());
    if (!('failure' in outcome)) {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    const pauseMs = Math.min(retryMaxMs, retryMs * 2 ** Math.min(20, this.#failures - 1));
    this.#retryAtMs = clock.monotonicMs() + Math.max(pauseMs, outcome.failure.retryAfterMs ?? 0);
    this.tend();
  }

  #heedTooMany(now: number, surplus: number): void {
    if (surplus <= 0) {
      this.#tooManySinceMs = undefined;
      return;
    }
    this.#tooManySinceMs ??= now;
    if (now - this.#tooManySinceMs < tooManyMs) return;
    const { lanes, connector } = this.#ports;
    const idle = lanes.all.filter((lane) => lane.isOpen && lane.oldestMs === undefined);
    const useless = idle.sort((a, b) => a.sentMs - b.sentMs).slice(0, surplus);
    for (const lane of useless) {
      lanes.remove(lane);
      lane.close();
      connector.freed(lane.number);
    }
  }
}
