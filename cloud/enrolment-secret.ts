// The secret of an enrolment code has two faces: 16 bytes in what a person carries (contract/enrolment-code.ts), 26 characters
// of base32 in what decide/devices.ts hashes. This file is the bridge between them.

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The secret of a code as devices.issueCode made it. */
export function secretOfCode(code: string): Uint8Array {
  let value = 0n;
  for (const character of code) value = (value << 5n) | BigInt(alphabet.indexOf(character));
  // 130 bits of text: the last two are padding.
  return new Uint8Array(Buffer.from((value >> 2n).toString(16).padStart(32, '0'), 'hex'));
}

/** The inverse of secretOfCode. */
export function codeOfSecret(secret: Uint8Array): string {
  let value = BigInt(`0x${Buffer.from(secret).toString('hex') || '0'}`) << 2n;
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}
