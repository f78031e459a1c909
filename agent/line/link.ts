// The lanes as one link: takes fresh ones in, lets dead ones go, and when nothing answers any more finds out whether there is still a
// link at all. Whoever holds it (line.ts) hears of lanes only when the link opens, goes on or is lost.
import type { Failure } from '../../cloud/contract/failure.ts';
import type { AckFrame, CloudFrame, HelloFrame } from '../../cloud/contract/frames.ts';
import type { Clock } from '../ports.ts';
import { type Connector, type Outcome, pausesFor, type Wanted } from './connector.ts';
import { lineFailure } from './failures.ts';
import type { Shaken } from './handshake.ts';
import type { Lane, LaneOwner } from './lane.ts';
import { LaneKeeper } from './lane-keeper.ts';
import type { Lanes } from './lanes.ts';
import type { LineLimitsAboard } from './limits.ts';
import { Parted } from './parted.ts';
import type { Sender } from './sender.ts';
import type { LineIdentity } from './upgrade.ts';
import { Watch } from './watch.ts';

export interface LinkPorts {
  readonly clock: Clock;
  readonly limits: LineLimitsAboard;
  readonly heartbeatMs: number;
  readonly connector: Connector;
  readonly sender: Sender;
  readonly lanes: Lanes;
  readonly whom: () => Wanted['whom'] | undefined;
  readonly proved: (identity: LineIdentity) => void;
  readonly frame: (lane: Lane, frame: CloudFrame) => void;
  readonly acknowledged: (ack: AckFrame) => void;
  /** See LaneKeeper. */
  readonly isWorthMore: () => boolean;
  /** The cloud remembers nothing of this session, or it is another. */
  readonly began: (hello: HelloFrame) => void;
  /** A lane has opened. */
  readonly opened: () => void;
  /** It broke off and is there again, and what it had brought is known. */
  readonly wentOn: () => void;
  readonly laneGone: (lane: Lane) => void;
  /** Whatever was open is closed. */
  readonly closed: (failure: Failure) => void;
  /** An open link is gone. */
  readonly lost: (failure: Failure, epoch: number) => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** Nothing is confirmed any more; over when something is, or when a fresh lane takes over. */
interface Doubt {
  readonly sinceMs: number;
  readonly end: AbortController;
  readonly cancelReset: () => void;
  /** A dial was answered: the lanes with nothing on their way are tried. */
  triedMs?: number;
}

/** HELD comes in the same flight as HELLO. */
const heldComesMs = 10;
const roundTripGuessMs = 1_000;
/** So much of the patience after a doubt began, lanes with bytes on their way are reset: their TCP would be the last to notice. */
const resetShare = 0.5;

export class Link {
  readonly parted: Parted;
  /** Of the newest lane. */
  hello: HelloFrame | undefined;
  /** Of the last lane that opened: how long an answer takes, before anything was measured. */
  lastRttMs: number | undefined;
  readonly #ports: LinkPorts;
  readonly #keeper: LaneKeeper;
  readonly #watch: Watch;
  #doubt: Doubt | undefined;
  #goesOnWhenCounted = false;

