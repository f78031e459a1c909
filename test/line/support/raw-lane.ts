// A lane spoken by hand: a true upgrade, then any bytes at all. For what no well-behaved yacht would say.
import { upgradeRequest } from '../../../agent/line/upgrade.ts';
import { decodeCloudFrame } from '../../../cloud/contract/frame-decoder.ts';
import { encodeYachtFrame } from '../../../cloud/contract/frame-encoder.ts';
import type { CloudFrame, YachtFrame } from '../../../cloud/contract/frames.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import type { MemoryShore } from './shore.ts';

export interface RawLane {
  readonly heard: CloudFrame[];
  /** Close code, once closed. */
  readonly closed: number | undefined;
  readonly isPaused: boolean;
  say(frame: YachtFrame): void;
  sayBytes(bytes: Uint8Array): void;
  cut(): void;
  of<T extends CloudFrame['type']>(type: T): Extract<CloudFrame, { type: T }>[];
}

let nonces = 0;

export async function rawLane(
  shore: MemoryShore,
  clock: FakeClock,
  claim: { lane?: number; boot?: number; sessionId?: string; cursor?: number } = {},
): Promise<RawLane> {
  nonces += 1;
  const nonce = Buffer.alloc(16);
  nonce.writeUInt32BE(nonces);
  const identity = {
    deviceId: shore.deviceId,
    cloudUrl: 'http://localhost:1',
    cloudKeys: [shore.cloudKey.publicKey],
    sign: shore.deviceKey.sign,
  };
  const whole = {
    version: 1,
    logId: 'a'.repeat(32),
    boot: claim.boot ?? 1,
    sessionId: claim.sessionId ?? 'c'.repeat(32),
    lane: claim.lane ?? 0,
    cursor: claim.cursor ?? 0,
    nonce: nonce.toString('base64url'),
  };
  const request = await upgradeRequest(identity, whole, clock.wallMs(), 1_000);
  const path = new URL(request.url).pathname;
  const verdict = await shore.service.admit({ method: 'GET', path, headers: request.headers });
  if ('refuse' in verdict) throw new Error(verdict.refuse.code);
  const heard: CloudFrame[] = [];
  let closed: number | undefined;
  let paused = false;
  const events = verdict.accept({
    send: (bytes) => {
      const decoded = decodeCloudFrame(Uint8Array.from(bytes));
      if (!('frame' in decoded)) throw new Error('the cloud said something unreadable');
      heard.push(decoded.frame);
    },
    bufferedBytes: () => 0,
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
    close: (code) => {
      closed = code;
    },
    terminate: () => {
      closed = 1006;
    },
  });
  return {
    heard,
    get closed() {
      return closed;
    },
    get isPaused() {
      return paused;
    },
    say: (frame) => events.message(encodeYachtFrame(frame)),
    sayBytes: (bytes) => events.message(bytes),
    cut: () => events.closed({ code: 1006, reason: '', clean: false }),
    of: <T extends CloudFrame['type']>(type: T) =>
      heard.filter((frame): frame is Extract<CloudFrame, { type: T }> => frame.type === type),
  };
}
