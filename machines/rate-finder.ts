// Finds the rate of the bottleneck and keeps a short queue in front of it, from bytes sent and the stamps of their arrival alone.
// What is foreseen: the queue that the sends so far have made (an observer, rate-finder-queue.ts), so that nothing has to be waited
// for a round trip to be known. A send may leave when the foreseen queue is at its target; measurements correct the foresight.
// Loss is no sign of anything. Pure: monotonic ms are passed in. Held by agent/line/pace.ts; one per line, over all its lanes.
//
//   train ─ first arrivals ─> search ─ rate sure ─> follow <─> drain      hold: nothing confirmed, or the link lost
import { BaseDelay } from './rate-finder-base.ts';
import { Flight } from './rate-finder-flight.ts';
import { LaneAllowances } from './rate-finder-lanes.ts';
import { QueueFilter } from './rate-finder-queue.ts';

export type RateState = 'train' | 'search' | 'follow' | 'drain' | 'hold';

/** A frame that was confirmed, the newest of its lane in this ACK. */
export interface Arrival {
  readonly lane: number;
  /** What `sent` answered for the frame. */
  readonly mark: number;
  /** Bytes newly confirmed on the lane. */
  readonly bytes: number;
  /** The cloud's monotonic clock when it arrived. */
  readonly arrivalMs: number;
}

export interface RateEvent {
  readonly atMs: number;
  readonly from: RateState;
  readonly to: RateState;
  readonly why: string;
  readonly bytesPerSecond: number | null;
}

export interface RateDescription {
  readonly state: RateState;
  /** The bottleneck as far as known, in bytes as given to `sent`; null before the first estimate. */
  readonly capacityBytesPerSecond: number | null;
  /** How sure that is: standard deviation, percent. */
  readonly capacityDoubtPercent: number | null;
  /** The queue foreseen now, and the one aimed at. */
  readonly queueMs: number;
  readonly targetMs: number;
  /** How far delays stray from what was foreseen. */
  readonly noiseMs: number;
  readonly roundTripMs: number | null;
  readonly deliveredBytesPerSecond: number | null;
  readonly events: readonly RateEvent[];
}

/** One segment of payload: what frames are cut to fit. TLS and WebSocket take their bytes of an MSS of 1,448. */
const segmentBytes = 1_448;
const frameOverheadBytes = 40;
/** The first flight: enough arrivals to see their spacing, no more than a small buffer holds. */
const trainSegments = 5;
const grainMs = 12;
const grainMaxBytes = 64 * 1024;
/** Bursts of a search: the delay at their end tells the rate, whether a queue stands or not; the gap lets it drain. */
const burstMs = 30;
const gapShare = 0.12;
const targetMinMs = 10;
const targetMaxMs = 45;
const noiseMinMs = 1.5;
const eventsMax = 32;
const pendingMax = 64;
/** Nothing is sent further ahead of the newest confirmation than the round trip and this. */
const silenceMs = 250;
const windowSlackMs = 350;
const windowMaxBytes = 8 * 1024 * 1024;
const deliveriesMax = 256;

interface Seen {
  readonly entry: number;
  readonly arrivalMs: number;
}

export class RateFinder {
  readonly #flight = new Flight();
  readonly #lanes = new LaneAllowances();
  #base = new BaseDelay();
  #state: RateState = 'train';
  #before: RateState = 'train';
  #queue: QueueFilter | undefined;
  /** The filter as of the last entry that was measured, and that entry. */
  #anchor: { filter: QueueFilter; entry: number } | undefined;
  #pending: Seen[] = [];
  #noiseMs = 3;
  #nowMs = 0;
  #seenMs = 0;
  #roundTripMs: number | undefined;
  #trainBytes = 0;
  #bursting = false;
  #drySinceMs = 0;
  #searchFromEntry = 0;
  #searchSamples = 0;
  #missing = 0;
  #confirmedMark = 0;
  #confirmedAtMs = 0;
  #ackEveryMs = 100;
  #deliveries: { atMs: number; bytes: number }[] = [];
  #events: RateEvent[] = [];

  get state(): RateState {
    return this.#state;
  }

  /** Bytes per second; undefined before the first estimate. */
  get capacity(): number | undefined {
    return this.#queue && 1_000 / this.#queue.msPerByte;
  }

