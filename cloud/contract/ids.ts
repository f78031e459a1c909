// Ids as they travel. An upload id is a ULID (26 characters of Crockford base32, 128 bits); tenants, devices and documents are
// UUIDs, which travel as 16 bytes, though any short text is allowed.
import type { ByteReader, ByteWriter } from './bytes.ts';
import { Malformed } from './bytes.ts';

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ulidPattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const idTextMaxBytes = 64;

export function isUlid(text: string): boolean {
  return ulidPattern.test(text);
}

/** 16 bytes → 26 characters. Sorts as its time does. */
export function ulidFromBytes(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 2; // 130 bits of text for 128 of content: two zero bits lead
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += crockford[(bits >>> held) & 31];
    }
    bits &= (1 << held) - 1;
  }
  return text;
}

/** 26 characters → 16 bytes. Throws RangeError on anything that is not a ULID. */
export function ulidToBytes(ulid: string): Uint8Array {
  if (!isUlid(ulid)) throw new RangeError('not a ULID');
  const bytes = new Uint8Array(16);
  let bits = 0;
  let held = -2;
  let at = 0;
  for (const character of ulid) {
    bits = (bits << 5) | crockford.indexOf(character);
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >>> held) & 0xff;
      bits &= (1 << held) - 1;
    }
  }
  return bytes;
}

/** A new ULID from the wall clock and 10 random bytes. */
export function mintUlid(wallMs: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  let time = Math.max(0, Math.min(Math.floor(wallMs), 2 ** 48 - 1));
  for (let at = 5; at >= 0; at--) {
    bytes[at] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  return ulidFromBytes(bytes);
}

/** When a ULID was minted, ms since 1970 by the clock of its maker. */
export function ulidTimeMs(ulid: string): number {
  return ulidToBytes(ulid)
    .subarray(0, 6)
    .reduce((time, byte) => time * 256 + byte, 0);
}

/** 0 and 16 bytes for a UUID, else the text with its length (1 … 64). */
export function writeId(writer: ByteWriter, id: string): void {
  if (uuidPattern.test(id)) writer.varint(0).fixed(bytesFromHex(id.replaceAll('-', '')));
  else if (id.length === 0) throw new RangeError('an id is not empty');
  else writer.text(id);
}

export function readId(reader: ByteReader): string {
  if (reader.bytes[reader.position] !== 0) {
    const text = reader.text(idTextMaxBytes);
    if (uuidPattern.test(text)) throw new Malformed('a UUID travels as 16 bytes');
    return text;
  }
  reader.byte();
  const hex = hexFromBytes(reader.fixed(16));
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function hexFromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Lower-case hex of even length; the caller has checked it. */
export function bytesFromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}
