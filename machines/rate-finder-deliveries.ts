// What was confirmed of late: how fast, how often news come, how long a round trip takes at least, how much is on its way, and
// whether news are overdue. Used by rate-finder.ts.
import type { Flight } from './rate-finder-flight.ts';
import { LeastDelays } from './rate-finder-least.ts';

/** Confirmations remembered: 25 s of them. */
const deliveriesMax = 256;
/** The rate of delivery is that of so long, or of this much more than a round trip. */
const windowMinMs = 600;
const windowRoundTrips = 1.3;
/** It says nothing over less than this, or of fewer. */
const spanMinMs = 300;
const newsMin = 5;
/** Counted anew, it says something after so long, and is counted so until then. */
const anewMinMs = 40;
const anewMostMs = 600;
/** Before the first round trip is known. */
const roundTripGuessMs = 1_000;
/** A gap longer than this is no rhythm. */
const rhythmMaxMs = 5_000;

export class Deliveries {
  /** Handed to lanes and not confirmed. */
  unconfirmedBytes = 0;
  /** How often news come, smoothed. */
  everyMs = 100;
  lastNewsMs = 0;
  readonly #flight: Flight;
  readonly #roundTrips = new LeastDelays(10_000, 3);
  #newestEntry = -1;
  #arrivalMs = Number.NEGATIVE_INFINITY;
  #formerArrivalMs = Number.NEGATIVE_INFINITY;
  #lastBytes = 0;
  #anew: { readonly fromMs: number; bytes: number } | undefined;
  #news: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(flight: Flight) {
    this.#flight = flight;
  }

  /** The least of late. */
  get roundTripMs(): number {
    return this.#roundTrips.ms ?? roundTripGuessMs;
  }

  get isRoundTripKnown(): boolean {
    return this.#roundTrips.ms !== undefined;
  }

  roundTrip(ms: number, atMs: number): void {
    this.#roundTrips.saw(ms, atMs);
  }

  sent(bytes: number): void {
    this.unconfirmedBytes += bytes;
  }

  forget(bytes: number): void {
    this.unconfirmedBytes = Math.max(0, this.unconfirmedBytes - bytes);
  }

  /** A frame came back confirmed. */
  confirmed(entry: number, atMs: number): void {
    this.#newestEntry = Math.max(this.#newestEntry, entry);
    this.#roundTrips.saw(atMs - this.#flight.atMs(entry), atMs);
  }

  /** `arrivalMs`: of the newest, by the cloud's clock. */
  add(bytes: number, atMs: number, arrivalMs: number): void {
    this.forget(bytes);
    this.#formerArrivalMs = this.#arrivalMs;
    this.#arrivalMs = Math.max(this.#arrivalMs, arrivalMs);
    this.#lastBytes = bytes;
    if (this.#anew) this.#anew.bytes += bytes;
    const gapMs = atMs - this.lastNewsMs;
    if (gapMs > 0 && gapMs < rhythmMaxMs) this.everyMs += 0.1 * (gapMs - this.everyMs);
    this.lastNewsMs = Math.max(this.lastNewsMs, atMs);
    this.#news.push({ atMs, bytes });
    const from = atMs - Math.max(windowMinMs, windowRoundTrips * this.roundTripMs);
    let old = 0;
    while (old < this.#news.length && this.#news[old]!.atMs < from) old++;
    this.#news.splice(0, Math.max(old, this.#news.length - deliveriesMax));
  }

  /** Bytes per second; undefined: too little is known. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#news;
    const anewMs = this.#anew ? this.#arrivalMs - this.#anew.fromMs : 0;
    if (this.#anew && anewMs < anewMostMs)
      return anewMs > anewMinMs ? (this.#anew.bytes * 1_000) / anewMs : undefined;
    if (!first || this.#news.length < newsMin) return undefined;
    const ms = this.#news.at(-1)!.atMs - first.atMs;
    if (ms < spanMinMs) return undefined;
    return (this.#news.reduce((sum, one) => sum + one.bytes, -first.bytes) * 1_000) / ms;
  }

  /** How long ago news of the oldest frame on its way, or of any, should have come; negative: not yet. */
  overdueMs(nowMs: number): number {
    const flight = this.#flight;
    const next = Math.max(flight.first, this.#newestEntry + 1);
    if (next >= flight.end || !this.isRoundTripKnown) return Number.NEGATIVE_INFINITY;
    return nowMs - Math.max(this.lastNewsMs, flight.atMs(next) + this.roundTripMs + flight.aimedMs(next));
  }

  /** Nothing was to be sent for a while: news of what left before are awaited no more. */
  idled(): void {
    this.#news = [];
    this.#anew = undefined;
    this.#newestEntry = this.#flight.end - 1;
  }

  /** The rate seems to have fallen: it is counted anew, with the newest confirmation, by the cloud's clock. */
  recount(): void {
    this.#news = [];
    this.#anew = { fromMs: this.#formerArrivalMs, bytes: this.#lastBytes };
  }

  /** After an outage: nothing is on its way. */
  restart(nowMs: number): void {
    this.#news = [];
    this.#anew = undefined;
    this.unconfirmedBytes = 0;
    this.#newestEntry = this.#flight.end - 1;
    this.lastNewsMs = nowMs;
  }
}
