// May this lane open? Reads the upgrade request, checks the device's signature (RFC 9421, Ed25519) over method, path and
// Tender-Line, the clock and replay, then begins or joins the session. Refusals are signed over the yacht's nonce, so that only the
// true cloud can set a clock or stop a line for good. Called by service.ts.
import { verifyMessage } from 'http-message-signatures/lib/httpbis/index.js';
import { codeOf } from '../cloud-error.ts';
import { type Signer, verifySignature } from '../contract/keys.ts';
import {
  deviceOfPath,
  type LineClaim,
  lineHeader,
  parseClaim,
  parseSignatureInput,
  upgradeWindowMs,
} from '../contract/line-header.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import { answerHeader, answerMessage, formatAnswer } from '../contract/signatures.ts';
import type { Devices } from '../decide/devices.ts';
import type { Clock, Device, DeviceScope } from '../ports.ts';

/** An HTTP request that asks for a WebSocket, as the adapter read it. Header names in lower case. */
export interface UpgradeRequest {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface Admission {
  readonly claim: LineClaim;
  readonly scope: DeviceScope;
}

/** An HTTP answer that says no. */
export interface Refusal {
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  /** application/problem+json */
  readonly body: string;
}

export interface AdmissionPorts {
  readonly devices: Pick<Devices, 'authenticate' | 'beginSession'>;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly noncesMax: number;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

export type Admit = (request: UpgradeRequest) => Promise<{ admitted: Admission } | { refused: Refusal }>;

export function createAdmission(ports: AdmissionPorts): Admit {
  const nonces = createNonceMemory(ports.clock, ports.noncesMax);
  return async (request) => {
    const { claim, nonce } = readClaim(request);
    const refuse = (code: ProblemCode) => ({ refused: refusal(ports, code, nonce) });
    try {
      if (!claim) return refuse('TENDER_LINE_CLAIM_INVALID');
      const verdict = await authenticate(ports, request, claim);
      if ('code' in verdict) return refuse(verdict.code);
      const { device } = verdict;
      if (!nonces.add(`${device.deviceId} ${claim.nonce}`)) return refuse('TENDER_REQUEST_REPLAYED');
      const { logId, boot, sessionId } = claim;
      const grant = await ports.devices.beginSession(device.deviceId, { logId, boot, sessionId });
      if (!grant.granted) return refuse(grant.code);
      const scope = { tenantId: device.tenantId, deviceId: device.deviceId, epoch: grant.epoch };
      return { admitted: { claim, scope } };
    } catch (error) {
      const code = codeOf(error);
      if (!code) ports.log({ event: 'line.admission.failed', error: String(error) });
      return refuse(code ?? 'TENDER_CLOUD_INTERNAL');
    }
  };
}

function readClaim(request: UpgradeRequest): { claim?: LineClaim; nonce: string } {
  const claim = parseClaim(request.headers[lineHeader] ?? '');
  if (!claim || request.method !== 'GET') return { nonce: claim?.nonce ?? '' };
  return { claim, nonce: claim.nonce };
}

/** Signature before clock: only the device itself is told the time. */
async function authenticate(
  { devices, clock }: AdmissionPorts,
  request: UpgradeRequest,
  claim: LineClaim,
): Promise<{ device: Device } | { code: ProblemCode }> {
  const deviceId = deviceOfPath(request.path);
  const signed = parseSignatureInput(request.headers['signature-input'] ?? '');
  if (!deviceId || !signed || signed.nonce !== claim.nonce || signed.keyId !== deviceId) {
    return { code: 'TENDER_SIGNATURE_REFUSED' };
  }
  const device = await devices.authenticate(deviceId);
  if (!(await signatureIsGood(request, device.publicKey))) return { code: 'TENDER_SIGNATURE_REFUSED' };
  if (Math.abs(signed.createdMs - clock.wallMs()) > upgradeWindowMs) return { code: 'TENDER_CLOCK_WRONG' };
  return { device };
}

async function signatureIsGood(request: UpgradeRequest, publicKey: Uint8Array): Promise<boolean> {
  const { headers, method, path } = request;
  const { signature, 'signature-input': input, [lineHeader]: line } = headers;
  if (!signature || !input || !line) return false;
  try {
    const verdict = await verifyMessage(
      {
        keyLookup: async () => ({
          algs: ['ed25519'],
          verify: async (data, bytes) => verifySignature(publicKey, data, bytes),
        }),
        // The window is checked above with our own clock, after the signature.
        notAfter: Number.MAX_SAFE_INTEGER,
      },
      // Only the path of the URL is signed; the name under which the cloud is reached is the proxy's business.
      {
        method,
        url: `https://cloud.invalid${path}`,
        headers: { signature, 'signature-input': input, [lineHeader]: line },
      },
    );
    return verdict === true; // an unsigned request verifies as null
  } catch {
    return false; // the library throws on what it cannot parse
  }
}

function refusal({ signer, clock }: AdmissionPorts, code: ProblemCode, nonce: string): Refusal {
  const { status, title } = problems[code];
  const retryAfterMs = status === 429 || status === 503 ? 5_000 : 0;
  const answer = { status, code, timeMs: clock.wallMs(), retryAfterMs };
  return {
    status,
    code,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      [answerHeader]: formatAnswer(answer, signer.sign(answerMessage(nonce, answer))),
      ...(retryAfterMs > 0 && { 'retry-after': String(retryAfterMs / 1000) }),
    },
    body: JSON.stringify({ type: 'about:blank', title, status, code }),
  };
}

/** Nonces seen within the window of a signature; the oldest go first when there are too many. */
function createNonceMemory(clock: Clock, max: number): { add(nonce: string): boolean } {
  const seen = new Map<string, number>();
  return {
    add(nonce) {
      const now = clock.monotonicMs();
      for (const [old, at] of seen) {
        if (seen.size < max && now - at <= 2 * upgradeWindowMs) break;
        seen.delete(old);
      }
      if (seen.has(nonce)) return false;
      seen.set(nonce, now);
      return true;
    },
  };
}
