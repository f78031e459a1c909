// The shore end of the line: admits upgrades, keeps one session per device, fences older ones, speaks first on every lane.
// Built in main.ts (and by the simulator); adapters/line-upgrade.ts brings it the sockets.
import { encodeHelloBody } from '../contract/frame-encoder.ts';
import type { HelloFrame, LineLimits } from '../contract/frames.ts';
import { protocolVersion } from '../contract/frames.ts';
import type { ProblemCode } from '../contract/problems.ts';
import { helloMessage } from '../contract/signatures.ts';
import type { LaneSocket, LaneSocketEvents } from '../contract/socket.ts';
import type { Devices } from '../decide/devices.ts';
import { type Admission, createAdmission, type Refusal, type UpgradeRequest } from './admission.ts';
import { createDecodeChunk } from './decode.ts';
import type { Unzstd } from './decode-zstd.ts';
import { Lane } from './lane.ts';
import { type LineLimitsAshore, lineLimits } from './limits.ts';
import { Session, type SessionPorts } from './session.ts';
import { createShelf } from './shelf.ts';

export interface LineService {
  /** May this lane open? `accept` must be called in the turn in which its socket opens. */
  admit(
    request: UpgradeRequest,
  ): Promise<{ readonly accept: (socket: LaneSocket) => LaneSocketEvents } | { readonly refuse: Refusal }>;
  /** Ends a device's session at once: revoked, or for maintenance. */
  end(deviceId: string, code: ProblemCode): void;
  status(): { readonly sessions: number; readonly lanes: number; readonly partialBytes: number };
  /** Says goodbye on every lane; what is on its way to the store still arrives there. */
  close(): void;
}

export interface LineServicePorts extends Omit<SessionPorts, 'shelf' | 'limits' | 'decodeChunk'> {
  readonly devices: Pick<Devices, 'authenticate' | 'beginSession'>;
  readonly limits?: LineLimitsAshore;
  /** Where threads would make a run another than the one before: the simulator and tests decode on their own. */
  readonly unzstd?: Unzstd;
}

export function createLineService(ports: LineServicePorts): LineService {
  const limits = ports.limits ?? lineLimits;
  const shelf = createShelf(ports.documents, limits);
  const sessions = new Map<string, Session>();
  const admit = createAdmission({ ...ports, noncesMax: limits.noncesMax });
  const sessionPorts: SessionPorts = { ...ports, shelf, limits, decodeChunk: createDecodeChunk(ports) };
  let closing = false;

  /** The device's session: joined by its other lanes, replaced by a newer one. Undefined: this lane is the older. */
  const sessionFor = ({ claim, scope }: Admission): Session | undefined => {
    const current = sessions.get(scope.deviceId);
    if (current?.scope.epoch === scope.epoch && current.sessionId === claim.sessionId) return current;
    if (current && current.scope.epoch > scope.epoch) return undefined;
    const session = new Session(claim.sessionId, scope, claim.cursor, sessionPorts, (left) => {
      if (sessions.get(scope.deviceId) === left) sessions.delete(scope.deviceId);
    });
    sessions.set(scope.deviceId, session);
    current?.end('TENDER_SESSION_FENCED');
    return session;
  };

  const accept = (admission: Admission, socket: LaneSocket): LaneSocketEvents => {
    const session = sessionFor(admission);
    const owner = session && {
      frame: session.frame.bind(session),
      arrived: session.arrived.bind(session),
      closed: session.laneClosed.bind(session),
      fault: (error: unknown) => ports.log({ event: 'line.frame.failed', error: String(error) }),
    };
    const { clock, signer } = ports;
    const serial = session?.nextSerial() ?? 1;
    const sinceMs = session?.sinceMs ?? 0;
    const nobody = { frame: () => {}, arrived: () => {}, closed: () => {}, fault: () => {} };
    const lane = new Lane(
      { number: admission.claim.lane, serial },
      { socket, clock, limits, owner: owner ?? nobody },
    );
    lane.send(hello(admission, { serial, sinceMs, timeMs: clock.wallMs(), signer, limits }));
    if (!session || closing) lane.bye(session ? 'TENDER_LINE_CLOSING' : 'TENDER_SESSION_FENCED');
    else session.join(lane, admission.claim.cursor);
    return lane.events;
  };

  return {
    async admit(request) {
      const verdict = await admit(request);
      if ('refused' in verdict) return { refuse: verdict.refused };
      return { accept: (socket) => accept(verdict.admitted, socket) };
    },
    end: (deviceId, code) => sessions.get(deviceId)?.end(code),
    status: () => ({
      sessions: [...sessions.values()].filter((session) => session.laneCount > 0).length,
      lanes: [...sessions.values()].reduce((sum, session) => sum + session.laneCount, 0),
      partialBytes: shelf.partialBytes(),
    }),
    close() {
      closing = true;
      for (const session of [...sessions.values()]) session.end('TENDER_LINE_CLOSING');
    },
  };
}

function hello(
  { claim, scope }: Admission,
  {
    serial,
    sinceMs,
    timeMs,
    signer,
    limits,
  }: {
    serial: number;
    sinceMs: number;
    timeMs: number;
    signer: LineServicePorts['signer'];
    limits: LineLimitsAshore;
  },
): HelloFrame {
  const { frameMaxBytes, handlesMax, manifestEntriesMax, unackedMaxBytes, chunkMaxBytes } = limits;
  const told: LineLimits = { frameMaxBytes, handlesMax, manifestEntriesMax, unackedMaxBytes, chunkMaxBytes };
  const body = {
    type: 'HELLO' as const,
    version: Math.min(claim.version, protocolVersion),
    sessionId: claim.sessionId,
    lane: claim.lane,
    serial,
    sinceMs,
    epoch: scope.epoch,
    timeMs,
    tenantId: scope.tenantId,
    keyId: signer.keyId,
    limits: told,
    extensions: [],
  };
  return {
    ...body,
    signature: signer.sign(helloMessage(claim.nonce, scope.deviceId, encodeHelloBody(body))),
  };
}
