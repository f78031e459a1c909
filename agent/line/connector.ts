// Gets proven lanes. While nobody answers, dials are started beside each other: one that falls into an outage would sit there until
// its timeout, long after the link is back. Once a lane is there, others are dialled one by one. Each dial has a number of its
// own, so that none ends another ashore. Called by lane-keeper.ts.
import type { Failure } from '../../cloud/contract/failure.ts';
import { lanesMaxCount } from '../../cloud/contract/line-header.ts';
import type { Clock } from '../ports.ts';
import { lineFailure } from './failures.ts';
import { type Handshake, type HandshakePorts, type Shaken, shakeHands, WallClock } from './handshake.ts';
import type { LineIdentity } from './upgrade.ts';

export interface ConnectorPorts extends HandshakePorts {
  /** Read anew for every connection, so that enrolling needs no restart. */
  readonly identity: () => Promise<LineIdentity | undefined>;
  readonly log: (line: { readonly event: string; readonly [key: string]: unknown }) => void;
}

export type Outcome = Shaken | { readonly failure: Failure };

/** Whom a lane is for. `proved` runs in the turn in which the cloud proved itself. */
export interface Wanted {
  readonly whom: Omit<Handshake['claim'], 'lane'>;
  readonly owner: Handshake['owner'];
  /** A connection stands, and has proved nothing yet. */
  readonly answered?: () => void;
  readonly proved: (shaken: Shaken, identity: LineIdentity) => void;
}

export interface Pauses {
  /** Between one silent dial and the one beside it. */
  readonly firstMs: number;
  /** Each pause is so much longer than the last: a way that has become slow must get its chance as well. */
  readonly growth: number;
  readonly mostMs: number;
  /** Dials in flight; one more hangs up the oldest. */
  readonly dialsMax: number;
  /** Dials begun beside each other. */
  readonly together: number;
}

interface Dial {
  readonly number: number;
  /** An open lane has this number still: the dial is to replace it. */
  isSpare: boolean;
  readonly abort: AbortController;
}

export class Connector {
  readonly wall: WallClock;
  readonly #ports: ConnectorPorts;
  readonly #clock: Clock;
  /** Numbers nobody uses, the one unused longest first: a dial that was hung up may still reach the cloud. */
  #free: number[] = Array.from({ length: lanesMaxCount }, (_, number) => number);
  readonly #dials = new Set<Dial>();

  constructor(ports: ConnectorPorts) {
    this.#ports = ports;
    this.#clock = ports.clock;
    this.wall = new WallClock(ports.clock);
  }

  get dialling(): number {
    return this.#dials.size;
  }

