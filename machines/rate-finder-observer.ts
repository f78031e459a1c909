// Holds what is believed of the bottleneck (rate-finder-queue.ts) against what arrives: takes the belief on from the newest frame
// measured to each newly arrived one, corrects it, and foresees from there, over all that left since, the queue of this moment.
// Knows which arrivals to mistrust: frames that a lane held back for a lost one before them. Used by rate-finder.ts.
import type { Flight } from './rate-finder-flight.ts';
import { LeastDelays } from './rate-finder-least.ts';
import { QueueFilter } from './rate-finder-queue.ts';

const noiseMinMs = 1.5;
/** The noise follows errors by this share, and takes none larger than this for noise. */
const noiseShare = 0.03;
const noiseMostMs = 30;
/** A delay that strays from the foreseen by more than so many deviations and this is no noise. */
const strayDeviations = 4;
const strayMs = 5;
/** Late arrivals are believed when they have lasted so long and were so many, on two lanes; the former belief is kept for so long. */
const lateMinMs = 120;
const lateLeast = 3;
const lateMax = 16;
/** Sooner, when a queue can be seen growing: so many frames on so many lanes, each later than the one sent before, by this share of
 *  the time between them. What a lane held back comes at once: of such frames the delays fall. */
const growingLeast = 2;
const growingSlowLeast = 4;
const growingLanesLeast = 2;
const growingShare = 0.5;
const growingMs = 30;
const growingDeviations = 6;
/** The rate and the base are doubted so much then. */
const growingRateDoubt = 1;
const growingBaseDoubtMs = 3;
const doubtedMs = 3_000;
/** Arrivals kept for the next look. */
const pendingMax = 64;
/** The base keeps near the least delay of late, but for the noise: a path that got longer shows when the queue is drained. */
const baseSlackMs = 2;
/** The rate is leant upon: believed higher by so much per second until delays object. */
const leanPerSecond = 0.01;
/** Arrivals are bunched by schedulers and radio frames: a short span is longer by this, and as unsure. */
const bunchMs = 3;
/** After a drain, more than so many segments of delay are no segment sent again. */
const againSegments = 1.2;
const segmentBytes = 1_448;
/** A first estimate needs this many arrivals, over so many bytes. */
const firstArrivalsMin = 3;
const firstBytesMin = 2 * 1_448;
const gapRoundTrips = 0.4;
/** A delay that grows by more than this share of the time since the frame before left, grew by waiting for it. */
const waitedShare = 0.3;
/** Further apart nothing waits, but on links on which a train says enough; so little apart frames left at once. */
const nearMs = 50;
const trainApartMs = 2;
/** Sooner than foreseen by more than this, the noise and this share of its own time: the path's part is unclear. */
const soonerMs = 1;
const soonerShare = 0.15;
const rateSureShare = 0.05;
/** A frame that takes longer than this by itself, and came sooner by this share of it: the rate was underrated. */
const slowOwnMs = 40;
const slowShare = 0.4;
/** Frames that left within this were sent together; so many such pairs, where a segment should take longer than this and the noise,
 *  tell that the rate was underrated when half of them came within this share of it. */
const togetherMs = 1.5;
const pairOwnMinMs = 10;
const pairGapMinMs = 1;
const pairsLeast = 4;
const pairShare = 0.6;
const pairTimesMost = 3;
const pairRateDoubt = 0.4;
/** When half of them came later than at this share of it, the rate is as believed: what came sooner than foreseen, the path is shorter. */
const pairsAgreeShare = 0.85;
/** Frames of one lane that arrive within this were read as one record: only with the last of them is it there. */
const recordMs = 1;
/** A shortfall counts within these. */
const missedLeastMs = -20;
const missedMostMs = 60;

export interface Seen {
  readonly entry: number;
  readonly lane: number;
  readonly arrivalMs: number;
}

interface Spread {
  readonly bytes: number;
  readonly spanMs: number;
  readonly isVague?: boolean;
}

interface Anchor {
  readonly filter: QueueFilter;
  readonly entry: number;
}

