// The alphabet of the line: unsigned LEB128 varints, length-prefixed bytes, fixed-length bytes. Every value has exactly one
// encoding (shortest varints), so that a frame and its bytes are the same thing. Used by frames on both ends.

/** Thrown inside the codec only; decodeFrame turns it into a problem. */
export class Malformed extends Error {}

const varintMaxBytes = 8; // 2^53 − 1 needs 8 groups of 7 bits

export class ByteReader {
  readonly bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.position;
  }

  byte(): number {
    if (this.left < 1) throw new Malformed('ends early');
    return this.bytes[this.position++]!;
  }

  /** 0 … 2^53 − 1, in the fewest bytes. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= varintMaxBytes; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && count > 1) throw new Malformed('number not in its shortest form');
        if (value > Number.MAX_SAFE_INTEGER) throw new Malformed('number beyond 2^53 − 1');
        return value;
      }
      scale *= 128;
    }
    throw new Malformed('number too long');
  }

  /** A view, not a copy. */
  fixed(count: number): Uint8Array {
    if (this.left < count) throw new Malformed('ends early');
    const view = this.bytes.subarray(this.position, this.position + count);
    this.position += count;
    return view;
  }

  /** Varint length, then that many bytes; longer than `maxBytes` is refused. */
  prefixed(maxBytes: number): Uint8Array {
    const length = this.varint();
    if (length > maxBytes) throw new Malformed('field longer than allowed');
    return this.fixed(length);
  }

  text(maxBytes: number): string {
    const bytes = this.prefixed(maxBytes);
    try {
      return strict.decode(bytes);
    } catch {
      throw new Malformed('text is not UTF-8');
    }
  }

  rest(): Uint8Array {
    return this.fixed(this.left);
  }

  end(): void {
    if (this.left !== 0) throw new Malformed('bytes after the end');
  }
}

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(sizeHint = 64) {
    this.#bytes = new Uint8Array(sizeHint);
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  varint(value: number): this {
    this.#reserve(varintMaxBytes);
    this.#length = writeVarint(this.#bytes, this.#length, value);
    return this;
  }

  fixed(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  prefixed(bytes: Uint8Array): this {
    return this.varint(bytes.length).fixed(bytes);
  }

  text(text: string): this {
    return this.prefixed(encoder.encode(text));
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Writes at `at`, answers the position after it. The caller left room for 8 bytes. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an unsigned integer: ${value}`);
  let rest = value;
  let position = at;
  while (rest >= 0x80) {
    target[position++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  target[position++] = rest;
  return position;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
