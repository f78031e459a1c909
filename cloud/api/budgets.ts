// How many requests a key (address, token, device) may make per minute: fixed windows in a bounded table. Own code rather
// than a plugin, because time must come from the Clock port and because a device is known only after its signature.
import type { Clock } from '../ports.ts';

export interface BudgetLimits {
  /** Requests of one address per minute, before anything is known about it. A fleet office shares one address. */
  readonly addressPerMinute: number;
  readonly tokenPerMinute: number;
  /** Enrolment attempts of one address: 128-bit codes need no more, guessing should not be free. */
  readonly enrolPerMinute: number;
  /** Upgrades of one device: a flapping link reconnects about once a second at worst. */
  readonly devicePerMinute: number;
}

export const budgetLimits: BudgetLimits = {
  addressPerMinute: 1200,
  tokenPerMinute: 600,
  enrolPerMinute: 20,
  devicePerMinute: 120,
};

export type Budget = 'address' | 'token' | 'enrol' | 'device';

/** Answers 0 when the request may pass, else the ms to wait. */
export type Spend = (budget: Budget, key: string) => number;

const windowMs = 60_000;
/** Past this many keys the oldest window is forgotten: memory before strictness. */
const keysMax = 50_000;

export function createBudgets(clock: Clock, limits: BudgetLimits): Spend {
  const windows = new Map<string, { started: number; used: number }>();
  const perMinute: Record<Budget, number> = {
    address: limits.addressPerMinute,
    token: limits.tokenPerMinute,
    enrol: limits.enrolPerMinute,
    device: limits.devicePerMinute,
  };
  return (budget, key) => {
    const now = clock.monotonicMs();
    const id = `${budget} ${key}`;
    let window = windows.get(id);
    if (!window || now - window.started >= windowMs) {
      window = { started: now, used: 0 };
      // Deleted first, so that the map stays ordered by start.
      windows.delete(id);
      windows.set(id, window);
      if (windows.size > keysMax) windows.delete(windows.keys().next().value!);
    }
    window.used++;
    return window.used > perMinute[budget] ? window.started + windowMs - now : 0;
  };
}