  constructor(ports: LinkPorts) {
    this.#ports = ports;
    const { sender, lanes } = ports;
    this.#keeper = new LaneKeeper({
      ...ports,
      lanesMax: ports.limits.lanesMax,
      wanted: () => this.#wanted(),
      measured: () => {
        const { pace } = sender;
        const { roundTripMs } = pace.describe();
        return {
          isBeingMeasured: pace.isSounding,
          leastRoundTripMs: roundTripMs ?? undefined,
          roundTripMs: sender.roundTripMs ?? this.lastRttMs,
          bytesPerSecond: pace.lanesBytesPerSecond,
        };
      },
    });
    this.parted = new Parted({
      clock: ports.clock,
      say: (frame) => {
        const lane = sender.isHalted ? undefined : lanes.best();
        if (lane) sender.say(frame, { kind: 'passing' }, lane);
        return lane !== undefined;
      },
      roundTripMs: () => this.#roundTripMs,
      repeat: (parcels) => sender.repeat(parcels),
      settled: () => this.#counted(),
    });
    this.#watch = new Watch({
      ...ports,
      isOpen: () => this.isOpen,
      isDoubted: () => this.#doubt !== undefined,
      roundTripMs: () => this.#roundTripMs,
      silent: () => this.#beginDoubt(lineFailure('TENDER_LINE_SILENT')),
      gone: (gone) => {
        for (const lane of gone) this.#retire(lane);
        this.parted.ask();
      },
      looked: () => this.#keeper.tend(),
    });
  }

  get isOpen(): boolean {
    return this.hello !== undefined;
  }

  /** The first lane, or why there is none. */
  open(): Promise<Outcome> {
    return this.#race(new AbortController().signal);
  }

  /** Something was sent where nothing was on its way. */
  stirred(): void {
    this.#watch.look();
  }

  close(): void {
    const { all } = this.#ports.lanes;
    this.#leave(lineFailure('TENDER_LINE_STOPPED'));
    for (const lane of all) lane.close();
  }

  loseAll(failure: Failure): void {
    const { epoch } = this.hello ?? { epoch: 0 };
    const { isOpen } = this;
    const { all } = this.#ports.lanes;
    this.#leave(failure);
    for (const lane of all) lane.abandon();
    if (isOpen) this.#ports.lost(failure, epoch);
  }

  readonly #owner: LaneOwner = {
    frame: (lane, frame) => {
      if (this.#ports.lanes.has(lane)) this.#ports.frame(lane, frame);
    },
    acknowledged: (lane, ack) => this.#acknowledged(lane, ack),
    lost: (lane, failure) => this.#laneLost(lane, failure),
  };

  get #roundTripMs(): number {
    return this.#ports.sender.roundTripMs ?? this.lastRttMs ?? roundTripGuessMs;
  }

  #acknowledged(lane: Lane, ack: AckFrame): void {
    const { lanes, sender, clock } = this.#ports;
    if (!lanes.has(lane)) return;
    // A link that is just slow, or was away for a moment: the lanes are as good as any fresh ones.
    const wasSounding = sender.pace.isSounding;
    if (sender.acknowledged(ack, clock.monotonicMs()) > 0) {
      this.#watch.confirmed();
      this.#endDoubt();
    }
    this.#ports.acknowledged(ack);
    if (wasSounding) this.#keeper.tend();
    sender.pump();
  }

  // ------------------------------------------------------------------------------ lanes come and go

  #wanted(): Wanted {
    return {
      whom: this.#ports.whom()!,
      owner: this.#owner,
      answered: () => this.#answered(),
      proved: (shaken, identity) => {
        this.#ports.proved(identity);
        this.#adopt(shaken);
      },
    };
  }

  #race(signal: AbortSignal): Promise<Outcome> {
    const { sender, connector } = this.#ports;
    const roundTripMs = sender.roundTripMs ?? this.lastRttMs;
    const together = Math.min(dialsTogether, this.#keeper.wantedCount);
    const pauses = pausesFor(roundTripMs, this.isOpen, together);
    return connector.race(this.#wanted(), pauses, signal, () => this.#spareNumber());
  }

  /** Of the lane that is worth least: ashore, a fresh one of that number replaces it. */
  #spareNumber(): number {
    const { all } = this.#ports.lanes;
    const isBusy = (lane: Lane) => (lane.oldestMs === undefined ? 1 : 0);
    return [...all].sort((a, b) => isBusy(a) - isBusy(b) || a.newsMs - b.newsMs)[0]?.number ?? 0;
  }

  #adopt({ lane, hello, rttMs }: Shaken): void {
    const { lanes, sender, clock, connector } = this.#ports;
    const isUnwanted = this.isOpen && !this.#doubt && lanes.count >= this.#keeper.wantedCount;
    if (!this.#ports.whom() || isUnwanted) {
      lane.close();
      connector.freed(lane.number);
      return;
    }
    const now = clock.monotonicMs();
    this.lastRttMs = rttMs;
    const before = lanes.at(lane.number);
    if (before) this.#retire(before);
    const isNew = this.hello?.sinceMs !== hello.sinceMs || this.hello.epoch !== hello.epoch;
    lanes.add(lane);
    sender.pace.laneOpened(lane.serial, now);
    sender.pace.roundTrip(rttMs, now);
    sender.allow(hello.limits.unackedMaxBytes);
    // Whatever was on its way on the others when all fell silent goes on this one.
    for (const other of lanes.all)
      if (other !== lane && (isNew || this.#isStuck(other, this.#doubt))) this.#retire(other);
    this.hello = hello;
    if (isNew) this.#ports.began(hello);
    if (lanes.count === 1) this.#goOnSoon();
    if (this.#doubt) this.#endDoubt();
    else this.parted.ask();
    this.#ports.opened();
    this.#keeper.tend();
    this.#watch.look();
    sender.pump();
  }

  #isStuck(lane: Lane, doubt: Doubt | undefined): boolean {
    if (!doubt || lane.outstandingBytes === 0 || lane.newsMs > doubt.sinceMs) return false;
    return doubt.triedMs === undefined || lane.oldestMs! < doubt.triedMs;
  }

  /** The first lane hears at once what the cloud holds: what that makes needless is not sent. */
  #goOnSoon(): void {
    const { hello } = this;
    this.#ports.sender.waitFor(heldComesMs);
    this.#goesOnWhenCounted = true;
    this.#ports.clock.after(heldComesMs, () => {
      if (this.hello === hello && this.parted.isEmpty) this.#counted();
    });
  }

  #counted(): void {
    if (this.#goesOnWhenCounted) this.#ports.wentOn();
    this.#goesOnWhenCounted = false;
    this.#ports.sender.pump();
  }

  #laneLost(lane: Lane, failure: Failure): void {
    const { lanes, sender } = this.#ports;
    if (!lanes.has(lane)) return; // one that was replaced
    // What the cloud itself says, or what is no way to the cloud, is said of the whole session.
    if (failure.class !== 'LINK') {
      this.loseAll(failure);
      return;
    }
    this.#retire(lane);
    if (lanes.count === 0) this.#beginDoubt(failure);
    else this.#keeper.tend();
    this.parted.ask();
    sender.pump();
  }

  /** A lane is of no more use: what it carried goes on others. */
  #retire(lane: Lane): void {
    this.#release(lane);
    lane.abandon();
    this.#ports.laneGone(lane);
  }

  #release(lane: Lane): void {
    const { sender, lanes, connector } = this.#ports;
    sender.pace.laneLost(lane.serial, lane.unconfirmedWireBytes);
    lanes.remove(lane);
    this.parted.add(lane);
    connector.freed(lane.number);
  }

  #leave(failure: Failure): void {
    this.hello = undefined;
    this.#endDoubt();
    this.#ports.connector.hangUp();
    this.#keeper.stop();
    for (const lane of this.#ports.lanes.all) this.#release(lane);
    this.#ports.sender.stop();
    this.parted.stop();
    this.#watch.stop();
    this.#ports.closed(failure);
  }

  // ------------------------------------------------------------------------------ doubt

  /** Faster than TCP: fresh connections decide whether there is a link, and carry on where the old ones fell silent. */
  #beginDoubt(why: Failure): void {
    if (this.#doubt) return;
    const { clock, sender, connector } = this.#ports;
    const cancelReset = clock.after(resetShare * this.#watch.patienceMs, () => this.#resetStuck());
    const doubt: Doubt = { sinceMs: clock.monotonicMs(), end: new AbortController(), cancelReset };
    this.#doubt = doubt;
    sender.halt();
    this.parted.stop(); // it asks again when something answers
    connector.hangUp();
    void this.#race(doubt.end.signal).then((outcome) => {
      if (this.#doubt !== doubt || !('failure' in outcome)) return;
      const { failure } = outcome;
      this.loseAll(failure.class === 'LINK' ? why : failure);
    });
  }

  /** A dial was answered, three round trips before it can carry anything: lanes that were at rest carry on at once. */
  #answered(): void {
    const { lanes, sender, clock } = this.#ports;
    const doubt = this.#doubt;
    if (!doubt || doubt.triedMs !== undefined || !lanes.all.some((lane) => lane.isAtRest)) return;
    doubt.triedMs = clock.monotonicMs();
    this.#resetStuck();
    lanes.useAll();
    sender.goOn();
    this.parted.ask();
    this.#watch.look();
  }

  /** Their TCP has waited longer before each repetition, and would go on doing so beside the lanes that take over. */
  #resetStuck(): void {
    const { lanes } = this.#ports;
    if (!lanes.all.some((lane) => lane.isAtRest)) return; // the last ones may still answer
    for (const lane of lanes.all) if (this.#isStuck(lane, this.#doubt)) this.#retire(lane);
  }

  #endDoubt(): void {
    const doubt = this.#doubt;
    if (!doubt) return;
    this.#doubt = undefined;
    doubt.cancelReset();
    doubt.end.abort();
    this.#ports.sender.goOn();
    this.parted.ask();
  }
}

/** Dials at once while nobody answers: the first that comes through is not to carry all alone. */
const dialsTogether = 2;
