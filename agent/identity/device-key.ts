// The device's Ed25519 key: 32 bytes of chance become a key pair aboard, and the private half never leaves. Kept as
// PKCS #8 in PEM, so that ordinary tools can read it. Called by enrolment, and by main.ts for signing.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { TenderError } from '../errors.ts';
import type { Random } from '../ports.ts';

export interface DeviceKey {
  readonly privateKey: KeyObject;
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
}

// RFC 8410: PrivateKeyInfo { version 0, id-Ed25519, OCTET STRING { OCTET STRING seed } }, before its 32 bytes.
const pkcs8Head = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

/** A new key from injected chance, in the form it is kept. */
export function mintKeyFile(random: Random): Uint8Array {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Head, random.bytes(32)]),
    format: 'der',
    type: 'pkcs8',
  });
  return new TextEncoder().encode(String(key.export({ format: 'pem', type: 'pkcs8' })));
}

/** Reads a kept key. Throws TENDER_KEY_BROKEN when the bytes are not one. */
export function readKeyFile(bytes: Uint8Array): DeviceKey {
  try {
    const privateKey = createPrivateKey({ key: Buffer.from(bytes), format: 'pem' });
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('another kind of key');
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
    return { privateKey, publicKey: new Uint8Array(Buffer.from(x!, 'base64url')) };
  } catch (error) {
    throw new TenderError(
      'TENDER_KEY_BROKEN',
      "The device's key file does not hold an Ed25519 key: restore it, or enrol this device again with --replace.",
      { cause: error },
    );
  }
}
