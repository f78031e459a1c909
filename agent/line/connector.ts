// Gets a proven lane as soon as there is a way. A dial that falls into an outage would sit there until its timeout, long after
// the link is back; so while one is silent another is started beside it, a little later each time, and the first that
// proves the cloud wins. The others are hung up. Called by line.ts to open the line and to decide a doubt.
import type { Failure } from '../../cloud/contract/failure.ts';
import { lineFailure } from './failures.ts';
import { type Handshake, type HandshakePorts, type Shaken, shakeHands, WallClock } from './handshake.ts';
import type { LineIdentity } from './upgrade.ts';

export interface ConnectorPorts extends HandshakePorts {
  /** Read anew for every connection, so that enrolling needs no restart. */
  readonly identity: () => Promise<LineIdentity | undefined>;
  readonly log: (line: { readonly event: string; readonly [key: string]: unknown }) => void;
}

type Outcome = Shaken | { readonly failure: Failure };

/** What a caller wants: whom to be, and where frames go. `proved` runs in the turn in which the cloud proved itself. */
export interface Wanted extends Omit<Handshake, 'identity' | 'proved'> {
  /** Smoothed round trip, if one is known. */
  readonly srttMs: number | undefined;
  readonly proved: (shaken: Shaken, identity: LineIdentity) => void;
}

/** DNS, TCP, TLS and upgrade take 4 to 5 round trips; one that is silent for longer has probably met an outage. */
const roundTripsToProve = 4;
const besideSlackMs = 1_000;
const besideUnknownMs = 8_000;
const besideMinMs = 2_000;
const besideMaxMs = 15_000;
/** Each pause is so much longer than the last: a way that has become slow must get its chance as well. */
const besideGrowth = 1.5;
/** Dials in flight; one more hangs up the oldest. */
const dialsMax = 4;

export class Connector {
  readonly #ports: ConnectorPorts;
  readonly wall: WallClock;

  constructor(ports: ConnectorPorts) {
    this.#ports = ports;
    this.wall = new WallClock(ports.clock);
  }

  /** Resolves with the first proven lane, or with a failure when no dial is left, the cloud itself refused, or time is up. */
  async connect(wanted: Wanted): Promise<Outcome> {
    try {
      const identity = await this.#ports.identity();
      if (!identity) return { failure: lineFailure('TENDER_NOT_ENROLLED') };
      return await this.#race(identity, wanted);
    } catch (error) {
      // A key that cannot be read, an address that is none: nothing was dialled.
      this.#ports.log({ event: 'line.unprepared', error: String(error) });
      return { failure: lineFailure('TENDER_LINE_UNPREPARED') };
    }
  }

  #race(identity: LineIdentity, wanted: Wanted): Promise<Outcome> {
    const { clock, limits } = this.#ports;
    const { srttMs, proved, ...whom } = wanted;
    const dials: AbortController[] = [];
    return new Promise((resolve, reject) => {
      let over = false;
      let besideMs = firstPauseMs(srttMs);
      let cancelNext = () => {};
      /** Nothing more is begun; all dials but one are hung up. */
      const end = (kept?: AbortController) => {
        over = true;
        cancelNext();
        cancelAll();
        for (const other of dials.splice(0)) if (other !== kept) other.abort();
      };
      const cancelAll = clock.after(limits.connectTimeoutMs, () => {
        end();
        resolve({ failure: lineFailure('TENDER_HELLO_LATE') });
      });
      const dial = () => {
        if (dials.length >= dialsMax) dials.shift()!.abort();
        const own = new AbortController();
        dials.push(own);
        const won = (shaken: Shaken) => {
          if (over) {
            shaken.lane.abandon();
            return;
          }
          end(own);
          proved(shaken, identity);
        };
        shakeHands(this.#ports, this.wall, { ...whom, identity, proved: won, signal: own.signal }).then(
          (outcome) => {
            if (!('failure' in outcome)) {
              resolve(outcome);
              return;
            }
            const at = dials.indexOf(own);
            if (over || at < 0) return;
            dials.splice(at, 1);
            // Only silence and broken ways are worth another try beside; anything that answered has answered.
            if (outcome.failure.class === 'LINK' && dials.length > 0) return;
            end();
            resolve(outcome);
          },
          (error) => {
            end();
            reject(error);
          },
        );
        cancelNext = clock.after(besideMs, dial);
        besideMs = Math.min(besideMs * besideGrowth, besideMaxMs);
      };
      dial();
    });
  }
}

function firstPauseMs(srttMs: number | undefined): number {
  if (srttMs === undefined) return besideUnknownMs;
  return Math.min(besideMaxMs, Math.max(besideMinMs, roundTripsToProve * srttMs + besideSlackMs));
}
