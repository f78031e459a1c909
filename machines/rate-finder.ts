// Finds the rate of the bottleneck and keeps a short queue in front of it, from bytes sent and the stamps of their arrival alone.
// What is foreseen: the queue that the sends so far have made (an observer, rate-finder-queue.ts), so that nothing has to be waited
// for a round trip to be known. A send may leave when the foreseen queue is at its target; measurements correct the foresight.
// Loss is no sign of anything. Pure: monotonic ms are passed in. Held by agent/line/pace.ts; one per line, over all its lanes.
//
//   train ─ first arrivals ─> search ─ rate sure ─> follow <─> drain      hold: nothing confirmed, or the link lost
import { Flight } from './rate-finder-flight.ts';
import { LaneAllowances } from './rate-finder-lanes.ts';
import { LeastDelays } from './rate-finder-least.ts';
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
/** While its arrivals are awaited: smaller ones, so many to a round trip. */
const moreTrainSegments = 3;
const trainsPerRoundTrip = 3;
/** Arrivals are bunched by schedulers and radio frames: a span is this much surer if it is longer. */
const bunchMs = 3;
const trainEveryMinMs = 40;
const trainCheckMs = 20;
const grainMs = 18;
const grainMaxBytes = 64 * 1024;
/** Bursts of a search: the delay at their end tells the rate, whether a queue stands or not; the gap lets it drain. */
const burstMs = 30;
const gapShare = 0.08;
const targetMinMs = 10;
const targetMaxMs = 45;
/** The rate is leant upon: believed higher by so much per second until delays object. */
const leanPerSecond = 0.01;
/** Every so often the queue is let run empty, and a little longer: what of the delay stays is the path's. */
const drainEveryMs = 6_000;
const drainExtraMs = 15;
const drainSoonestMs = 1_000;
const drainMostMs = 250;
/** The base keeps near the least delay of late, but for the noise: a path that got longer shows when the queue is drained. */
const baseSlackMs = 2;
const searchMostMs = 800;
const noiseMinMs = 1.5;
const eventsMax = 32;
const pendingMax = 64;
/** Nothing is sent further ahead of the newest confirmation than the round trip and this. */
const silenceMs = 250;
const windowSlackMs = 350;
const windowMaxBytes = 8 * 1024 * 1024;
const deliveriesMax = 256;
/** A delay that strays further from the foreseen than so many deviations and this is no noise. */
const strayDeviations = 4;
const strayMs0 = 5;
/** Late arrivals are believed when they have lasted so long, and were so many, on two lanes. */
const lateMinMs = 120;
const lateLeast = 3;
const lateMax = 16;
/** While nothing is confirmed, a frame now and then asks whether the link is back. */
const holdProbeMs = 300;
/** Unconfirmed bytes, as time on the bottleneck: more than so many round trips and this, and they were lost. */
const overrunShare = 1.4;
const overrunMs = 400;
const backlogSureMs = 500;
/** Lanes that mend are silent for long. */
const mendingMs = 500;
/** The longest wait told: by then there may be news. */
const waitMostMs = 1_000;
const hiccupMs = 250;

interface Seen {
  readonly entry: number;
  readonly lane: number;
  readonly arrivalMs: number;
}

interface Backlog {
  readonly sinceMs: number;
  confirmedBytes: number;
}

interface Anchor {
  filter: QueueFilter;
  entry: number;
}

