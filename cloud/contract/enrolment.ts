// How a device becomes known: `POST /v1/enrol`. The office's code is a secret of 128 bits and the fingerprint of the
// cloud's key, so that the first contact already proves both sides: the yacht's signature shows that it holds its key, the
// cloud's answer is signed by the key whose fingerprint came by another way. Spoken by cloud/api/routes/enrol.ts and by
// the agent's enrolment; keys.ts signs and verifies, this file says over which bytes.

export const enrolPath = '/v1/enrol';

export interface EnrolRequest {
  readonly version: 1;
  /** The secret of the code (enrolment-code.ts), 16 bytes, base64. */
  readonly secret: string;
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
  /** keyIdOf(cloud_key). */
  readonly key_id: string;
  /** The cloud's wall clock. */
  readonly time_ms: number;
  /** Ed25519 by the cloud's key over enrolAnswerBytes, base64. */
  readonly signature: string;
}

/** What the device signs. */
export function enrolRequestBytes(request: Omit<EnrolRequest, 'signature'>): Uint8Array {
  return lines(
    'tender enrolment request',
    request.version,
    request.secret,
    request.public_key,
    request.nonce,
  );
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

function lines(...parts: readonly (string | number)[]): Uint8Array {
  return new TextEncoder().encode(`${parts.join('\n')}\n`);
}
