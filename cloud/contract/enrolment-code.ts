// The one-time code that a person carries from shore to yacht: 128 random bits, the fingerprint of the cloud's key, and a
// checksum, in Crockford base32. The yacht trusts no cloud whose key does not match it.
import { createHash } from 'node:crypto';
import { fingerprint, fingerprintBytes } from './keys.ts';

export interface EnrolmentCode {
  /** 16 bytes, known only to the code's holder; the cloud keeps a hash. */
  readonly secret: Uint8Array;
  /** First 16 bytes of SHA-256 over the cloud's public key. */
  readonly cloudFingerprint: Uint8Array;
}

const secretBytes = 16;
const checkBytes = 3;
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 56 characters in groups of seven, e.g. `7ZXW3AB-…`. */
export function formatEnrolmentCode(code: EnrolmentCode): string {
  const body = Buffer.concat([code.secret, code.cloudFingerprint]);
  const text = encode(Buffer.concat([body, checksum(body)]));
  return text.match(/.{1,7}/g)!.join('-');
}

/** Forgives case, spaces, dashes, O for 0 and I or L for 1; undefined when the checksum says that it was mistyped. */
export function parseEnrolmentCode(text: string): EnrolmentCode | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  const bytes = decode(plain);
  if (bytes?.length !== secretBytes + fingerprintBytes + checkBytes) return undefined;
  const body = bytes.subarray(0, secretBytes + fingerprintBytes);
  if (!checksum(body).equals(bytes.subarray(body.length))) return undefined;
  return {
    secret: new Uint8Array(body.subarray(0, secretBytes)),
    cloudFingerprint: new Uint8Array(body.subarray(secretBytes)),
  };
}

/** Is this public key the one the code speaks of? */
export function codeNamesKey(code: EnrolmentCode, cloudPublicKey: Uint8Array): boolean {
  return Buffer.from(fingerprint(cloudPublicKey)).equals(code.cloudFingerprint);
}

function checksum(body: Uint8Array): Buffer {
  return createHash('sha256').update('tender enrolment 1\n').update(body).digest().subarray(0, checkBytes);
}

/** 35 bytes are 56 characters, without padding. */
function encode(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += alphabet[(bits >>> held) & 31];
    }
    bits &= (1 << held) - 1;
  }
  return text;
}

function decode(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value < 0) return undefined;
    bits = (bits << 5) | value;
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes.push((bits >>> held) & 0xff);
      bits &= (1 << held) - 1;
    }
  }
  return held === 0 && bits === 0 ? Buffer.from(bytes) : undefined;
}
