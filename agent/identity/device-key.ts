// The device's Ed25519 key: 32 bytes of chance become a key pair aboard, and the private half never leaves. Kept as
// PKCS #8 in PEM, so that ordinary tools can read it. Called by enrolment, and by main.ts for signing.
import { createPrivateKey } from 'node:crypto';
import { type Signer, signerFromSeed } from '../../cloud/contract/keys.ts';
import { TenderError } from '../errors.ts';
import type { Random } from '../ports.ts';

/** Signs for this device; `publicKey` is raw, 32 bytes. */
export type DeviceKey = Signer & { readonly publicKey: Uint8Array };

// RFC 8410: PrivateKeyInfo { version 0, id-Ed25519, OCTET STRING { OCTET STRING seed } }, before its 32 bytes.
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A new key from injected chance, in the form it is kept. */
export function mintKeyFile(random: Random): Uint8Array {
  const der = Buffer.concat([pkcs8Head, random.bytes(32)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return new TextEncoder().encode(String(key.export({ format: 'pem', type: 'pkcs8' })));
}

/** Reads a kept key. Throws TENDER_KEY_BROKEN when the bytes are not one. */
export function readKeyFile(bytes: Uint8Array): DeviceKey {
  try {
    const key = createPrivateKey({ key: Buffer.from(bytes), format: 'pem' });
    if (key.asymmetricKeyType !== 'ed25519') throw new Error('another kind of key');
    return signerFromSeed(new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).d!, 'base64url')));
  } catch (error) {
    throw new TenderError(
      'TENDER_KEY_BROKEN',
      "The device's key file does not hold an Ed25519 key: restore it, or enrol this device again with --replace.",
      { cause: error },
    );
  }
}