  /** So many bytes were handed to a lane. Answers the mark to give back with its confirmation. */
  sent(wireBytes: number, atMs: number): number {
    this.#pass(atMs);
    if (this.#flight.sentBytes === this.#confirmedMark) this.#confirmedAtMs = atMs + (this.#roundTripMs ?? 0);
    if (this.#state === 'train') this.#trainBytes += wireBytes;
    this.#queue?.send(wireBytes);
    return this.#flight.add(wireBytes, atMs, this.#queue?.queueMs ?? 0);
  }

  /** An exchange of known length that waited for nothing, such as a lane's upgrade. */
  roundTrip(ms: number, atMs: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs ?? ms, ms);
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  laneOpened(lane: number, atMs: number): void {
    this.#lanes.opened(lane, atMs);
  }

  laneLost(lane: number): void {
    this.#lanes.lost(lane);
  }

  linkLost(atMs: number): void {
    this.#pass(atMs);
    this.#enter('hold', 'the link is lost');
  }

  /** The link answers again; the former rate is tried at once and looked at closely. */
  linkBack(atMs: number): void {
    this.#pass(atMs);
    this.#pending = [];
    this.#confirmedMark = this.#flight.sentBytes;
    this.#confirmedAtMs = atMs;
    if (!this.#queue) {
      this.#trainBytes = 0;
      this.#enter('train', 'the link is back');
      return;
    }
    this.#base.clear();
    this.#queue.queueMs = 0;
    this.#search(0.3, 'the link is back');
  }

  /** An ACK. */
  confirmed(ack: { readonly samples: readonly Arrival[]; readonly atMs: number }): void {
    this.#pass(ack.atMs);
    let news = 0;
    for (const { lane, mark, bytes, arrivalMs } of ack.samples) {
      this.#lanes.confirmed(lane, bytes, ack.atMs);
      news += bytes;
      const entry = this.#flight.find(mark);
      if (entry === undefined) continue;
      this.#pending.push({ entry, arrivalMs });
      if (mark > this.#confirmedMark) this.#confirmedMark = mark;
      const roundTripMs = ack.atMs - this.#flight.atMs(entry);
      this.#roundTripMs = Math.min(this.#roundTripMs ?? roundTripMs, roundTripMs);
    }
    if (news === 0) return;
    this.#deliver(news, ack.atMs);
    const clean = this.#clean();
    if (!this.#queue) this.#start(clean);
    else this.#measure(clean);
  }

  /** How long nothing may leave; 0: one grain now. */
  waitMs(nowMs: number): number {
    this.#pass(nowMs);
    const queue = this.#queue;
    if (this.#state === 'hold') return this.#ackEveryMs;
    if (!queue) return this.#trainBytes < trainSegments * segmentBytes ? 0 : 20;
    const ahead = (this.#flight.sentBytes - this.#confirmedMark) * queue.msPerByte;
    if (ahead > (this.#roundTripMs ?? 1_000) + Math.max(silenceMs, 2.5 * this.#ackEveryMs)) return 10;
    if (this.#state !== 'search') return Math.max(0, queue.queueMs - this.#targetMs);
    if (this.#bursting && queue.queueMs < burstMs * 0.8) return 0;
    this.#bursting = false;
    if (queue.queueMs > 0) return queue.queueMs + gapShare * burstMs;
    const gapLeft = gapShare * burstMs - (nowMs - this.#drySinceMs);
    if (gapLeft > 0) return gapLeft;
    this.#bursting = true;
    return 0;
  }

  /** Unconfirmed bytes of all lanes together, at most. */
  windowBytes(): number {
    if (!this.#queue) return trainSegments * segmentBytes * 2;
    const fair = ((this.#roundTripMs ?? 1_000) * 1.4 + windowSlackMs) / this.#queue.msPerByte;
    return Math.max(4 * segmentBytes, Math.min(windowMaxBytes, fair));
  }

  laneWindowBytes(lane: number): number {
    return this.#lanes.allowedBytes(lane);
  }

  /** How long a frame should be: whole segments, of a few ms at the rate. */
  grainBytes(): number {
    const { capacity } = this;
    if (capacity === undefined) return segmentBytes - frameOverheadBytes;
    const ms = this.#state === 'search' ? burstMs / 4 : grainMs;
    const fair = Math.min(grainMaxBytes, (capacity * ms) / 1_000);
    return Math.max(1, Math.round(fair / segmentBytes)) * segmentBytes - frameOverheadBytes;
  }

  describe(): RateDescription {
    const queue = this.#queue;
    return {
      state: this.#state,
      capacityBytesPerSecond: queue ? 1_000 / queue.msPerByte : null,
      capacityDoubtPercent: queue ? queue.rateDoubt * 100 : null,
      queueMs: queue?.queueMs ?? 0,
      targetMs: this.#targetMs,
      noiseMs: this.#noiseMs,
      roundTripMs: this.#roundTripMs ?? null,
      deliveredBytesPerSecond: this.#delivered() ?? null,
      events: this.#events,
    };
  }

  get #targetMs(): number {
    return Math.min(targetMaxMs, targetMinMs + 1.5 * Math.max(0, this.#noiseMs - noiseMinMs));
  }

  #pass(nowMs: number): void {
    const queue = this.#queue;
    const ms = nowMs - this.#nowMs;
    if (ms <= 0) return;
    if (queue) {
      if (queue.queueMs > 0 && queue.queueMs <= ms) this.#drySinceMs = this.#nowMs + queue.queueMs;
      queue.pass(ms);
    }
    this.#nowMs = nowMs;
  }

  /** Frames sent later that arrived earlier prove that a lane held one back: those say nothing of the queue. */
  #clean(): Seen[] {
    const all = this.#pending.slice(-pendingMax).sort((a, b) => a.entry - b.entry);
    const kept: Seen[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    const from = this.#anchor?.entry ?? -1;
    for (let i = all.length - 1; i >= 0; i--) {
      const one = all[i]!;
      if (one.entry <= from) break;
      if (one.arrivalMs > earliest + 1) continue;
      earliest = Math.min(earliest, one.arrivalMs);
      kept.push(one);
    }
    this.#pending = [];
    return kept.reverse();
  }

  #start(clean: readonly Seen[]): void {
    const flight = this.#flight;
    const first = clean[0];
    const last = clean.at(-1);
    if (!first || !last) return;
    const spanMs = last.arrivalMs - first.arrivalMs;
    const bytes = flight.mark(last.entry) - flight.mark(first.entry);
    if (clean.length < 3 || bytes < segmentBytes * 2) {
      if (this.#trainBytes < 4 * trainSegments * segmentBytes && clean.length < 3) this.#pending = [...clean];
      else return;
      return;
    }
    const msPerByte = Math.max(0.5, spanMs) / bytes;
    const filter = new QueueFilter(msPerByte * 1.05, 0.15 + 1 / Math.max(1, spanMs));
    this.#base.saw(
      first.arrivalMs - flight.atMs(first.entry),
      flight.bytes(first.entry),
      msPerByte,
      this.#nowMs,
    );
    filter.queueMs = Math.max(0, bytes * msPerByte - (flight.atMs(last.entry) - flight.atMs(first.entry)));
    this.#queue = filter;
    this.#anchor = { filter: filter.copy(), entry: last.entry };
    this.#replay();
    this.#search(0.2, 'the first frames arrived');
  }

  #search(doubt: number, why: string): void {
    this.#queue?.doubt(doubt);
    this.#anchor?.filter.doubt(doubt);
    this.#searchFromEntry = this.#flight.end;
    this.#searchSamples = 0;
    this.#missing = 0;
    this.#enter('search', why);
  }

  #measure(clean: readonly Seen[]): void {
    const flight = this.#flight;
    const anchor = this.#anchor!;
    for (const { entry, arrivalMs } of clean) {
      const filter = anchor.filter;
      const held = filter.copy();
      const from = Math.max(anchor.entry, flight.first);
      let at = flight.atMs(from);
      for (let i = from + 1; i <= entry; i++) {
        filter.pass(flight.atMs(i) - at);
        at = flight.atMs(i);
        filter.send(flight.bytes(i));
      }
      const delayMs = arrivalMs - flight.atMs(entry);
      this.#base.saw(delayMs, flight.bytes(entry), filter.msPerByte, this.#nowMs);
      const queueMs = delayMs - this.#base.at(filter.msPerByte);
      const error = queueMs - filter.queueMs;
      const spread = Math.sqrt(filter.queueDoubtMs ** 2 + this.#noiseMs ** 2);
      if (error > 4 * spread + 5) {
        // Late: a lane that held it back, or a real queue. The next that arrives decides.
        if (this.#seenMs === 0) {
          this.#seenMs = this.#nowMs;
          anchor.filter = held;
          this.#pending.push({ entry, arrivalMs });
          continue;
        }
        filter.doubt(0.4);
      }
      this.#seenMs = 0;
      const own = flight.bytes(entry) * filter.msPerByte;
      const foreseen = filter.queueMs;
      const small = Math.min(30, Math.abs(error));
      if (foreseen - own > 0.5 * this.#targetMs && queueMs - own < 0.25 * this.#targetMs) this.#missing++;
      else this.#missing = 0;
      filter.correct(error, Math.max(noiseMinMs, this.#noiseMs));
      this.#noiseMs += 0.03 * (small - this.#noiseMs);
      anchor.entry = entry;
      if (entry >= this.#searchFromEntry) this.#searchSamples++;
    }
    this.#floor();
    this.#replay();
    this.#judge();
  }

  /** What is delivered can be delivered. */
  #floor(): void {
    const delivered = this.#delivered();
    const filter = this.#anchor!.filter;
    if (delivered !== undefined && filter.msPerByte > 1_000 / (delivered * 0.8))
      filter.set(1_000 / (delivered * 0.8));
  }

  /** From the last measured frame on, everything foreseen is foreseen anew. */
  #replay(): void {
    const flight = this.#flight;
    const anchor = this.#anchor!;
    const filter = anchor.filter.copy();
    let entry = Math.max(anchor.entry, flight.first);
    let at = flight.atMs(entry);
    for (entry++; entry < flight.end; entry++) {
      filter.pass(flight.atMs(entry) - at);
      at = flight.atMs(entry);
      filter.send(flight.bytes(entry));
      flight.foresee(entry, filter.queueMs);
    }
    const rest = this.#nowMs - at;
    if (filter.queueMs <= rest) this.#drySinceMs = at + filter.queueMs;
    filter.pass(rest);
    this.#queue = filter;
  }

  #judge(): void {
    if (this.#state === 'search') {
      if (this.#searchSamples >= 4 && this.#anchor!.filter.rateDoubt < 0.06)
        this.#enter('follow', 'the rate is known');
      return;
    }
    if (this.#missing >= 3) this.#search(0.5, 'the queue foreseen is not there');
  }

  #deliver(bytes: number, atMs: number): void {
    const gap = atMs - this.#confirmedAtMs;
    if (gap > 0 && gap < 5_000) this.#ackEveryMs += 0.1 * (gap - this.#ackEveryMs);
    this.#confirmedAtMs = Math.max(this.#confirmedAtMs, atMs);
    this.#deliveries.push({ atMs, bytes });
    const from = atMs - Math.max(600, 1.3 * (this.#roundTripMs ?? 600));
    let old = 0;
    while (old < this.#deliveries.length && this.#deliveries[old]!.atMs < from) old++;
    this.#deliveries.splice(0, Math.max(old, this.#deliveries.length - deliveriesMax));
  }

  #delivered(): number | undefined {
    const [first] = this.#deliveries;
    if (!first || this.#deliveries.length < 5) return undefined;
    const bytes = this.#deliveries.reduce((sum, one) => sum + one.bytes, -first.bytes);
    const ms = this.#deliveries.at(-1)!.atMs - first.atMs;
    return ms < 300 ? undefined : (bytes * 1_000) / ms;
  }

  #enter(to: RateState, why: string): void {
    const { capacity } = this;
    this.#before = this.#state;
    this.#events.push({
      atMs: this.#nowMs,
      from: this.#before,
      to,
      why,
      bytesPerSecond: capacity === undefined ? null : Math.round(capacity),
    });
    if (this.#events.length > eventsMax) this.#events.shift();
    this.#state = to;
    this.#bursting = false;
  }
}