export class Observer {
  /** The belief of this moment; undefined before the first estimate. */
  now: QueueFilter | undefined;
  /** When the foreseen queue last ran empty. */
  drySinceMs = 0;
  /** How far delays stray from what was foreseen, on average. */
  noiseMs = noiseMinMs;
  /** How much shorter queues are met than were believed in when the frames left: the bottleneck is faster. */
  missingMs = 0;
  /** A queue was seen growing since this was last cleared: what was delivered before says nothing of the rate. */
  hasGrown = false;
  /** The least delays of late, without the frames' own time: of the time for which a path stands, and of the last moment. */
  readonly least = new LeastDelays(3_000, 8);
  readonly low = new LeastDelays(400, 2);
  readonly #flight: Flight;
  /** The belief as of the newest frame measured. */
  #anchor: Anchor | undefined;
  /** The belief before late arrivals were believed. */
  #doubted: (Anchor & { readonly atMs: number; readonly isSudden?: boolean }) | undefined;
  #late: { readonly seen: Seen; readonly atMs: number }[] = [];
  #pending: Seen[] = [];
  /** Of those whose arrival was heard of before. */
  #newest: Seen | undefined;
  #pairs: number[] = [];
  #pairsAgree = false;
  /** What the first belief was made of. */
  #first: { readonly seen: readonly Seen[]; readonly entry: number } | undefined;
  /** The first frame after a drain, not yet measured: its delay is the path's. */
  #drained: { readonly entry: number; readonly doubtMs: number } | undefined;
  #nowMs = 0;

  constructor(flight: Flight) {
    this.#flight = flight;
  }

  /** As of the newest frame measured. */
  get measured(): QueueFilter {
    return this.#anchor!.filter;
  }

  get measuredEntry(): number {
    return this.#anchor?.entry ?? -1;
  }

  pass(nowMs: number): void {
    const ms = nowMs - this.#nowMs;
    if (ms <= 0) return;
    const { now } = this;
    if (now && now.queueMs > 0 && now.queueMs <= ms) this.drySinceMs = this.#nowMs + now.queueMs;
    now?.pass(ms);
    this.#nowMs = nowMs;
  }

  arrived(seen: Seen): void {
    this.#pending.push(seen);
  }

  doubt(rate: number, baseMs: number): void {
    this.now?.doubt(rate, baseMs);
    this.#anchor?.filter.doubt(rate, baseMs);
  }

  /** Nothing was sent for a while so that the queue ran empty: what the next frame meets is the path, or others' queue. */
  drained(doubtMs: number): void {
    this.#drained = { entry: this.#flight.end, doubtMs };
  }

