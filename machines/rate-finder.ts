// Finds the rate of the bottleneck and keeps a short queue in front of it, from bytes sent and the stamps of their arrival alone.
// What is foreseen: the queue that the sends so far have made (an observer, rate-finder-queue.ts), so that nothing has to be waited
// for a round trip to be known. A send may leave when the foreseen queue is at its target; measurements correct the foresight.
// Loss is no sign of anything. Pure: monotonic ms are passed in. Held by agent/line/pace.ts; one per line, over all its lanes.
//
//   train ─ first arrivals ─> search ─ rate sure ─> follow <─> drain      hold: nothing confirmed, or the link lost
import { Deliveries } from './rate-finder-deliveries.ts';
import type { Arrival, RateDescription, RateEvent, RateState } from './rate-finder-description.ts';
import { Flight } from './rate-finder-flight.ts';
import { LaneAllowances } from './rate-finder-lanes.ts';
import * as limits from './rate-finder-limits.ts';
import { Observer } from './rate-finder-observer.ts';

export class RateFinder {
  readonly #flight = new Flight();
  readonly #lanes = new LaneAllowances();
  readonly #observer = new Observer(this.#flight);
  readonly #deliveries = new Deliveries(this.#flight);
  #state: RateState = 'train';
  #events: RateEvent[] = [];
  #nowMs = 0;
  /** When a wait that was told ends, and how much later it is asked again on average: a busy machine would leave the line dry. */
  #dueMs = Number.POSITIVE_INFINITY;
  #lateMs = 0;
  #train = { bytes: 0, confirmedBytes: 0, sinceMs: 0, entry: 0 };
  #search = { fromEntry: 0, frames: 0, sinceMs: 0 };
  #bursting = false;
  #soundings = 0;
  #soundedMs = 0;
  /** Only padding has told the rate so far. */
  #isUntried = false;
  /** When more than a heartbeat left. */
  #workedMs = 0;
  #drainedMs = 0;
  #drainUntilMs = 0;
  /** What was known when last looked at closely. */
  #known = { msPerByte: 0, baseMs: 0 };
  /** Since when it is sent at full rate. */
  #startedMs = 0;
  #mendedMs = Number.NEGATIVE_INFINITY;
  #held: { readonly state: RateState; readonly sinceMs: number } | undefined;
  /** What retransmissions have to carry before anything new may leave. */
  #backlog: { readonly sinceMs: number; confirmedBytes: number } | undefined;

  get state(): RateState {
    return this.#state;
  }

  /** Bytes per second; undefined before the first estimate. */
  get capacity(): number | undefined {
    const { now } = this.#observer;
    return now && 1_000 / now.msPerByte;
  }

  /** How unsure that is: standard deviation as a share of it. */
  get doubt(): number {
    return this.#observer.now?.rateDoubt ?? 0;
  }

