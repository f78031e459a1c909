// Slows down who guesses passwords: each failure doubles the wait, per address and, more gently, for everybody together. No
// try is looked at before its wait is over, so guessing costs the daemon nothing. In memory: a restart forgives.
import type { Clock } from '../../ports.ts';

/** Failures of one address that cost nothing: people mistype. */
const freeTries = 3;
const addressBaseMs = 1_000;
const addressCapMs = 900_000;
/** For all addresses together: an attacker with many must not be faster, and must not lock the crew out for long either. */
const freeTriesOverall = 20;
const overallBaseMs = 500;
const overallCapMs = 10_000;
/** Without a failure for this long, all is forgotten. */
const forgetMs = 3_600_000;
/** Addresses remembered, of those that failed and of those that logged in; the oldest makes room. */
const addressesMax = 256;

interface Guesser {
  failures: number;
  lastMs: number;
}

export interface Throttle {
  /** How long this address must still wait before its next try counts; 0: not at all. */
  waitMs(address: string): number;
  /** Called before a try is looked at, so that many at once do not slip through. */
  failed(address: string): void;
  /** It was right after all. */
  passed(address: string): void;
}

export function createThrottle(clock: Pick<Clock, 'monotonicMs'>): Throttle {
  const guessers = new Map<string, Guesser>();
  /** Whoever logged in once is not held up by the guesses of others. */
  const welcome = new Set<string>();
  const overall: Guesser = { failures: 0, lastMs: Number.NEGATIVE_INFINITY };

  function left(guesser: Guesser, free: number, baseMs: number, capMs: number): number {
    const sinceMs = clock.monotonicMs() - guesser.lastMs;
    if (sinceMs >= forgetMs) guesser.failures = 0;
    if (guesser.failures < free) return 0;
    const wait = Math.min(capMs, baseMs * 2 ** Math.min(30, guesser.failures - free));
    return Math.max(0, Math.ceil(wait - sinceMs));
  }

  return {
    waitMs(address) {
      const group = groupOf(address);
      const known = guessers.get(group);
      return Math.max(
        known ? left(known, freeTries, addressBaseMs, addressCapMs) : 0,
        welcome.has(group) ? 0 : left(overall, freeTriesOverall, overallBaseMs, overallCapMs),
      );
    },
    failed(address) {
      const group = groupOf(address);
      const guesser = guessers.get(group) ?? { failures: 0, lastMs: 0 };
      for (const one of [guesser, overall]) {
        one.failures++;
        one.lastMs = clock.monotonicMs();
      }
      // Set anew: the map's order is the order of last failures.
      guessers.delete(group);
      guessers.set(group, guesser);
      if (guessers.size > addressesMax) guessers.delete(guessers.keys().next().value!);
    },
    passed(address) {
      const group = groupOf(address);
      guessers.delete(group);
      overall.failures = Math.max(0, overall.failures - 1);
      welcome.delete(group);
      welcome.add(group);
      if (welcome.size > addressesMax) welcome.delete(welcome.values().next().value!);
    },
  };
}

/** A device on IPv6 owns 2^64 addresses: they count as one. */
function groupOf(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}
