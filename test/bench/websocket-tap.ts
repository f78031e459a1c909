// Reads along on one direction of a connection that begins as HTTP and becomes a WebSocket, and hands out each message once its
// last byte has passed. Knows what our line uses of RFC 6455: whole and continued binary messages, no extensions.

export interface Tap {
  /** The next bytes, in order, as they pass. */
  pass(bytes: Uint8Array): void;
  /** Bytes that have passed of a message that is not whole yet, its header included. */
  readonly unfinishedBytes: number;
}

const headEnd = Buffer.from('\r\n\r\n');
const opcodes = { continuation: 0, binary: 2 } as const;

/** `head` is told the HTTP head as text and says whether a WebSocket follows; without it nothing more is looked at. */
export function createTap(head: (text: string) => boolean, message: (bytes: Uint8Array) => void): Tap {
  let state: 'head' | 'frames' | 'blind' = 'head';
  let rest = Buffer.alloc(0);
  let fragments: Buffer[] = [];

  function frame(): boolean {
    const [first, second] = rest;
    if (first === undefined || second === undefined) return false;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = second & 0x80 ? 4 : 0;
    const headerBytes = 2 + lengthBytes + maskBytes;
    if (rest.length < headerBytes) return false;
    const length =
      lengthBytes === 0 ? short : lengthBytes === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    const end = headerBytes + length;
    if (rest.length < end) return false;
    const mask = rest.subarray(headerBytes - maskBytes, headerBytes);
    const payload = Buffer.from(rest.subarray(headerBytes, end));
    if (mask.some((byte) => byte !== 0))
      for (let at = 0; at < length; at++) payload[at] = payload[at]! ^ mask[at % 4]!;
    rest = rest.subarray(end);
    const opcode = first & 0x0f;
    if (opcode !== opcodes.binary && opcode !== opcodes.continuation) return true;
    fragments.push(payload);
    if (first & 0x80) {
      message(Buffer.concat(fragments));
      fragments = [];
    }
    return true;
  }

  return {
    pass(bytes) {
      if (state === 'blind') return;
      rest = Buffer.concat([rest, bytes]);
      if (state === 'head') {
        const end = rest.indexOf(headEnd);
        if (end < 0) return;
        const text = rest.subarray(0, end).toString('latin1');
        rest = rest.subarray(end + headEnd.length);
        state = head(text) ? 'frames' : 'blind';
      }
      while (state === 'frames' && frame());
    },
    get unfinishedBytes() {
      return rest.length + fragments.reduce((sum, part) => sum + part.length, 0);
    },
  };
}