export class RateFinder {
  readonly #flight = new Flight();
  readonly #lanes = new LaneAllowances();
  #state: RateState = 'train';
  #before: RateState = 'train';
  #queue: QueueFilter | undefined;
  /** The filter as of the last entry that was measured, and that entry. */
  #anchor: Anchor | undefined;
  /** As it was before late arrivals were believed. */
  #doubted: (Anchor & { atMs: number }) | undefined;
  #late: { seen: Seen; atMs: number }[] = [];
  #least = new LeastDelays(3_000, 8);
  #low = new LeastDelays(400, 2);
  #pending: Seen[] = [];
  #noiseMs = 1.5;
  #nowMs = 0;
  #roundTripMs: number | undefined;
  #trainBytes = 0;
  #trainSinceMs = 0;
  #trainEntry = 0;
  #trainConfirmedBytes = 0;
  #bursting = false;
  #drySinceMs = 0;
  #searchFromEntry = 0;
  #searchSamples = 0;
  #searchSinceMs = 0;
  #startedMs = 0;
  /** What was known when last looked at closely. */
  #known = { msPerByte: 0, baseMs: 0 };
  #missing = 0;
  #heldSinceMs = 0;
  #drainedMs = 0;
  #drainUntilMs = 0;
  /** The first frame after a drain, not yet measured: its delay is the path's. */
  #drained: { entry: number; doubtMs: number } | undefined;
  #unconfirmedBytes = 0;
  /** What retransmissions have to carry before anything new may leave. */
  #backlog: Backlog | undefined;
  #confirmedMark = 0;
  #confirmedEntry = -1;
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
    const { end } = this.#flight;
    if (end > 0) this.#lanes.idled(atMs - this.#flight.atMs(end - 1));
    if (this.#state === 'train') {
      if (this.#trainBytes === 0) {
        this.#trainSinceMs = atMs;
        this.#trainEntry = end;
      }
      this.#trainBytes += wireBytes;
    }
    this.#queue?.send(wireBytes);
    this.#unconfirmedBytes += wireBytes;
    return this.#flight.add(wireBytes, atMs, this.#queue?.queueMs ?? 0);
  }

  /** An exchange of known length that waited for nothing, such as a lane's upgrade. */
  roundTrip(ms: number, atMs: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs ?? ms, ms);
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  laneOpened(lane: number, atMs: number): void {
    this.#lanes.opened(lane);
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /** With the bytes on it that were never confirmed. */
  laneLost(lane: number, unconfirmedBytes: number): void {
    this.#lanes.lost(lane);
    this.#unconfirmedBytes = Math.max(0, this.#unconfirmedBytes - unconfirmedBytes);
  }

  linkLost(atMs: number): void {
    this.#pass(atMs);
    if (this.#state !== 'hold') this.#enter('hold', 'the link is lost');
  }

  /** The link answers again; the former rate is tried at once and looked at closely. */
  linkBack(atMs: number): void {
    this.#pass(atMs);
    if (this.#state !== 'hold') return;
    this.#pending = [];
    this.#late = [];
    this.#doubted = undefined;
    this.#deliveries = [];
    this.#confirmedMark = this.#flight.sentBytes;
    this.#confirmedEntry = this.#flight.end - 1;
    this.#confirmedAtMs = atMs;
    if (!this.#queue) {
      this.#trainBytes = 0;
      this.#enter('train', 'the link is back');
      return;
    }
    this.#unconfirmedBytes = 0;
    this.#anew(15);
    this.#search(0.2, 'the link is back');
  }

  /** An ACK. */
  confirmed(ack: { readonly samples: readonly Arrival[]; readonly atMs: number }): void {
    this.#pass(ack.atMs);
    let news = 0;
    for (const { lane, mark, bytes, arrivalMs } of ack.samples) {
      this.#lanes.confirmed(lane, bytes);
      news += bytes;
      const entry = this.#flight.find(mark);
      if (entry === undefined) continue;
      this.#pending.push({ entry, lane, arrivalMs });
      if (mark > this.#confirmedMark) {
        this.#confirmedMark = mark;
        this.#confirmedEntry = entry;
      }
      const roundTripMs = ack.atMs - this.#flight.atMs(entry);
      this.#roundTripMs = Math.min(this.#roundTripMs ?? roundTripMs, roundTripMs);
    }
    if (news === 0) return;
    this.#unconfirmedBytes = Math.max(0, this.#unconfirmedBytes - news);
    if (this.#state === 'hold') {
      if (ack.atMs - this.#heldSinceMs > hiccupMs) {
        this.linkBack(ack.atMs);
        return;
      }
      this.#enter(this.#before, 'it was a hiccup');
    }
    this.#deliver(news, ack.atMs);
    if (this.#backlog) {
      this.#clear(this.#backlog, news);
      return;
    }
    const clean = this.#clean();
    if (!this.#queue) this.#trainConfirmedBytes += news;
    if (!this.#queue) this.#start(clean);
    else this.#measure(clean);
  }

  /** How long nothing may leave; 0: one grain now. */
  waitMs(nowMs: number): number {
    this.#pass(nowMs);
    const queue = this.#queue;
    if (!queue) return this.#trainBytes < this.#trainMostBytes(nowMs) ? 0 : trainCheckMs;
    if (this.#state !== 'hold' && this.#silentMs(nowMs) > 0) this.#enter('hold', 'nothing was confirmed');
    if (this.#state === 'hold')
      return Math.max(0, this.#flight.atMs(this.#flight.end - 1) + holdProbeMs - nowMs);
    if (this.#state === 'drain' && nowMs >= this.#drainUntilMs) {
      if (this.#hasMoved) this.#search(0.15, 'rate or path have moved');
      else this.#enter('follow', 'the queue ran empty');
    }
    if (this.#state === 'drain') return Math.min(waitMostMs, this.#drainUntilMs - nowMs);
    if (this.#state === 'follow') {
      if (this.#isDrainDue(nowMs) && queue.queueMs > 2) {
        this.#drainedMs = nowMs;
        this.#drainUntilMs = nowMs + Math.min(drainMostMs, queue.queueMs + drainExtraMs);
        this.#drained = { entry: this.#flight.end, doubtMs: this.#drainUntilMs - nowMs };
        this.#enter('drain', 'the path is measured without a queue');
        return this.#drainUntilMs - nowMs;
      }
      return Math.max(0, queue.queueMs - this.#targetMs);
    }
    if (this.#bursting && queue.queueMs < this.#burstMs * 0.8) return 0;
    this.#bursting = false;
    if (queue.queueMs > 0) return queue.queueMs + gapShare * this.#burstMs;
    const gapLeft = gapShare * this.#burstMs - (nowMs - this.#drySinceMs);
    if (gapLeft > 0) return gapLeft;
    this.#bursting = true;
    return 0;
  }

  /** Unconfirmed bytes of all lanes together, at most. */
  windowBytes(): number {
    if (!this.#queue) return this.#trainMostBytes(this.#nowMs) * 2;
    const fair = ((this.#roundTripMs ?? 1_000) * 1.4 + windowSlackMs) / this.#queue.msPerByte;
    return Math.max(4 * segmentBytes, Math.min(windowMaxBytes, fair));
  }

  /** A train at once, some smaller ones while the first arrivals are awaited, more when these did not tell enough. */
  #trainMostBytes(nowMs: number): number {
    const everyMs = Math.max(trainEveryMinMs, (this.#roundTripMs ?? 600) / trainsPerRoundTrip);
    const sinceMs = this.#trainBytes === 0 ? 0 : nowMs - this.#trainSinceMs;
    const trains = Math.min(trainsPerRoundTrip - 1, Math.floor(sinceMs / everyMs));
    return (trainSegments + trains * moreTrainSegments - 0.5) * segmentBytes + 2 * this.#trainConfirmedBytes;
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

  get dbg() {
    return `b${this.#queue?.baseMs.toFixed(0)} miss ${this.#missing.toFixed(0)}`;
  }
  /** By how much a confirmation is overdue. */
  #silentMs(nowMs: number): number {
    const flight = this.#flight;
    if (flight.sentBytes <= this.#confirmedMark || this.#roundTripMs === undefined) return 0;
    const next = Math.max(flight.first, this.#confirmedEntry + 1);
    const due = Math.max(this.#confirmedAtMs, flight.atMs(next) + this.#roundTripMs + flight.aimedMs(next));
    const mending = this.#backlog ? 2 * this.#roundTripMs + mendingMs : 0;
    const patience = Math.max(silenceMs, 3 * this.#ackEveryMs, 3 * this.#grainMs, mending);
    return nowMs - due - patience - 2 * this.#noiseMs;
  }

  #know(): void {
    const { msPerByte, baseMs } = this.#anchor!.filter;
    this.#known = { msPerByte, baseMs };
  }

  /** A rate that falls and a path that grows look alike, until it is tried. */
  get #hasMoved(): boolean {
    const { msPerByte, baseMs } = this.#anchor!.filter;
    return (
      msPerByte > this.#known.msPerByte * 1.05 ||
      Math.abs(baseMs - this.#known.baseMs) > 5 + this.#noiseMs + 0.1 * this.#segmentMs
    );
  }

  /** Now and then; sooner when rate or path seem to have moved, or delays stood above the least for long. */
  #isDrainDue(nowMs: number): boolean {
    const ms = nowMs - this.#drainedMs;
    const roundTripMs = this.#roundTripMs ?? 0;
    if (ms > Math.max(drainEveryMs, 5 * roundTripMs)) return true;
    if (ms < Math.max(drainSoonestMs, 2 * roundTripMs)) return false;
    if (this.#hasMoved) return true;
    const least = this.#least.ms;
    const low = this.#low.ms;
    return (
      least !== undefined && low !== undefined && low - least > this.#targetMs + drainExtraMs + this.#noiseMs
    );
  }

  /** How long the shortest frame worth sending takes on the bottleneck. */
  get #segmentMs(): number {
    return segmentBytes * (this.#queue?.msPerByte ?? 0);
  }

  get #grainMs(): number {
    return Math.max(grainMs, this.#segmentMs);
  }

  get #burstMs(): number {
    return Math.max(burstMs, 4 * this.#noiseMs, 2.2 * this.#segmentMs);
  }

  get #targetMs(): number {
    return Math.min(
      targetMaxMs,
      Math.max(targetMinMs, 0.3 * this.#segmentMs) + 1.5 * Math.max(0, this.#noiseMs - noiseMinMs),
    );
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
      this.#pending = [...clean];
      return;
    }
    const msPerByte = (spanMs + bunchMs) / bytes;
    const empty = new QueueFilter(msPerByte, 0.15 + bunchMs / (spanMs + bunchMs), 0, bunchMs);
    let filter = empty;
    let baseMs = Number.POSITIVE_INFINITY;
    for (const { entry, arrivalMs } of clean) {
      filter = this.#at({ filter: empty, entry: this.#trainEntry - 1 }, entry);
      baseMs = Math.min(baseMs, arrivalMs - flight.atMs(entry) - filter.queueMs);
    }
    filter.baseMs = baseMs;
    this.#least.clear();
    this.#least.saw(baseMs, this.#nowMs);
    this.#queue = filter;
    this.#startedMs = this.#nowMs;
    this.#anchor = { filter: filter.copy(), entry: last.entry };
    this.#replay();
    this.#search(0.2, 'the first frames arrived');
  }

  #search(doubt: number, why: string): void {
    const baseDoubtMs = 3 + this.#noiseMs;
    this.#queue?.doubt(doubt, baseDoubtMs);
    this.#anchor?.filter.doubt(doubt, baseDoubtMs);
    this.#searchSinceMs = this.#nowMs;
    this.#searchFromEntry = this.#flight.end;
    this.#searchSamples = 0;
    this.#missing = 0;
    this.#enter('search', why);
  }

  #measure(clean: readonly Seen[]): void {
    for (const one of clean) {
      if (one.entry <= this.#anchor!.entry) continue;
      const filter = this.#at(this.#anchor!, one.entry);
      const isDrained = this.#drained !== undefined && one.entry >= this.#drained.entry;
      if (isDrained) filter.doubt(0, this.#drained!.doubtMs);
      const delayMs = one.arrivalMs - this.#flight.atMs(one.entry);
      const error = filter.error(delayMs);
      const strayMs = strayDeviations * Math.hypot(filter.delayDoubtMs, this.#noiseMs) + strayMs0;
      if (error > strayMs) {
        this.#suspect(one);
        continue;
      }
      if (isDrained) {
        this.#drained = undefined;
        if (error > -5) this.#least.clear();
      }
      this.#late = [];
      if (error < -strayMs) {
        const old = this.#doubted && this.#at(this.#doubted, one.entry);
        if (old && Math.abs(old.error(delayMs)) < strayMs) {
          // It was not a queue, lanes had held frames back: as it was before.
          this.#doubted = undefined;
          this.#take(one, old);
          continue;
        }
        filter.doubt(0.3, 15);
      }
      this.#take(one, filter);
    }
    this.#bound();
    this.#replay();
    this.#judge();
  }

  /** What left before says nothing of the link now; its queue is gone. */
  #anew(baseDoubtMs: number): void {
    this.#startedMs = this.#nowMs;
    const { filter } = this.#anchor!;
    filter.pass(this.#nowMs);
    filter.doubt(0, baseDoubtMs);
    this.#pending = [];
    this.#late = [];
    this.#doubted = undefined;
    this.#backlog = undefined;
    this.#anchor = { filter, entry: this.#flight.end - 1 };
    this.#replay();
  }

  /** Far more is on its way than the link holds: it was lost in a full buffer, and delays on lanes that mend say nothing. */
  #overrun(): boolean {
    const { msPerByte } = this.#anchor!.filter;
    const aheadMs = this.#unconfirmedBytes * msPerByte;
    if (aheadMs < overrunShare * this.#roundTripMs! + overrunMs + 2 * this.#segmentMs) return false;
    this.#backlog = { sinceMs: this.#nowMs, confirmedBytes: 0 };
    this.#drainUntilMs = Number.POSITIVE_INFINITY;
    this.#enter('drain', 'more is on its way than the link carries');
    return true;
  }

  #clear(backlog: Backlog, bytes: number): void {
    backlog.confirmedBytes += bytes;
    const ms = this.#nowMs - backlog.sinceMs;
    const { filter } = this.#anchor!;
    let { msPerByte } = filter;
    if (ms > backlogSureMs)
      msPerByte = Math.min(msPerByte * 2, Math.max(msPerByte / 2, ms / Math.max(1, backlog.confirmedBytes)));
    const aheadMs = this.#unconfirmedBytes * msPerByte;
    if (aheadMs > this.#roundTripMs! + this.#targetMs + 50 + this.#segmentMs) return;
    if (ms > backlogSureMs) filter.setRate(msPerByte);
    this.#anew(5);
    this.#search(0.1, 'what was lost has arrived');
  }

  /** A copy of the filter, taken on from its entry to a later one. */
  #at(anchor: Anchor, entry: number): QueueFilter {
    const flight = this.#flight;
    const filter = anchor.filter.copy();
    const from = Math.max(anchor.entry, flight.first - 1);
    let at = from < flight.first ? flight.atMs(from + 1) : flight.atMs(from);
    for (let i = from + 1; i <= entry; i++) {
      filter.pass(flight.atMs(i) - at);
      at = flight.atMs(i);
      filter.send(flight.bytes(i));
    }
    return filter;
  }

  #take(one: Seen, filter: QueueFilter): void {
    const flight = this.#flight;
    const delayMs = one.arrivalMs - flight.atMs(one.entry);
    const ms = flight.atMs(one.entry) - flight.atMs(Math.max(this.#anchor!.entry, flight.first));
    this.#miss(one.entry, delayMs - filter.baseMs, ms);
    const error = filter.error(delayMs);
    const ownMs = flight.bytes(one.entry) * filter.msPerByte;
    // Sooner than its own bytes allow: a faster bottleneck or a shorter path, the next will tell.
    const isUnclear = error < -0.4 * ownMs - 2 - this.#noiseMs;
    const pathMs = isUnclear ? delayMs : delayMs - ownMs;
    this.#least.saw(pathMs, this.#nowMs);
    this.#low.saw(pathMs, this.#nowMs);
    filter.correct(delayMs, Math.max(noiseMinMs, 1.25 * this.#noiseMs));
    const leastMs = this.#least.ms!;
    const slackMs = baseSlackMs + this.#noiseMs;
    filter.keepBase(leastMs - slackMs, leastMs + 2 * slackMs);
    filter.setRate(filter.msPerByte * (1 - (leanPerSecond * Math.min(1_000, ms)) / 1_000));
    this.#noiseMs += 0.03 * (Math.min(30, Math.abs(error)) - this.#noiseMs);
    this.#anchor = { filter, entry: one.entry };
    if (one.entry >= this.#searchFromEntry) this.#searchSamples++;
  }

  /** Later than foreseen: a lane held it back for a frame lost before it, or a queue has grown. When all are late, it has. */
  #suspect(one: Seen): void {
    const late = this.#late;
    if (late.length === lateMax) late.shift();
    late.push({ seen: one, atMs: this.#nowMs });
    const lanes = new Set(late.map(({ seen }) => seen.lane)).size;
    const lasted = this.#nowMs - late[0]!.atMs >= Math.max(lateMinMs, 1.5 * this.#ackEveryMs);
    if (!lasted || late.length < lateLeast || lanes < Math.min(2, this.#lanes.count)) return;
    this.#doubted = { ...this.#anchor!, atMs: this.#nowMs };
    this.#late = [];
    this.#anchor!.filter.doubt(0.5, 10);
    let best: { one: Seen; filter: QueueFilter; error: number } | undefined;
    for (const { seen } of late) {
      const filter = this.#at(this.#anchor!, seen.entry);
      const error = filter.error(seen.arrivalMs - this.#flight.atMs(seen.entry));
      if (!best || error < best.error) best = { one: seen, filter, error };
    }
    this.#take(best!.one, best!.filter);
  }

  /** Queues believed in when the frames left, and not met a round trip later: the bottleneck is faster than believed. */
  #miss(entry: number, queueMs: number, ms: number): void {
    const share = Math.min(1, ms / Math.max(150, 0.5 * (this.#roundTripMs ?? 300)));
    const missed = this.#flight.aimedMs(entry) - queueMs;
    this.#missing += share * (Math.max(-20, Math.min(60, missed)) - this.#missing);
  }

  /** What is delivered can be delivered; and no link is many times as fast as all that it ever delivered. */
  #bound(): void {
    const delivered = this.#delivered();
    if (delivered === undefined) return;
    const { filter } = this.#anchor!;
    const slowest = 1_000 / (delivered * 0.8);
    const fastest = 1_000 / (delivered * 4);
    if (filter.msPerByte > slowest) filter.setRate(slowest);
    else if (filter.msPerByte < fastest && this.#nowMs > this.#startedMs + 2.5 * this.#roundTripMs! + 700)
      filter.setRate(fastest);
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
    }
    const rest = this.#nowMs - at;
    if (filter.queueMs <= rest) this.#drySinceMs = at + filter.queueMs;
    filter.pass(rest);
    this.#queue = filter;
  }

  #judge(): void {
    if (this.#overrun()) return;
    const { filter } = this.#anchor!;
    if (this.#state === 'search') {
      const isSure = filter.rateDoubt < 0.06;
      const isLong = this.#nowMs - this.#searchSinceMs > 1.5 * (this.#roundTripMs ?? 0) + searchMostMs;
      if (this.#searchSamples < 4 || !(isSure || isLong)) return;
      this.#drainedMs = this.#nowMs;
      this.#know();
      this.#enter('follow', isSure ? 'the rate is known' : 'the rate is known as well as noise allows');
      return;
    }
    if (this.#missing > 0.6 * this.#targetMs + 0.1 * this.#segmentMs)
      this.#search(0.2, 'the queue foreseen is not there');
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
    if (to === 'hold') {
      this.#before = this.#state === 'drain' ? 'follow' : this.#state;
      this.#heldSinceMs = this.#nowMs;
    }
    this.#events.push({
      atMs: this.#nowMs,
      from: this.#state,
      to,
      why,
      bytesPerSecond: capacity === undefined ? null : Math.round(capacity),
    });
    if (this.#events.length > eventsMax) this.#events.shift();
    this.#state = to;
    this.#bursting = false;
  }
}
