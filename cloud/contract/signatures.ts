// What the cloud signs on the line besides receipts: its HELLO, its answer to a challenge, and its refusal of an upgrade. Each
// begins with its own purpose, so that a signature of one kind is worth nothing as another.
import { verifySignature } from './keys.ts';

const encoder = new TextEncoder();

/** HELLO: purpose, the yacht's nonce (text as sent), device, then the frame up to its signature. */
export function helloMessage(nonce: string, deviceId: string, body: Uint8Array): Uint8Array {
  return join(encoder.encode(`tender hello 1\n${nonce}\n${deviceId}\n`), body);
}

/** PONG: purpose, session, then the PING's nonce. */
export function pongMessage(sessionId: string, nonce: Uint8Array): Uint8Array {
  return join(encoder.encode(`tender pong 1\n${sessionId}\n`), nonce);
}

/**
 * A refused upgrade, carried in the response header `Tender-Answer`. Signed over the yacht's nonce, so that neither a portal nor
 * a replay can set a yacht's clock or make it believe that it was revoked.
 */
export interface UpgradeAnswer {
  readonly status: number;
  readonly code: string;
  /** The cloud's wall clock. */
  readonly timeMs: number;
  readonly retryAfterMs: number;
}

export const answerHeader = 'tender-answer';

export function answerMessage(nonce: string, answer: UpgradeAnswer): Uint8Array {
  const { status, code, timeMs, retryAfterMs } = answer;
  return encoder.encode(`tender answer 1\n${nonce}\n${status}\n${code}\n${timeMs}\n${retryAfterMs}\n`);
}

export function formatAnswer(answer: UpgradeAnswer, signature: Uint8Array): string {
  const base64 = Buffer.from(signature).toString('base64');
  return `code=${answer.code}, time=${answer.timeMs}, retry=${answer.retryAfterMs}, sig=:${base64}:`;
}

const answerPattern =
  /^code=(TENDER_[A-Z_]{1,56}), time=(\d{1,15}), retry=(\d{1,12}), sig=:([A-Za-z0-9+/]{86}==):$/;

/** The answer when its signature is the cloud's and over this nonce; undefined for everything else. */
export function verifiedAnswer(
  header: string | undefined,
  status: number,
  nonce: string,
  cloudKeys: readonly Uint8Array[],
): UpgradeAnswer | undefined {
  const match = answerPattern.exec(header ?? '');
  if (!match) return undefined;
  const answer = { status, code: match[1]!, timeMs: Number(match[2]), retryAfterMs: Number(match[3]) };
  const signature = new Uint8Array(Buffer.from(match[4]!, 'base64'));
  const message = answerMessage(nonce, answer);
  return cloudKeys.some((key) => verifySignature(key, message, signature)) ? answer : undefined;
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
