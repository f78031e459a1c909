// The signed upgrade request of a lane: path, Tender-Line, and the device's RFC 9421 signature over both. Its counterpart is
// cloud/line/admission.ts.
import { signMessage } from 'http-message-signatures/lib/httpbis/index.js';
import { subprotocol } from '../../cloud/contract/frames.ts';
import {
  formatClaim,
  type LineClaim,
  lineHeader,
  linePath,
  upgradeComponents,
  upgradeLabel,
  upgradeParameters,
} from '../../cloud/contract/line-header.ts';
import type { LaneRequest } from '../../cloud/contract/socket.ts';

/** What the line needs of the device's identity. */
export interface LineIdentity {
  readonly deviceId: string;
  /** http(s) or ws(s) origin of the cloud, without a slash at the end. */
  readonly cloudUrl: string;
  /** Raw Ed25519 keys whose hellos and receipts count: the present one, and the next during a rotation. */
  readonly cloudKeys: readonly Uint8Array[];
  /** Ed25519 by the device's key. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** `nowMs`: the wall clock as corrected by the cloud. */
export async function upgradeRequest(
  identity: LineIdentity,
  claim: LineClaim,
  nowMs: number,
  connectTimeoutMs: number,
): Promise<LaneRequest> {
  const path = linePath(identity.deviceId);
  const origin = identity.cloudUrl.replace(/^http/, 'ws');
  const signed = await signMessage(
    {
      key: {
        id: identity.deviceId,
        alg: 'ed25519',
        sign: async (data: Buffer) => Buffer.from(identity.sign(data)),
      },
      name: upgradeLabel,
      fields: [...upgradeComponents],
      params: [...upgradeParameters],
      // A clock at its zero or before it has no `created` that could be read: the answer to this one sets it right.
      paramValues: { created: new Date(Math.max(nowMs, 1_000)), nonce: claim.nonce },
    },
    { method: 'GET', url: `${origin}${path}`, headers: { [lineHeader]: formatClaim(claim) } },
  );
  return {
    url: `${origin}${path}`,
    subprotocol,
    headers: Object.fromEntries(
      Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    connectTimeoutMs,
  };
}
