// The way between yacht and shore, with a knife in it: a TCP relay on loopback that counts, cuts at an exact byte and
// understands enough of WebSocket (RFC 6455) to cut inside a frame or to tell when a certain frame passes. For rates and
// round trips there is agent/cli/demo/link.
import { connect, createServer, type Socket } from 'node:net';

export interface Wire {
  readonly url: string;
  /** Bytes of TCP payload that reached the shore, and those lost in the dark. */
  counters(): { readonly upBytes: number; readonly lostBytes: number; readonly connections: number };
  /** When this many more bytes have passed up and the next one is inside a frame of the yacht: calls once. */
  insideFrameAfter(moreBytes: number, run: () => void): void;
  /** Calls once when the shore says a frame that begins with this byte, before the yacht gets it. */
  whenShoreSays(frameType: number, run: () => void): void;
  /** Nothing passes any more and nobody is told; new connections get no answer either. */
  dark(): void;
  /** New connections are reset at once: an antenna without a satellite behind it. */
  refuse(): void;
  /** New connections pass, to `port` if given. */
  light(port?: number): void;
  /** Resets what is open. */
  reset(): void;
  close(): Promise<void>;
}

type Mode = 'light' | 'dark' | 'refuse';

interface Pair {
  readonly yacht: Socket;
  readonly shore: Socket | undefined;
  dead: boolean;
}

export async function openWire(shorePort: number): Promise<Wire> {
  const pairs = new Set<Pair>();
  let target = shorePort;
  let mode: Mode = 'light';
  let upBytes = 0;
  let lostBytes = 0;
  let connections = 0;
  let knife: { at: number; run: () => void } | undefined;
  let ear: { type: number; run: () => void } | undefined;

  const server = createServer((yacht) => {
    connections += 1;
    if (mode === 'refuse') {
      yacht.resetAndDestroy();
      return;
    }
    const shore = mode === 'light' ? connect({ port: target, host: '127.0.0.1' }) : undefined;
    const pair: Pair = { yacht, shore, dead: shore === undefined };
    pairs.add(pair);
    const up = createFrames();
    const down = createFrames();
    yacht.on('data', (bytes) => {
      const at = knife ? up.insideFrom(bytes, Math.max(0, knife.at - upBytes)) : undefined;
      const passed = at === undefined || pair.dead ? bytes.length : at;
      up.take(bytes);
      if (!pair.dead) {
        shore?.write(bytes.subarray(0, passed));
        upBytes += passed;
      }
      if (pair.dead) lostBytes += bytes.length;
      if (at === undefined || pair.dead) return;
      const { run } = knife!;
      knife = undefined;
      run();
      // Cut by `run`: the rest of the frame is lost. Else it follows.
      if (pair.dead) lostBytes += bytes.length - passed;
      else {
        shore?.write(bytes.subarray(passed));
        upBytes += bytes.length - passed;
      }
    });
    shore?.on('data', (bytes) => {
      const types = down.take(bytes);
      if (ear && types.includes(ear.type)) {
        const { run } = ear;
        ear = undefined;
        run();
      }
      if (!pair.dead) yacht.write(bytes);
    });
    for (const [one, other] of [
      [yacht, shore],
      [shore, yacht],
    ]) {
      one?.on('error', () => {});
      one?.on('close', () => {
        pairs.delete(pair);
        if (!pair.dead) other?.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };

  function reset(): void {
    for (const pair of pairs) {
      pair.dead = true;
      pair.yacht.resetAndDestroy();
      pair.shore?.resetAndDestroy();
    }
    pairs.clear();
  }

  return {
    url: `http://127.0.0.1:${port}`,
    counters: () => ({ upBytes, lostBytes, connections }),
    insideFrameAfter(moreBytes, run) {
      knife = { at: upBytes + moreBytes, run };
    },
    whenShoreSays(type, run) {
      ear = { type, run };
    },
    dark() {
      mode = 'dark';
      for (const pair of pairs) pair.dead = true;
    },
    refuse() {
      mode = 'refuse';
      reset();
    },
    light(to = shorePort) {
      mode = 'light';
      target = to;
    },
    reset,
    async close() {
      reset();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Follows one direction of a WebSocket connection: HTTP head first, then frames. */
function createFrames() {
  let head = Buffer.alloc(0);
  let upgraded = false;
  /** Header bytes of a frame that is not complete yet. */
  let partial = Buffer.alloc(0);
  let leftBytes = 0;
  let typeDue = false;

  /** Walks over `bytes`; `inside` hears of each stretch of payload, `type` of each frame's first payload byte. */
  function walk(
    bytes: Buffer,
    inside: (from: number, to: number) => void,
    type: (byte: number) => void,
  ): void {
    let at = 0;
    if (!upgraded) {
      const before = head.length;
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      upgraded = true;
      at = end + 4 - before;
    }
    while (at < bytes.length) {
      if (leftBytes === 0) {
        partial = Buffer.concat([partial, bytes.subarray(at, at + 1)]);
        at += 1;
        const need = headerBytes(partial);
        if (partial.length < need.bytes) continue;
        leftBytes = need.payload;
        typeDue = (partial[0]! & 0x0f) === 2;
        partial = Buffer.alloc(0);
        continue;
      }
      const take = Math.min(leftBytes, bytes.length - at);
      if (typeDue) type(bytes[at]!);
      typeDue = false;
      inside(at, at + take);
      leftBytes -= take;
      at += take;
    }
  }

  return {
    /** Moves on; answers the types of the frames that began. */
    take(bytes: Buffer): readonly number[] {
      const types: number[] = [];
      walk(
        bytes,
        () => {},
        (type) => types.push(type),
      );
      return types;
    },
    /** The first place from `from` on with payload of a frame before and after it; nothing moves. */
    insideFrom(bytes: Buffer, from: number): number | undefined {
      const saved = { head, upgraded, partial, leftBytes, typeDue };
      let found: number | undefined;
      walk(
        bytes,
        (start, end) => {
          const place = Math.max(from, start + 1);
          if (found === undefined && place < end) found = place;
        },
        () => {},
      );
      ({ head, upgraded, partial, leftBytes, typeDue } = saved);
      return found;
    },
  };
}

/** Length of a frame's header, as far as `start` tells, and of its payload once the header is whole. */
function headerBytes(start: Buffer): { bytes: number; payload: number } {
  if (start.length < 2) return { bytes: 2, payload: 0 };
  const mask = (start[1]! & 0x80) === 0 ? 0 : 4;
  const short = start[1]! & 0x7f;
  const bytes = 2 + mask + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (start.length < bytes) return { bytes, payload: 0 };
  const payload =
    short === 126 ? start.readUInt16BE(2) : short === 127 ? Number(start.readBigUInt64BE(2)) : short;
  return { bytes, payload };
}