  /** A lane of this number is gone; the next dial takes it, which tells the cloud. */
  freed(number: number): void {
    for (const dial of this.#dials)
      if (dial.number === number) {
        dial.isSpare = false;
        return;
      }
    if (!this.#free.includes(number)) this.#free.unshift(number);
  }

  /** Hangs up whatever was not answered. */
  hangUp(): void {
    for (const { abort } of [...this.#dials]) abort.abort();
  }

  /** One dial. `spare`: the number to take when none is free. */
  async dial(wanted: Wanted, spare?: number): Promise<Outcome> {
    const free = this.#free.shift();
    const number = free ?? spare;
    if (number === undefined) return { failure: lineFailure('TENDER_LINE_STOPPED') };
    const dial: Dial = { number, isSpare: free === undefined, abort: new AbortController() };
    this.#dials.add(dial);
    let proved = false;
    try {
      const identity = await this.#ports.identity();
      if (!identity) return { failure: lineFailure('TENDER_NOT_ENROLLED') };
      return await shakeHands(this.#ports, this.wall, {
        identity,
        claim: { ...wanted.whom, lane: number },
        owner: wanted.owner,
        ...(wanted.answered && { answered: wanted.answered }),
        signal: dial.abort.signal,
        proved: (shaken) => {
          proved = true;
          this.#dials.delete(dial);
          wanted.proved(shaken, identity);
        },
      });
    } catch (error) {
      // A key that cannot be read, an address that is none: nothing was dialled.
      this.#ports.log({ event: 'line.unprepared', error: String(error) });
      return { failure: lineFailure('TENDER_LINE_UNPREPARED') };
    } finally {
      this.#dials.delete(dial);
      if (!proved && !dial.isSpare && !this.#free.includes(number)) this.#free.push(number);
    }
  }

  /** Resolves with the first proven lane, or with a failure when no dial is left, the cloud itself refused, or time is up. */
  race(wanted: Wanted, pauses: Pauses, signal: AbortSignal, spare?: () => number): Promise<Outcome> {
    return new Promise((resolve) => {
      let over = false;
      let pauseMs = pauses.firstMs;
      let inFlight = 0;
      let cancelNext = () => {};
      const end = (outcome: Outcome) => {
        if (over) return;
        over = true;
        cancelNext();
        cancelAll();
        signal.removeEventListener('abort', stop);
        resolve(outcome);
      };
      const giveUp = (failure: Failure) => {
        this.hangUp();
        end({ failure });
      };
      // Nobody waits for the first any more; what is on its way may still become a lane.
      const stop = () => end({ failure: lineFailure('TENDER_LINE_CUT') });
      const cancelAll = this.#clock.after(this.#ports.limits.connectTimeoutMs, () =>
        giveUp(lineFailure('TENDER_HELLO_LATE')),
      );
      signal.addEventListener('abort', stop, { once: true });
      const dialSome = () => {
        for (let n = 0; n < pauses.together; n++) if (!over) dial();
        cancelNext = over ? () => {} : this.#clock.after(pauseMs, dialSome);
        pauseMs = Math.min(pauseMs * pauses.growth, pauses.mostMs);
      };
      const dial = () => {
        const isFull = this.#dials.size >= pauses.dialsMax;
        if (isFull) [...this.#dials].find(({ abort }) => !abort.signal.aborted)?.abort.abort();
        // Two of one number would replace each other ashore: without a free one the next round is waited for.
        if (this.#free.length === 0 && this.#dials.size > 0) return;
        inFlight += 1;
        const won = (shaken: Shaken, identity: LineIdentity) => {
          // Whoever comes later is one more lane.
          end(shaken);
          wanted.proved(shaken, identity);
        };
        void this.dial({ ...wanted, proved: won }, spare?.()).then((outcome) => {
          inFlight -= 1;
          if (over || !('failure' in outcome)) return;
          // Only silence and broken ways are worth another try beside; anything that answered has answered.
          if (outcome.failure.class === 'LINK' && inFlight > 0) return;
          giveUp(outcome.failure);
        });
      };
      dialSome();
    });
  }
}

/** DNS, TCP, TLS and upgrade take 4 to 5 round trips; one that is silent for longer has probably met an outage. */
const roundTripsToProve = 4;
const besideSlackMs = 1_000;
const besideUnknownMs = 8_000;
const besideMinMs = 2_000;
const besideMaxMs = 15_000;
/**
 * A line that was open a moment ago. The kernel repeats what opens a connection 1 and 3 s later: dials that begin 0.6 s apart knock
 * every 0.4 s at the longest. Each lives for all the round trips it needs. */
const againMs = 600;
const againTrips = 0.8;
const againRounds = 6;

/** `isOpen`: the line was there until now, and so many dials are begun at once. */
export function pausesFor(roundTripMs: number | undefined, isOpen: boolean, together: number): Pauses {
  if (isOpen) {
    const pauseMs = Math.max(againMs, againTrips * (roundTripMs ?? 0));
    return { firstMs: pauseMs, growth: 1, mostMs: pauseMs, dialsMax: againRounds * together, together };
  }
  const firstMs =
    roundTripMs === undefined
      ? besideUnknownMs
      : Math.min(besideMaxMs, Math.max(besideMinMs, roundTripsToProve * roundTripMs + besideSlackMs));
  return { firstMs, growth: 1.5, mostMs: besideMaxMs, dialsMax: 4, together: 1 };
}
