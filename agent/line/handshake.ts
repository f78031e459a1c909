// Opens one lane and proves the cloud: sign, dial, HELLO over our nonce, and the clock set right once from the cloud's signed
// answer. Nothing but the upgrade request has left before this resolves with a lane.
import type { Failure } from '../../cloud/contract/failure.ts';
import { type HelloFrame, protocolVersion } from '../../cloud/contract/frames.ts';
import type { LineClaim } from '../../cloud/contract/line-header.ts';
import { answerHeader, verifiedAnswer } from '../../cloud/contract/signatures.ts';
import type { LaneDialer } from '../../cloud/contract/socket.ts';
import type { Clock, Random } from '../ports.ts';
import { lineFailure, saidByCloud } from './failures.ts';
import { Lane, type LaneOwner } from './lane.ts';
import type { LineLimitsAboard } from './limits.ts';
import { type LineIdentity, upgradeRequest } from './upgrade.ts';

export interface HandshakePorts {
  readonly dialer: LaneDialer;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: LineLimitsAboard;
}

/** Whom this lane is for, and who hears of it. `proved` is called in the turn in which HELLO came: no frame after it is missed. */
export interface Handshake {
  readonly identity: LineIdentity;
  readonly claim: Omit<LineClaim, 'version' | 'nonce'>;
  readonly owner: LaneOwner;
  readonly proved: (shaken: Shaken) => void;
  /** A connection stands, and has proved nothing yet. */
  readonly answered?: () => void;
  /** Fires when nobody wants this lane any more and it has not proved the cloud yet. */
  readonly signal?: AbortSignal;
}

export interface Shaken {
  readonly lane: Lane;
  readonly hello: HelloFrame;
  /** About one round trip. */
  readonly rttMs: number;
}

/** The wall clock's error as the cloud's signed answers tell; kept for the process's life. */
export class WallClock {
  readonly #clock: Clock;
  offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.wallMs() + this.offsetMs;
  }

  correct(trueMs: number): void {
    this.offsetMs = trueMs - this.#clock.wallMs();
  }
}

/** Opens a lane. A clock that was refused is corrected and tried once more, no oftener. */
export async function shakeHands(
  ports: HandshakePorts,
  wall: WallClock,
  handshake: Handshake,
): Promise<Shaken | { readonly failure: Failure }> {
  const first = await attempt(ports, wall, handshake);
  if (!('trueMs' in first)) return first;
  wall.correct(first.trueMs);
  const second = await attempt(ports, wall, handshake);
  return 'trueMs' in second ? { failure: second.failure } : second;
}

async function attempt(
  { dialer, clock, random, limits }: HandshakePorts,
  wall: WallClock,
  { identity, claim, owner, proved, signal, answered }: Handshake,
): Promise<Shaken | { readonly failure: Failure } | { readonly failure: Failure; readonly trueMs: number }> {
  const nonce = Buffer.from(random.bytes(16)).toString('base64url');
  const whole = { ...claim, version: protocolVersion, nonce };
  const signed = await upgradeRequest(identity, whole, wall.nowMs(), limits.connectTimeoutMs);
  // Hung up while it was being signed: nothing is dialled, or a lane nobody wants would end the one that won.
  if (signal?.aborted) return { failure: lineFailure('TENDER_LINE_CUT') };
  const request = { ...signed, ...(signal && { signal }), ...(answered && { connected: answered }) };
  const began = clock.monotonicMs();

  return new Promise((resolve, reject) => {
    let done = false;
    const finish = (outcome: Shaken | { failure: Failure } | { failure: Failure; trueMs: number }) => {
      done = true;
      cancel();
      signal?.removeEventListener('abort', abandoned);
      resolve(outcome);
    };
    // Until HELLO the lane's end is our failure; afterwards it is its owner's business.
    const early: LaneOwner = {
      ...owner,
      frame: (at, frame) => owner.frame(at, frame),
      acknowledged: (at, ack) => owner.acknowledged(at, ack),
      lost: (at, failure) => (done ? owner.lost(at, failure) : finish({ failure })),
    };
    const trips = request.url.startsWith('wss:') ? 3 : 2;
    const lane = new Lane({
      number: claim.lane,
      owner: early,
      clock,
      identity,
      nonce,
      proved: (hello) => {
        if (
          hello.sessionId !== claim.sessionId ||
          hello.lane !== claim.lane ||
          hello.version > protocolVersion
        ) {
          lane.fail(lineFailure('TENDER_LINE_PROTOCOL'));
          return;
        }
        const shaken = { lane, hello, rttMs: Math.round((clock.monotonicMs() - began) / trips) };
        finish(shaken);
        proved(shaken);
      },
    });
    let cancel = () => {};
    const abandoned = () => lane.fail(lineFailure('TENDER_LINE_CUT'));
    signal?.addEventListener('abort', abandoned, { once: true });
    dialer.dial(request, lane.events).then((dialled) => {
      if ('socket' in dialled) {
        lane.attach(dialled.socket);
        if (!done)
          cancel = clock.after(limits.helloTimeoutMs, () => lane.fail(lineFailure('TENDER_HELLO_LATE')));
        return;
      }
      if (!done) finish(judge(dialled, nonce, identity.cloudKeys));
    }, reject);
  });
}

/** Only a signed refusal counts as the cloud's; without a signature it is something on the way. */
function judge(
  dialled: { failure: Failure; answer?: { status: number; headers: Readonly<Record<string, string>> } },
  nonce: string,
  cloudKeys: readonly Uint8Array[],
): { failure: Failure } | { failure: Failure; trueMs: number } {
  const { failure, answer } = dialled;
  if (!answer) return { failure };
  const verified = verifiedAnswer(answer.headers[answerHeader], answer.status, nonce, cloudKeys);
  if (!verified)
    return { failure: failure.class === 'AUTH' ? lineFailure('TENDER_CLOUD_UNPROVEN') : failure };
  const said = saidByCloud(verified);
  return verified.code === 'TENDER_CLOCK_WRONG'
    ? { failure: said, trueMs: verified.timeMs }
    : { failure: said };
}
