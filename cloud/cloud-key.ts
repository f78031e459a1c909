// The cloud's Ed25519 key: it signs hellos, receipts and enrolments, and its fingerprint rides in every enrolment code.
// One key for all API processes of an installation; kept by adapters/key-file.ts as 32 bytes in base64.
import { type Signer, signerFromSeed } from './contract/keys.ts';
import type { Random } from './ports.ts';

export interface CloudKey extends Signer {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
}

const head = 'tender-cloud-key-1:';

/** A new key, as the text that is kept. */
export function mintCloudKey(random: Random): string {
  return `${head}${Buffer.from(random.bytes(32)).toString('base64')}\n`;
}

/** Reads a kept key; undefined when the text is not one. */
export function readCloudKey(text: string): CloudKey | undefined {
  const match = /^tender-cloud-key-1:([A-Za-z0-9+/]{43}=)\s*$/.exec(text);
  return match ? signerFromSeed(new Uint8Array(Buffer.from(match[1]!, 'base64'))) : undefined;
}
