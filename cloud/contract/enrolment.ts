// How a device becomes known: `POST /v1/enrol`. The office's code is a secret of 128 bits and the fingerprint of the
// cloud's key, so that the first contact already proves both sides: the yacht's signature shows that it holds its key, the
// cloud's answer is signed by the key whose fingerprint came by another way. Spoken by cloud/api/routes/enrol.ts and by
// the agent's enrolment; signing and hashing are done there, this file says over which bytes.
import { ulidFromBytes } from './ids.ts';

export const enrolPath = '/v1/enrol';

export interface EnrolRequest {
  readonly version: 1;
  /** The secret half of the code, as parseEnrolmentCode gives it. */
  readonly code: string;
  /** Ed25519, 32 raw bytes, base64. */
  readonly public_key: string;
  /** 32 random bytes, base64. */
  readonly nonce: string;
  /** Ed25519 by the device's key over enrolRequestBytes, base64. */
  readonly signature: string;
}

/** 201. Asking again with the same code and key while the code lives gives the same device. */
export interface EnrolAnswer {
  readonly device_id: string;
  readonly tenant_id: string;
  readonly device_name: string;
  /** The cloud's Ed25519 key, 32 raw bytes, base64: it signs HELLO and receipts. */
  readonly cloud_key: string;
  readonly key_id: string;
  /** The cloud's wall clock. */
  readonly time_ms: number;
  /** Ed25519 by the cloud's key over enrolAnswerBytes, base64. */
  readonly signature: string;
}

/** What the device signs. */
export function enrolRequestBytes(request: Omit<EnrolRequest, 'signature'>): Uint8Array {
  return lines('tender enrolment request', request.version, request.code, request.public_key, request.nonce);
}

/** What the cloud signs: its answer, bound to the request by nonce and key. */
export function enrolAnswerBytes(
  request: Pick<EnrolRequest, 'public_key' | 'nonce'>,
  answer: Omit<EnrolAnswer, 'signature'>,
): Uint8Array {
  return lines(
    'tender enrolment answer',
    request.public_key,
    request.nonce,
    answer.device_id,
    answer.tenant_id,
    JSON.stringify(answer.device_name),
    answer.cloud_key,
    answer.key_id,
    answer.time_ms,
  );
}

/** 26 characters of a key: the first 128 bits of the SHA-256 (given) of its 32 raw bytes. */
export function fingerprintOf(keySha256: Uint8Array): string {
  return ulidFromBytes(keySha256.subarray(0, 16));
}

/** The code as printed: 13 groups of 4, secret first. */
export function formatEnrolmentCode(secret: string, fingerprint: string): string {
  return (secret + fingerprint).replace(/(.{4})(?=.)/g, '$1-');
}

/** The halves of a code as typed: case, spaces, dashes, O for 0, I and L for 1 forgiven. undefined: not a code. */
export function parseEnrolmentCode(
  text: string,
): { readonly secret: string; readonly fingerprint: string } | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  if (!/^[0-9A-HJKMNP-TV-Z]{52}$/.test(plain)) return undefined;
  return { secret: plain.slice(0, 26), fingerprint: plain.slice(26) };
}

function lines(...parts: readonly (string | number)[]): Uint8Array {
  return new TextEncoder().encode(`${parts.join('\n')}\n`);
}