  /** A first belief, from the spacing of the arrivals of a train that began with `entry`. False: not enough has arrived. */
  start(entry: number, roundTripMs: number): boolean {
    const flight = this.#flight;
    const all = this.#clean();
    const clean = withoutRecords(this.#beforeGap(all, roundTripMs));
    const first = clean[0];
    const last = clean.at(-1);
    if (!first || !last) return false;
    const whole = flight.mark(last.entry) - flight.mark(first.entry);
    const spread = this.#spread(clean);
    const isClear = clean.length >= firstArrivalsMin || (!spread.isVague && spread.bytes >= firstBytesMin);
    if (!isClear || whole < firstBytesMin) {
      this.#pending = all;
      return false;
    }
    const { bytes, spanMs } = spread;
    const empty = new QueueFilter(spanMs / bytes, 0.15 + bunchMs / spanMs, 0, bunchMs);
    let filter = empty;
    let baseMs = Number.POSITIVE_INFINITY;
    for (const one of clean) {
      filter = this.#at({ filter: empty, entry: entry - 1 }, one.entry);
      baseMs = Math.min(baseMs, one.arrivalMs - flight.atMs(one.entry) - filter.queueMs);
    }
    filter.baseMs = baseMs;
    this.least.clear();
    this.least.saw(baseMs, this.#nowMs);
    this.#anchor = { filter, entry: last.entry };
    this.#first = { seen: all, entry };
    this.foresee();
    return true;
  }

  /** More of the record with which the first belief was made: it was larger than it seemed. */
  #startAgain(roundTripMs: number): boolean {
    const { seen, entry } = this.#first!;
    const last = seen.at(-1)!;
    const isSame = (one: Seen) =>
      one.entry > last.entry && one.lane === last.lane && one.arrivalMs - last.arrivalMs <= recordMs;
    if (!this.#pending.some(isSame)) return false;
    const anchor = this.#anchor;
    this.#anchor = undefined;
    this.#pending = [...seen, ...this.#pending];
    if (this.start(entry, roundTripMs)) return true;
    this.#anchor = anchor;
    return false;
  }

  /**
   * What waited behind what left just before was spread by the bottleneck: its arrivals tell the rate, whenever it left. Where nothing
   * waited, what left soon after another tells what the rate is at least; else only the growth of delays tells, of all of it.
   */
  #spread(clean: readonly Seen[]): Spread {
    const flight = this.#flight;
    const waited = { bytes: 0, spanMs: bunchMs };
    const near = { bytes: 0, spanMs: bunchMs };
    const grown = { bytes: 0, spanMs: bunchMs };
    for (const [at, one] of clean.entries()) {
      const former = clean[at - 1];
      if (!former) continue;
      const grownMs = this.#delayMs(one) - this.#delayMs(former);
      const apartMs = flight.atMs(one.entry) - flight.atMs(former.entry);
      const bytes = flight.mark(one.entry) - flight.mark(former.entry);
      const isOneTrain = apartMs <= trainApartMs;
      grown.bytes += bytes;
      grown.spanMs += Math.max(0, grownMs);
      if (apartMs > nearMs) continue;
      const into = isOneTrain || grownMs > waitedShare * apartMs ? waited : near;
      into.bytes += bytes;
      into.spanMs += Math.max(0, grownMs + (isOneTrain ? 0 : apartMs));
    }
    return waited.bytes > 0 ? waited : near.bytes > 0 ? near : { ...grown, isVague: true };
  }

  /**
   * Corrects the belief by what arrived; then `foresee`. `newsEveryMs`: how often news come; `lanes`: how many there are. Answers how
   * many frames that left with or after `fromEntry` were measured.
   */
  measure(
    newsEveryMs: number,
    lanes: number,
    roundTripMs: number,
    fromEntry: number,
    isSteady: boolean,
  ): number {
    if (this.#first && this.#startAgain(roundTripMs)) return 0;
    this.#first = undefined;
    let count = 0;
    const flight = this.#flight;
    const clean = this.#clean();
    this.#heedPairs(clean);
    for (const one of clean) {
      if (one.entry <= this.measuredEntry) continue;
      if (this.#doubted?.isSudden) this.#reconsider(one);
      const filter = this.#at(this.#anchor!, one.entry);
      const delayMs = this.#delayMs(one);
      const isDrained = this.#drained !== undefined && one.entry >= this.#drained.entry;
      // A segment sent again may have been before it: the path is not longer for that.
      const isLonger = isDrained && filter.error(delayMs) > againSegments * segmentBytes * filter.msPerByte;
      if (isLonger) filter.doubt(0, this.#drained!.doubtMs);
      const error = filter.error(delayMs);
      const mostMs = strayDeviations * Math.hypot(filter.delayDoubtMs, this.noiseMs) + strayMs;
      if (error > mostMs) {
        this.#suspect(one, Math.max(lateMinMs, 1.5 * newsEveryMs), Math.min(2, lanes), roundTripMs, isSteady);
        continue;
      }
      if (isDrained) {
        this.#drained = undefined;
        if (isLonger) {
          this.#doubted = { ...this.#anchor!, atMs: this.#nowMs, isSudden: true };
          this.least.clear();
        }
      }
      this.#late = [];
      const former = error < -mostMs ? this.#former(one, mostMs) : undefined;
      if (error < -mostMs && !former) {
        // What was taken for the frames' own time may be the path's.
        const ownMs = flight.bytes(one.entry) * filter.msPerByte;
        const isSlow = ownMs > slowOwnMs && -error > slowShare * ownMs;
        filter.doubt(isSlow && this.#pairsAgree ? 0 : 0.3, isSlow ? ownMs : 15);
        if (isSlow && !this.#pairsAgree) this.least.clear();
      }
      this.#take(one, former ?? filter, roundTripMs);
      if (one.entry >= fromEntry) count++;
    }
    return count;
  }

  /** From the newest frame measured on, over all that left since. */
  foresee(): void {
    const filter = this.#at(this.#anchor!, this.#flight.end - 1);
    const atMs = this.#flight.atMs(this.#flight.end - 1);
    const restMs = this.#nowMs - atMs;
    if (filter.queueMs <= restMs) this.drySinceMs = atMs + filter.queueMs;
    filter.pass(restMs);
    this.now = filter;
  }

  /** What left before says nothing of the link now, and its queue is gone. */
  anew(baseDoubtMs: number): void {
    this.#pending = [];
    this.#pairs = [];
    this.#pairsAgree = false;
    this.#late = [];
    this.#doubted = undefined;
    const filter = this.measured.copy();
    filter.clear();
    filter.doubt(0, baseDoubtMs);
    this.#anchor = { filter, entry: this.#flight.end - 1 };
    this.foresee();
  }

  #delayMs(one: Seen): number {
    return one.arrivalMs - this.#flight.atMs(one.entry);
  }

  /**
   * Frames that left together arrive as far apart as the second takes by itself, wherever the path ends: when they keep coming
   * closer than that, a part of the path was taken for the frames' own time, and frames that travel alone would never tell. */
  #heedPairs(clean: readonly Seen[]): void {
    const { filter } = this.#anchor!;
    const newest = this.#newest;
    this.#newest = clean.at(-1) ?? newest;
    if (segmentBytes * filter.msPerByte < pairOwnMinMs + this.noiseMs) return;
    for (const [at, one] of clean.entries()) {
      const former = clean[at - 1] ?? newest;
      if (former?.entry !== one.entry - 1 || one.lane === former.lane) continue;
      if (this.#flight.atMs(one.entry) - this.#flight.atMs(former.entry) > togetherMs) continue;
      const ownMs = this.#flight.bytes(one.entry) * filter.msPerByte;
      this.#pairs.push(Math.max(pairGapMinMs, one.arrivalMs - former.arrivalMs) / ownMs);
    }
    if (this.#pairs.length < pairsLeast) return;
    const share = this.#pairs.sort((a, b) => a - b)[this.#pairs.length >> 1]!;
    this.#pairs = [];
    this.#pairsAgree = share > pairsAgreeShare;
    if (share > pairShare) return;
    filter.setRate(filter.msPerByte * Math.max(1 / pairTimesMost, share));
    const last = clean.at(-1)!;
    filter.baseMs = this.#delayMs(last) - this.#at(this.#anchor!, last.entry).queueMs;
    filter.doubt(pairRateDoubt, 10);
    this.least.clear();
    this.low.clear();
  }

  /** Of a train on one lane: behind a lost segment the rest comes a round trip later, and at once. */
  #beforeGap(seen: readonly Seen[], roundTripMs: number): readonly Seen[] {
    if (new Set(seen.map(({ lane }) => lane)).size !== 1) return seen;
    const gaps = seen.map(({ arrivalMs }, at) => arrivalMs - (seen[at - 1]?.arrivalMs ?? arrivalMs));
    const median = gaps.slice(1).sort((a, b) => a - b)[(gaps.length - 1) >> 1] ?? 0;
    const at = gaps.findIndex((ms) => ms > Math.max(gapRoundTrips * roundTripMs, 3 * median));
    return at === -1 ? seen : seen.slice(0, at);
  }

  /** Arrivals in the order of sending. A frame sent later that arrived earlier proves that a lane held back the one before. */
  #clean(): Seen[] {
    const all = this.#pending.slice(-pendingMax).sort((a, b) => a.entry - b.entry);
    this.#pending = [];
    const kept: Seen[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const one of all.reverse()) {
      if (one.entry <= this.measuredEntry) break;
      if (one.arrivalMs > earliest + 1) continue;
      earliest = Math.min(earliest, one.arrivalMs);
      kept.push(one);
    }
    return kept.reverse();
  }

  /** A copy of a belief, taken on to a later frame. */
  #at(anchor: Anchor, entry: number): QueueFilter {
    const flight = this.#flight;
    const filter = anchor.filter.copy();
    let from = anchor.entry + 1;
    let at = from > flight.first ? flight.atMs(from - 1) : flight.atMs(flight.first);
    for (from = Math.max(from, flight.first); from <= entry; from++) {
      filter.pass(flight.atMs(from) - at);
      at = flight.atMs(from);
      filter.send(flight.bytes(from));
    }
    return filter;
  }

  #take(one: Seen, filter: QueueFilter, roundTripMs: number): void {
    const flight = this.#flight;
    const delayMs = this.#delayMs(one);
    const ms = flight.atMs(one.entry) - flight.atMs(Math.max(this.measuredEntry, flight.first));
    const missedMs = flight.aimedMs(one.entry) - delayMs + filter.baseMs;
    const share = Math.min(1, ms / Math.max(150, 0.5 * roundTripMs));
    this.missingMs += share * (Math.max(missedLeastMs, Math.min(missedMostMs, missedMs)) - this.missingMs);
    const error = filter.error(delayMs);
    const ownMs = flight.bytes(one.entry) * filter.msPerByte;
    // Sooner than foreseen: a faster bottleneck or a shorter path. Sure is only the whole delay, its own bytes included.
    const isPath = this.#pairsAgree && ownMs > slowOwnMs;
    const isUnclear = !isPath && error < -soonerMs - this.noiseMs - soonerShare * ownMs;
    const pathMs = isUnclear ? delayMs : delayMs - ownMs;
    this.least.saw(pathMs, this.#nowMs);
    this.low.saw(pathMs, this.#nowMs);
    const isTold = error > 0 || filter.rateDoubt < rateSureShare;
    filter.correct(delayMs, Math.max(noiseMinMs, 1.25 * this.noiseMs));
    const slackMs = baseSlackMs + this.noiseMs;
    filter.keepBase(this.least.ms! - slackMs, this.least.ms! + 2 * slackMs);
    filter.setRate(filter.msPerByte * (1 - (leanPerSecond * Math.min(1_000, ms)) / 1_000));
    // While a faster rate is being learnt, coming sooner is no noise.
    if (isTold) this.noiseMs += noiseShare * (Math.min(noiseMostMs, Math.abs(error)) - this.noiseMs);
    this.#anchor = { filter, entry: one.entry };
  }

  /** Later than foreseen: a lane held it back for a frame lost before it, or a queue has grown. When all are late, it has. */
  #suspect(one: Seen, lastMs: number, lanesLeast: number, roundTripMs: number, isSteady: boolean): void {
    const late = this.#late;
    if (late.length === lateMax) late.shift();
    late.push({ seen: one, atMs: this.#nowMs });
    if (isSteady && this.#isGrowing) {
      this.#late = [];
      const { filter, entry } = this.#anchor!;
      this.#doubted = { filter: filter.copy(), entry, atMs: this.#nowMs, isSudden: true };
      this.hasGrown = true;
      this.doubt(growingRateDoubt, growingBaseDoubtMs);
      for (const { seen } of late) this.#take(seen, this.#at(this.#anchor!, seen.entry), roundTripMs);
      return;
    }
    const lanes = new Set(late.map(({ seen }) => seen.lane)).size;
    const hasLasted = this.#nowMs - late[0]!.atMs >= lastMs;
    if (!hasLasted || late.length < lateLeast || lanes < lanesLeast) return;
    this.#late = [];
    const { filter, entry } = this.#anchor!;
    this.#doubted = { filter: filter.copy(), entry, atMs: this.#nowMs };
    filter.doubt(0.5, 10);
    let best: { seen: Seen; filter: QueueFilter; error: number } | undefined;
    for (const { seen } of late) {
      const reached = this.#at(this.#anchor!, seen.entry);
      const error = reached.error(this.#delayMs(seen));
      if (!best || error < best.error) best = { seen, filter: reached, error };
    }
    this.#take(best!.seen, best!.filter, roundTripMs);
  }

  get #isGrowing(): boolean {
    const late = this.#late;
    const isSlow = segmentBytes * this.measured.msPerByte > slowOwnMs;
    if (late.length < (isSlow ? growingSlowLeast : growingLeast)) return false;
    if (new Set(late.map(({ seen }) => seen.lane)).size < growingLanesLeast) return false;
    const first = late[0]!.seen;
    const last = late.at(-1)!.seen;
    const grownMs = this.#delayMs(last) - this.#delayMs(first);
    if (grownMs < growingMs + growingDeviations * this.noiseMs) return false;
    for (const [at, { seen }] of late.entries()) {
      const former = late[at - 1]?.seen;
      if (!former) continue;
      const ms = this.#flight.atMs(seen.entry) - this.#flight.atMs(former.entry);
      if (this.#delayMs(seen) - this.#delayMs(former) < growingShare * ms) return false;
    }
    return true;
  }

  /** What was taken for a growing queue was none when the next frame comes as it was foreseen before. */
  #reconsider(one: Seen): void {
    const { filter, entry, atMs } = this.#doubted!;
    const former = this.#at({ filter, entry }, one.entry);
    const mostMs = strayDeviations * Math.hypot(former.delayDoubtMs, this.noiseMs) + strayMs;
    if (this.#nowMs - atMs > doubtedMs) this.#doubted = undefined;
    else if (former.error(this.#delayMs(one)) <= mostMs) {
      this.#doubted = undefined;
      this.#anchor = { filter, entry };
    }
  }

  /** It was no queue, lanes had held frames back: the belief before that, if it fits again. */
  #former(one: Seen, mostMs: number): QueueFilter | undefined {
    const doubted = this.#doubted;
    if (!doubted || this.#nowMs - doubted.atMs > doubtedMs) return undefined;
    const filter = this.#at(doubted, one.entry);
    if (Math.abs(filter.error(this.#delayMs(one))) > mostMs) return undefined;
    this.#doubted = undefined;
    return filter;
  }
}

/** Without what was read as one record with a later frame of its lane; but on a fast link everything comes at once. */
function withoutRecords(seen: readonly Seen[]): readonly Seen[] {
  const last = seen.filter(({ lane, arrivalMs }, at) => {
    const next = seen[at + 1];
    return next?.lane !== lane || next.arrivalMs - arrivalMs > recordMs;
  });
  return last.length > 1 ? last : seen;
}
