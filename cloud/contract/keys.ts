// Ed25519 as tender uses it: raw 32-byte public keys, key ids and fingerprints made from them, and a signer that hides where
// the private half lies. Used by both ends for hellos, answers, receipts and requests.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Signs with one private key; which one says `keyId`. */
export interface Signer {
  readonly keyId: string;
  /** Ed25519, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

export const fingerprintBytes = 16;

/** What a person's enrolment code carries of the cloud's key: the first 16 bytes of SHA-256 over the raw public key. */
export function fingerprint(publicKey: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(publicKey).digest().subarray(0, fingerprintBytes));
}

/** Short name of a key: its fingerprint in base64url, 22 characters. */
export function keyIdOf(publicKey: Uint8Array): string {
  return Buffer.from(fingerprint(publicKey)).toString('base64url');
}

/** A signer from a 32-byte Ed25519 seed (the private key as RFC 8032 stores it). */
export function signerFromSeed(seed: Uint8Array): Signer & { readonly publicKey: Uint8Array } {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex'); // PKCS#8 of RFC 8410 up to the seed
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = new Uint8Array(Buffer.from(jwk.x ?? '', 'base64url'));
  return { keyId: keyIdOf(publicKey), publicKey, sign: (bytes) => new Uint8Array(sign(null, bytes, key)) };
}

/** True only for a good signature; a key or signature of the wrong shape is simply not good. */
export function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return verify(null, bytes, keyObject(publicKey), signature) === true;
  } catch {
    return false;
  }
}

function keyObject(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