  /** So many bytes were handed to a lane. Answers the mark to give back with its confirmation. */
  sent(wireBytes: number, atMs: number): number {
    this.#pass(atMs);
    const { end } = this.#flight;
    this.#lanes.idled(this.#idleMs);
    if (this.#idleMs > limits.idleMs && this.#state !== 'hold') {
      this.#deliveries.idled();
      this.#startedMs = atMs;
    }
    if (wireBytes > limits.heartbeatMaxBytes) {
      const awayMs = atMs - this.#workedMs;
      this.#workedMs = atMs;
      if (awayMs > limits.staleMs || (awayMs > limits.idleMs && this.#isUntried)) this.#goOn(awayMs);
    }
    if (this.#state === 'train') {
      if (this.#train.bytes === 0) this.#train = { bytes: 0, confirmedBytes: 0, sinceMs: atMs, entry: end };
      this.#train.bytes += wireBytes;
    }
    const { now } = this.#observer;
    now?.send(wireBytes);
    this.#deliveries.sent(wireBytes);
    return this.#flight.add(wireBytes, atMs, now?.queueMs ?? 0);
  }

  /** An exchange of known length that waited for nothing, such as a lane's upgrade. */
  roundTrip(ms: number, atMs: number): void {
    this.#pass(atMs);
    this.#deliveries.roundTrip(ms, atMs);
  }

  laneOpened(lane: number, atMs: number): void {
    this.#pass(atMs);
    this.#lanes.opened(lane);
  }

  /** With the bytes on it that were never confirmed. */
  laneLost(lane: number, unconfirmedBytes: number): void {
    this.#lanes.lost(lane);
    this.#deliveries.forget(unconfirmedBytes);
  }

  linkLost(atMs: number): void {
    this.#pass(atMs);
    if (this.#state !== 'hold') this.#enter('hold', 'the link is lost');
  }

  /** The link answers again; the former rate is tried at once and looked at closely. */
  linkBack(atMs: number): void {
    this.#pass(atMs);
    if (this.#state !== 'hold') return;
    this.#deliveries.restart(atMs);
    if (this.#observer.now) {
      this.#restart(15);
      this.#look(0.2, 'the link is back');
      return;
    }
    this.#train.bytes = 0;
    this.#enter('train', 'the link is back');
  }

  /** An ACK. */
  confirmed(ack: { readonly samples: readonly Arrival[]; readonly atMs: number }): void {
    this.#pass(ack.atMs);
    let news = 0;
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const { lane, mark, bytes, arrivalMs } of ack.samples) {
      this.#lanes.confirmed(lane, bytes);
      news += bytes;
      newestMs = Math.max(newestMs, arrivalMs);
      const entry = this.#flight.find(mark);
      if (entry === undefined) continue;
      // Of padding on one lane, what a lost segment held back comes at once, and looks like a fast link.
      const isHeldBack =
        this.isSounding &&
        ack.atMs - this.#flight.atMs(entry) > limits.heldBackRoundTrips * this.#deliveries.roundTripMs;
      if (!isHeldBack) this.#observer.arrived({ entry, lane, arrivalMs });
      this.#deliveries.confirmed(entry, ack.atMs);
    }
    if (news === 0) return;
    if (this.#state === 'hold') {
      if (ack.atMs - this.#held!.sinceMs > limits.hiccupMs) {
        this.linkBack(ack.atMs);
        return;
      }
      this.#enter(this.#held!.state, 'it was a hiccup');
    }
    this.#deliveries.add(news, ack.atMs, newestMs);
    if (this.#backlog) this.#mend(news);
    else if (this.#observer.now) this.#measure();
    else this.#begin(news);
  }

  /**
   * Asked when the line has nothing to do: so many bytes of padding, sent now, would tell a rate that is not known yet; 0: none would.
   * Each positive answer is taken for done. */
  soundingBytes(nowMs: number): number {
    this.#pass(nowMs);
    const { now } = this.#observer;
    if (this.#soundings === limits.soundingsMax || this.#state === 'hold') return 0;
    if (this.#deliveries.unconfirmedBytes > limits.segmentBytes) return 0;
    if (this.#deliveries.roundTripMs < limits.soundingFromMs) return 0;
    const least = limits.soundingMinSegments * limits.segmentBytes;
    if (!now) {
      if (this.isSounding) return 0;
      this.#soundings++;
      this.#isUntried = true;
      this.#soundedMs = nowMs;
      return least;
    }
    const fairBytes = Math.min(limits.soundingMaxBytes, limits.soundingMs / now.msPerByte);
    this.#soundings = limits.soundingsMax;
    if (now.rateDoubt < limits.soundedSureShare) return 0;
    // A busy machine spreads a train: what seems slow is looked at again, unless it is thin indeed.
    return least * now.msPerByte < limits.soundingMostMs ? Math.max(least, fairBytes) : 0;
  }

  /** A first train of padding left, and nothing is known of it yet. */
  get isSounding(): boolean {
    if (this.#soundings === 0 || this.#observer.now || this.#state !== 'train') return false;
    return this.#nowMs - this.#soundedMs < 3 * Math.max(this.#deliveries.roundTripMs, limits.idleMs);
  }

  /** How long nothing may leave; 0: one grain now. */
  waitMs(nowMs: number): number {
    this.#pass(nowMs);
    const lateMs = nowMs - this.#dueMs;
    if (lateMs >= 0 && lateMs < limits.lateMostMs) this.#lateMs += limits.lateShare * (lateMs - this.#lateMs);
    const waitMs = this.#waitMs(nowMs);
    this.#dueMs = waitMs > 0 ? nowMs + Math.max(1, Math.ceil(waitMs)) : Number.POSITIVE_INFINITY;
    return waitMs;
  }

  #waitMs(nowMs: number): number {
    const queueMs = this.#observer.now?.queueMs;
    if (queueMs === undefined) return this.#train.bytes < this.#trainMostBytes ? 0 : limits.trainCheckMs;
    if (this.#state !== 'hold' && this.#isSilent) this.#enter('hold', 'nothing was confirmed');
    if (this.#state === 'drain' && nowMs >= this.#drainUntilMs) {
      if (this.#hasMoved) this.#look(0.15, 'rate or path have moved');
      else if (this.#segmentMs > limits.lonelyMs)
        this.#look(0.2, 'frames that travel alone do not tell the rate');
      else this.#enter('follow', 'the queue ran empty');
    }
    if (this.#state === 'follow' && queueMs > 2 && this.#isDrainDue) {
      this.#drainedMs = nowMs;
      this.#drainUntilMs = nowMs + Math.min(limits.drainMostMs, queueMs + limits.drainExtraMs);
      this.#observer.drained(this.#drainUntilMs - nowMs);
      this.#enter('drain', 'the path is measured without a queue');
    }
    if (this.#state === 'hold')
      return Math.max(0, this.#flight.atMs(this.#flight.end - 1) + limits.holdProbeMs - nowMs);
    if (this.#state === 'drain') return Math.min(limits.waitMostMs, this.#drainUntilMs - nowMs);
    if (this.#state === 'follow') return Math.min(limits.waitMostMs, Math.max(0, queueMs - this.#targetMs));
    return Math.min(limits.waitMostMs, this.#burstWaitMs(queueMs));
  }

  /** Unconfirmed bytes of all lanes together, at most. */
  windowBytes(): number {
    const { now } = this.#observer;
    if (!now) return this.#trainMostBytes * 2;
    const { roundTripMs } = this.#deliveries;
    const ackMs = Math.min(limits.windowAckMostMs, limits.windowAckBytes * now.msPerByte);
    const fairMs = Math.max(
      roundTripMs * limits.windowRoundTrips + limits.windowSlackMs,
      roundTripMs * limits.windowAckRoundTrips + ackMs,
    );
    const fair = fairMs / now.msPerByte;
    return Math.max(4 * limits.segmentBytes, Math.min(limits.windowMaxBytes, fair));
  }

  /** Unconfirmed bytes of one lane, at most. */
  laneWindowBytes(lane: number): number {
    return this.#lanes.allowedBytes(lane);
  }

  /** How long a frame should be: whole segments, of a few ms at the rate. */
  grainBytes(): number {
    const { capacity } = this;
    if (capacity === undefined) return limits.segmentBytes - limits.frameOverheadBytes;
    const ms = this.#state === 'search' ? limits.burstGrainMs : limits.grainMs;
    const fair = Math.min(limits.grainMaxBytes, (capacity * ms) / 1_000);
    return (
      Math.max(1, Math.round(fair / limits.segmentBytes)) * limits.segmentBytes - limits.frameOverheadBytes
    );
  }

  describe(): RateDescription {
    const { now, noiseMs } = this.#observer;
    return {
      state: this.#state,
      capacityBytesPerSecond: now ? 1_000 / now.msPerByte : null,
      capacityDoubtPercent: now ? now.rateDoubt * 100 : null,
      queueMs: now?.queueMs ?? 0,
      targetMs: this.#targetMs,
      baseMs: now ? now.baseMs : null,
      noiseMs,
      roundTripMs: this.#deliveries.isRoundTripKnown ? this.#deliveries.roundTripMs : null,
      deliveredBytesPerSecond: this.#deliveries.bytesPerSecond ?? null,
      unconfirmedBytes: this.#deliveries.unconfirmedBytes,
      events: this.#events,
    };
  }

  #pass(nowMs: number): void {
    if (nowMs <= this.#nowMs) return;
    this.#observer.pass(nowMs);
    this.#nowMs = nowMs;
  }

  /** After an idle time what was known is taken up again, with care that grows with its age. */
  #goOn(awayMs: number): void {
    const { now } = this.#observer;
    if (!now || this.#state === 'hold' || this.#backlog) return;
    this.#isUntried = false;
    if (awayMs > limits.oldMs) {
      const share = awayMs > limits.agedMs ? limits.agedShare : limits.oldShare;
      this.#observer.measured.setRate(this.#observer.measured.msPerByte / share);
      this.#observer.foresee();
    }
    this.#look(0.25, 'the line was idle');
  }

  /** Since anything left. */
  get #idleMs(): number {
    const { end } = this.#flight;
    return end === 0 ? 0 : this.#nowMs - this.#flight.atMs(end - 1);
  }

  /** How long the shortest frame worth sending takes on the bottleneck. */
  get #segmentMs(): number {
    return limits.segmentBytes * (this.#observer.now?.msPerByte ?? 0);
  }

  get #targetMs(): number {
    const stray = Math.max(0, this.#observer.noiseMs - limits.quietNoiseMs);
    const late = Math.min(limits.lateHeededMostMs, 2 * Math.max(0, this.#lateMs - limits.quietLateMs));
    return Math.min(
      limits.targetMaxMs,
      Math.max(limits.targetMinMs, 0.3 * this.#segmentMs) + 1.5 * stray + late,
    );
  }

  /** A train at once, some smaller ones while the first arrivals are awaited, more when these did not tell enough. */
  get #trainMostBytes(): number {
    const { bytes, sinceMs, confirmedBytes } = this.#train;
    const everyMs = Math.max(
      limits.trainEveryMinMs,
      this.#deliveries.roundTripMs / limits.trainsPerRoundTrip,
    );
    const ms = bytes === 0 ? 0 : this.#nowMs - sinceMs;
    const more = Math.min(limits.trainsPerRoundTrip - 1, Math.floor(ms / everyMs)) * limits.moreTrainSegments;
    return (limits.trainSegments + more - 0.5) * limits.segmentBytes + 2 * confirmedBytes;
  }

  #burstWaitMs(queueMs: number): number {
    const mostMs = Math.max(limits.burstMs, 4 * this.#observer.noiseMs, 2.2 * this.#segmentMs);
    if (this.#bursting && queueMs < mostMs * 0.8) return 0;
    // Only from an empty queue on do rate and path differ.
    this.#bursting = queueMs <= 0;
    return queueMs;
  }

  get #isSilent(): boolean {
    const { everyMs, roundTripMs, lastNewsMs } = this.#deliveries;
    if (this.#backlog) return this.#nowMs - lastNewsMs > 2 * roundTripMs + limits.mendingMs;
    if (this.#idleMs > limits.idleMs) return false;
    const patience = Math.max(limits.silenceMs, 3 * everyMs, 3 * limits.grainMs, 3 * this.#segmentMs);
    return this.#deliveries.overdueMs(this.#nowMs) > patience + 2 * this.#observer.noiseMs;
  }

  /** A rate that falls and a path that grows look alike, until it is tried. */
  get #hasMoved(): boolean {
    const { msPerByte, baseMs } = this.#observer.measured;
    const slackMs = limits.movedMs + this.#observer.noiseMs + 0.1 * this.#segmentMs;
    return (
      msPerByte > this.#known.msPerByte * limits.movedShare || Math.abs(baseMs - this.#known.baseMs) > slackMs
    );
  }

  /** Now and then; sooner when rate or path seem to have moved, or delays stood above the least for long. */
  get #isDrainDue(): boolean {
    // A line that is not filled runs empty all the time.
    if (this.#nowMs - this.#observer.drySinceMs < limits.drainSoonestMs) return false;
    const ms = this.#nowMs - this.#drainedMs;
    const { roundTripMs } = this.#deliveries;
    if (ms > Math.max(limits.drainEveryMs, 5 * roundTripMs)) return true;
    if (ms < Math.max(limits.drainSoonestMs, 2 * roundTripMs)) return false;
    if (this.#hasMoved) return true;
    const { least, low, noiseMs } = this.#observer;
    return (low.ms ?? 0) - (least.ms ?? 0) > this.#targetMs + limits.drainExtraMs + noiseMs;
  }

  #begin(news: number): void {
    this.#train.confirmedBytes += news;
    if (!this.#observer.start(this.#train.entry, this.#deliveries.roundTripMs)) return;
    this.#startedMs = this.#nowMs;
    this.#look(0.2, 'the first frames arrived');
  }

  /** Looks closely: bursts, from whose delays the rate follows. */
  #look(doubt: number, why: string): void {
    this.#observer.doubt(doubt, 3 + this.#observer.noiseMs);
    this.#observer.missingMs = 0;
    this.#search = { fromEntry: this.#flight.end, frames: 0, sinceMs: this.#nowMs };
    this.#enter('search', why);
  }

  #measure(): void {
    const observer = this.#observer;
    const { everyMs, roundTripMs } = this.#deliveries;
    this.#search.frames += observer.measure(
      everyMs,
      this.#lanes.count,
      roundTripMs,
      this.#search.fromEntry,
      this.#isSteady,
    );
    const { hasGrown } = observer;
    if (hasGrown) this.#deliveries.recount();
    observer.hasGrown = false;
    const { bytesPerSecond } = this.#deliveries;
    if (bytesPerSecond !== undefined) {
      // Lanes that have mended confirm at once what had arrived long before.
      const slowest = this.#hasMended
        ? Number.POSITIVE_INFINITY
        : 1_000 / (bytesPerSecond * limits.deliveredShare);
      const fastest = this.#isSteady ? 1_000 / (bytesPerSecond * limits.deliveredTimesMost) : 0;
      observer.measured.boundRate(fastest, slowest);
    }
    observer.foresee();
    // A queue just seen growing stops what would leave; the next arrivals say whether it was one.
    if (hasGrown || !this.#overrun()) this.#judge();
  }

  #judge(): void {
    const { measured, missingMs } = this.#observer;
    if (this.#state !== 'search') {
      if (missingMs > 0.6 * this.#targetMs + 0.1 * this.#segmentMs)
        this.#look(0.2, 'the queue foreseen is not there');
      return;
    }
    const isSure = measured.rateDoubt < limits.searchSureShare;
    const ms = this.#nowMs - this.#search.sinceMs;
    const isLong = ms > 1.5 * this.#deliveries.roundTripMs + limits.searchMostMs;
    if (this.#search.frames < limits.searchFramesMin || !(isSure || isLong)) return;
    this.#drainedMs = this.#nowMs;
    this.#known = { msPerByte: measured.msPerByte, baseMs: measured.baseMs };
    this.#enter('follow', isSure ? 'the rate is known' : 'the rate is known as well as noise allows');
  }

  /** Full rate for so long that what is delivered tells the rate. */
  get #isSteady(): boolean {
    return this.#nowMs > this.#startedMs + 2.5 * this.#deliveries.roundTripMs + limits.searchMostMs;
  }

  /** Of late: what is delivered does not tell the rate yet. */
  get #hasMended(): boolean {
    return this.#nowMs < this.#mendedMs + 2.5 * this.#deliveries.roundTripMs + limits.searchMostMs;
  }

  /** Far more is on its way than the link holds: it was lost in a full buffer, and delays on lanes that mend say nothing. */
  #overrun(): boolean {
    const { roundTripMs, unconfirmedBytes } = this.#deliveries;
    const { msPerByte } = this.#observer.measured;
    // At the beginning, lanes that mend look like a slow link: what the search found counts.
    const isNew = !this.#isSteady && this.#known.msPerByte > 0;
    const aheadMs = unconfirmedBytes * (isNew ? Math.min(msPerByte, this.#known.msPerByte) : msPerByte);
    if (aheadMs < limits.overrunRoundTrips * roundTripMs + limits.overrunMs + 2 * this.#segmentMs)
      return false;
    this.#backlog = { sinceMs: this.#nowMs, confirmedBytes: 0 };
    this.#drainUntilMs = Number.POSITIVE_INFINITY;
    this.#enter('drain', 'more is on its way than the link carries');
    return true;
  }

  /** While lanes mend, only what they deliver tells the rate. */
  #mend(news: number): void {
    const backlog = this.#backlog!;
    backlog.confirmedBytes += news;
    const ms = this.#nowMs - backlog.sinceMs;
    let { msPerByte } = this.#observer.measured;
    if (ms > limits.backlogSureMs)
      msPerByte = Math.min(msPerByte * 2, Math.max(msPerByte / 2, ms / backlog.confirmedBytes));
    const aheadMs = this.#deliveries.unconfirmedBytes * msPerByte;
    if (aheadMs > this.#deliveries.roundTripMs + this.#targetMs + 50 + this.#segmentMs) return;
    this.#observer.measured.setRate(msPerByte / limits.mendedShare);
    this.#mendedMs = this.#nowMs;
    this.#restart(5);
    this.#look(0.1, 'what was lost has arrived');
  }

  #restart(baseDoubtMs: number): void {
    this.#startedMs = this.#nowMs;
    this.#backlog = undefined;
    this.#observer.anew(baseDoubtMs);
  }

  #enter(to: RateState, why: string): void {
    const from = this.#state;
    // A drain that was interrupted is not gone on with, unless lanes mend.
    if (to === 'hold')
      this.#held = { state: from === 'drain' && !this.#backlog ? 'follow' : from, sinceMs: this.#nowMs };
    const { capacity } = this;
    const bytesPerSecond = capacity === undefined ? null : Math.round(capacity);
    this.#events.push({ atMs: this.#nowMs, from, to, why, bytesPerSecond });
    if (this.#events.length > limits.eventsMax) this.#events.shift();
    this.#state = to;
    this.#bursting = false;
  }
}
