// How bad things are, in one word of five, and why: what page, CLI and API show first. Derived from the connection, the
// breakers and the queue; holds nothing itself.
import type { BreakerState } from './breaker.ts';
import type { ConnectionState } from './connection.ts';

/** From "all is well" to "a person must act now". */
export const degradationLevels = ['none', 'minor', 'moderate', 'severe', 'critical'] as const;
export type DegradationLevel = (typeof degradationLevels)[number];

export interface Condition {
  readonly connection: ConnectionState;
  /** How long the connection has been in that state, ms. */
  readonly connectionForMs: number;
  readonly breakers: Readonly<Record<string, BreakerState>>;
  /** Uploads that a person must decide about. */
  readonly parked: number;
  /** Free space on the agent's disk, bytes; below the reserve it accepts nothing new. */
  readonly freeBytes: number;
  readonly reserveBytes: number;
  /** The log refuses writes. */
  readonly logStopped: boolean;
}

/** Offline for longer than this is no longer a rain fade. */
export const longOfflineMs = 3_600_000;

/** The worst that holds, with every reason found, worst first. */
export function degradation(now: Condition): {
  readonly level: DegradationLevel;
  readonly reasons: readonly { readonly level: DegradationLevel; readonly reason: string }[];
} {
  const reasons: { level: DegradationLevel; reason: string }[] = [];
  const say = (level: DegradationLevel, reason: string) => reasons.push({ level, reason });

  if (now.logStopped) say('critical', 'The log cannot be written: nothing new is promised.');
  if (now.freeBytes < now.reserveBytes) say('critical', 'The disk is full: nothing new is accepted.');
  if (now.connection === 'refused')
    say('severe', 'This device is not enrolled, or the cloud does not accept it any more.');
  if (now.connection === 'intercepted') say('severe', 'Somebody intercepts the connection.');
  if (now.connection === 'captive') say('moderate', 'A portal asks for a login.');
  if (now.connection === 'stopped') say('moderate', 'The connection was stopped.');
  if (now.connection === 'offline')
    say(now.connectionForMs >= longOfflineMs ? 'moderate' : 'minor', 'There is no connection.');
  if (now.connection === 'degraded') say('minor', 'The link is poor.');
  for (const [name, state] of Object.entries(now.breakers)) {
    if (state === 'open') say('moderate', `The destination "${name}" fails and is left alone for a while.`);
    if (state === 'half-open') say('minor', `The destination "${name}" is being tried again.`);
  }
  if (now.parked > 0)
    say('minor', `${now.parked} ${now.parked === 1 ? 'upload waits' : 'uploads wait'} for a decision.`);

  reasons.sort((a, b) => degradationLevels.indexOf(b.level) - degradationLevels.indexOf(a.level));
  return { level: reasons[0]?.level ?? 'none', reasons };
}
