// Which upload next, and why not the others. Order: priority 1 to 10, then age; versions of one name in their order.
// The host feeds it rows of its queue; nothing here holds state, so the page can ask the same question.
import type { BreakerState } from './breaker.ts';
import { type ConnectionState, openStates } from './connection.ts';

/** An open effect that wants a permit for the line. */
export interface Candidate {
  readonly actor: string;
  /** 1 critical … 10 low. */
  readonly priority: number;
  /** Wall clock, ms, when the upload was accepted. */
  readonly addedMs: number;
  /** What identifies the document; two versions of one document have the same. */
  readonly name: string;
  readonly version: number;
  /** As last seen. Unknown: taken for a large one. */
  readonly sizeBytes?: number;
}

/** Places for small documents, beside those of the large ones. */
export interface SmallPlaces {
  readonly maxCount: number;
  /** Of all small documents running, together. */
  readonly maxBytes: number;
}

/** What decides besides the candidate itself. */
export interface Conditions {
  readonly connection: ConnectionState;
  /** The breakers on the way, by name: `line`. */
  readonly breakers: Readonly<Record<string, BreakerState>>;
  readonly running: readonly Pick<Candidate, 'actor' | 'priority' | 'name' | 'sizeBytes'>[];
  /** Uploads running side by side, and how many more a critical one may go beyond it. */
  readonly runningMax: number;
  /** Small ones beyond that; none: they queue like the others. */
  readonly small?: SmallPlaces;
  readonly urgentExtraMax: number;
  /** The lowest version of that name which is neither stored, cancelled nor parked: a parked one waits for a person. */
  readonly earliestOpen: (name: string) => number | undefined;
  /** When the connection tries again by itself, and a breaker lets one try, log time, where known. */
  readonly connectionUntilMs?: number | null;
  readonly breakersUntilMs?: Readonly<Record<string, number | null>>;
}

/** Four uploads share the line well: more only makes each slower. */
export const runningMaxDefault = 4;
/** Up to this size a document is small: 8 s of 1 Mbit/s. It goes beside the large ones, not behind them. */
export const smallMaxBytes = 1024 * 1024;
/** So many that a far, fast line never waits for the log between two of them; bytes bound what they hold in memory. */
export const smallPlacesDefault: SmallPlaces = { maxCount: 192, maxBytes: 6 * 1024 * 1024 };
/** A critical upload does not wait for a place: this many may have one beyond the limit. */
export const urgentExtraMaxDefault = 4;
/** Priorities up to this one are critical. */
export const urgentPriority = 1;

/** What holds a candidate back. Each has a sentence in why.ts. */
export type Hold =
  | { readonly why: 'connection'; readonly state: ConnectionState; readonly untilMs?: number }
  | { readonly why: 'breaker'; readonly breaker: string; readonly untilMs?: number }
  | { readonly why: 'probing'; readonly breaker: string }
  | { readonly why: 'earlierVersion'; readonly version: number }
  | { readonly why: 'turn'; readonly ahead: number };

/** Those ahead are counted up to here: as many or more means "at least". */
export const aheadCountedMax = 1_000;

export const holds = [
  'connection',
  'breaker',
  'probing',
  'earlierVersion',
  'turn',
] as const satisfies readonly Hold['why'][];

/**
 * Negative: `a` goes first. Versions of one name are kept in order by `earlierVersion`, not here: mixing the two would make
 * the order depend on which pairs are compared.
 */
export function compare(a: Candidate, b: Candidate): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.addedMs !== b.addedMs) return a.addedMs - b.addedMs;
  if (a.version !== b.version) return a.version - b.version;
  return a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : 0;
}

/** Why this one may not start now, with `ahead` better ones before it; null: it may. */
export function holdOf(candidate: Candidate, now: Conditions, ahead = 0): Hold | null {
  if (!openStates.includes(now.connection))
    return { why: 'connection', state: now.connection, ...until(now.connectionUntilMs) };
  let places = now.runningMax;
  for (const [breaker, state] of Object.entries(now.breakers)) {
    if (state === 'open') return { why: 'breaker', breaker, ...until(now.breakersUntilMs?.[breaker]) };
    // Half-open: one document at a time finds out whether the destination is back.
    if (state === 'half-open' && now.running.length + ahead >= 1) return { why: 'probing', breaker };
    if (state === 'half-open') places = Math.min(places, 1);
  }
  const earliest = now.earliestOpen(candidate.name);
  if (earliest !== undefined && earliest < candidate.version)
    return { why: 'earlierVersion', version: earliest };
  const extra = candidate.priority <= urgentPriority ? now.urgentExtraMax : 0;
  if (hasPlace(candidate, now, places, extra, ahead)) return null;
  return { why: 'turn', ahead: now.running.length + ahead };
}

/** Large ones have a few places; small ones have many of their own, as long as they are few bytes together. */
function hasPlace(
  candidate: Candidate,
  now: Conditions,
  places: number,
  extra: number,
  ahead: number,
): boolean {
  const small = places > 0 && places === now.runningMax ? now.small : undefined;
  if (!small) return now.running.length + ahead < places + extra;
  if (now.running.length + ahead >= Math.max(places, small.maxCount) + extra) return false;
  if (!isSmall(candidate)) return now.running.filter((one) => !isSmall(one)).length + ahead < places + extra;
  const bytes = now.running.reduce((sum, one) => sum + (isSmall(one) ? one.sizeBytes : 0), 0);
  return extra > 0 || bytes + candidate.sizeBytes <= small.maxBytes;
}

/** A document that may go beside larger ones of its priority. */
export function isSmall<T extends Pick<Candidate, 'sizeBytes'>>(
  one: T,
): one is T & { readonly sizeBytes: number } {
  return one.sizeBytes !== undefined && one.sizeBytes <= smallMaxBytes;
}

function until(untilMs: number | null | undefined): { readonly untilMs?: number } {
  return typeof untilMs === 'number' ? { untilMs } : {};
}

export interface Choice {
  readonly start: readonly Candidate[];
  readonly held: readonly { readonly candidate: Candidate; readonly hold: Hold }[];
}

/** Looks at the candidates in order and starts those that may; the others come back with their reason. */
export function choose(candidates: readonly Candidate[], now: Conditions): Choice {
  const start: Candidate[] = [];
  const held: { candidate: Candidate; hold: Hold }[] = [];
  for (const candidate of [...candidates].sort(compare)) {
    const hold = holdOf(candidate, { ...now, running: [...now.running, ...start] });
    if (hold) held.push({ candidate, hold });
    else start.push(candidate);
  }
  return { start, held };
}
