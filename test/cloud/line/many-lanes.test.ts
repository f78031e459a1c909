// No frame belongs to a lane: a document's frames over 1 to 16 lanes, in any order, with lanes that die or fall asleep, with repetitions
// and overtaking, come to one receipt and the right bytes, and the yacht hears of it.
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeYachtFrame } from '../../../cloud/contract/frame-encoder.ts';
import type { CloudFrame, YachtFrame } from '../../../cloud/contract/frames.ts';
import { mintUlid } from '../../../cloud/contract/ids.ts';
import { type RawLane, rawLane } from '../../line/support/raw-lane.ts';
import { type MemoryShore, memoryShore } from '../../line/support/shore.ts';
import { content, sha256 } from '../../line/support/yacht.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeRandom } from '../../support/fake-random.ts';

interface Doc {
  readonly handle: number;
  readonly uploadId: string;
  readonly bytes: Uint8Array;
  readonly frames: readonly YachtFrame[];
  readonly finish: YachtFrame;
  /** Announcement and slices of each chunk. */
  readonly ofChunk: readonly (readonly YachtFrame[])[];
}

const pick = <T>(random: FakeRandom, items: readonly T[]): T =>
  items[Math.floor(random.unit() * items.length)]!;

function slicesOf(handle: number, index: number, bytes: Uint8Array, sliceBytes: number): YachtFrame[] {
  const slices: YachtFrame[] = [];
  for (let offset = 0; offset < bytes.length; offset += sliceBytes)
    slices.push({ type: 'SLICE', handle, index, offset, bytes: bytes.subarray(offset, offset + sliceBytes) });
  return slices;
}

function documentFrames(handle: number, random: FakeRandom, clock: FakeClock): Doc {
  // Half of it repeats, so that compression has something to do.
  const noise = content(
    1 + Math.floor(random.unit() * 30_000),
    handle * 1_000 + Math.floor(random.unit() * 999),
  );
  const bytes = new Uint8Array(Buffer.concat([noise, new Uint8Array(noise.length).fill(65)]));
  const chunkBytes = 2_000 + Math.floor(random.unit() * 6_000);
  const uploadId = mintUlid(clock.wallMs(), random.bytes(10));
  const name = new TextEncoder().encode(`docs/${handle}.txt`);
  const frames: YachtFrame[] = [
    { type: 'OFFER', handle, uploadId, version: 1, priority: 5, modifiedMs: 0, name, extensions: [] },
  ];
  const chunks = Math.ceil(bytes.length / chunkBytes);
  const ofChunk: YachtFrame[][] = [];
  for (let index = 0; index < chunks; index++) {
    const chunk = bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes);
    const packed = new Uint8Array(zstdCompressSync(chunk));
    const isEncoded = random.unit() < 0.4 && packed.length < chunk.length;
    const encoded = { encoding: 'zstd', lengthBytes: packed.length } as const;
    const entry = { length: chunk.length, ...(isEncoded && { encoded }) };
    frames.push({ type: 'MANIFEST', handle, first: index, entries: [entry], extensions: [] });
    frames.push(
      ...slicesOf(handle, index, isEncoded ? packed : chunk, 700 + Math.floor(random.unit() * 3_000)),
    );
  }
  const finish: YachtFrame = {
    type: 'FINISH',
    handle,
    lengthBytes: bytes.length,
    chunks,
    sha256: sha256(bytes),
    extensions: [],
  };
  return { handle, uploadId, bytes, frames: [...frames, finish], finish, ofChunk };
}

/** A yacht that sends each frame on any lane, and again on another when its lane is lost. */
class ManyLanes {
  readonly #shore: MemoryShore;
  readonly #clock: FakeClock;
  readonly #random: FakeRandom;
  readonly #most: number;
  readonly lanes: {
    raw: RawLane;
    number: number;
    queue: YachtFrame[];
    said: YachtFrame[];
    asleep: number;
  }[] = [];
  /** Heard on lanes that were awake. */
  readonly heard: CloudFrame[] = [];

  constructor(shore: MemoryShore, clock: FakeClock, random: FakeRandom, most: number) {
    this.#shore = shore;
    this.#clock = clock;
    this.#random = random;
    this.#most = most;
  }

  async open(): Promise<void> {
    const free = Array.from({ length: this.#most }, (_, n) => n).filter(
      (n) => !this.lanes.some((lane) => lane.number === n),
    );
    if (free.length === 0) return;
    const number = pick(this.#random, free);
    const raw = await rawLane(this.#shore, this.#clock, { lane: number });
    this.lanes.push({ raw, number, queue: [], said: [], asleep: Number.POSITIVE_INFINITY });
  }

  get awake() {
    return this.lanes.filter((lane) => lane.asleep === Number.POSITIVE_INFINITY);
  }

  queue(frame: YachtFrame): void {
    pick(this.#random, this.awake).queue.push(frame);
  }

  /** What it carried may or may not have arrived: all of it goes again on others. */
  async lose(known: boolean): Promise<void> {
    const lane = pick(this.#random, this.awake);
    this.#listen();
    if (known) {
      this.lanes.splice(this.lanes.indexOf(lane), 1);
      lane.raw.cut();
    } else lane.asleep = lane.raw.heard.length; // what the cloud says there is heard by nobody
    if (this.awake.length === 0) {
      // Its slot is taken by a fresh lane, and the cloud learns that the old one is dead.
      if (this.lanes.length === this.#most) this.lanes.splice(0, 1);
      await this.open();
    }
    for (const frame of [...lane.said, ...lane.queue]) this.queue(frame);
    lane.queue.length = 0;
    lane.said.length = 0;
  }

  step(): boolean {
    const busy = this.awake.filter((lane) => lane.queue.length > 0);
    if (busy.length === 0) return false;
    const lane = pick(this.#random, busy);
    const frame = lane.queue.shift()!;
    lane.said.push(frame);
    if (lane.said.length > 30) lane.said.shift(); // confirmed by now
    lane.raw.sayBytes(Uint8Array.from(encodeYachtFrame(frame)));
    return true;
  }

  #listen(): void {
    for (const lane of this.lanes) {
      const until = Math.min(lane.asleep, lane.raw.heard.length);
      this.heard.push(...lane.raw.heard.splice(0, until));
      if (lane.asleep !== Number.POSITIVE_INFINITY) lane.asleep -= until;
    }
  }

  take(): CloudFrame[] {
    this.#listen();
    return this.heard.splice(0);
  }
}

async function voyage(seed: number): Promise<void> {
  const clock = new FakeClock();
  const random = new FakeRandom(seed, 'many lanes');
  const shore = await memoryShore(clock);
  const most = 1 + Math.floor(random.unit() * 16);
  const yacht = new ManyLanes(shore, clock, random, most);
  for (let n = 0; n < most; n++) await yacht.open();
  const documents = Array.from({ length: 1 + Math.floor(random.unit() * 3) }, (_, handle) =>
    documentFrames(handle, random, clock),
  );
  for (const { frames } of documents) {
    const shuffled = random.unit() < 0.5 ? frames.map((frame) => ({ frame, at: random.unit() })) : undefined;
    const inOrder = shuffled ? shuffled.sort((a, b) => a.at - b.at).map(({ frame }) => frame) : frames;
    for (const frame of inOrder) {
      yacht.queue(frame);
      if (random.unit() < 0.1) yacht.queue(frame);
    }
  }
  const troubles = random.unit() < 0.8 ? 0.02 : 0;
  const receipts = new Map<string, number>();
  const deal = () => {
    for (const frame of yacht.take()) {
      if (frame.type === 'RECEIPT')
        for (const { uploadId } of frame.receipts) receipts.set(uploadId, (receipts.get(uploadId) ?? 0) + 1);
      if (frame.type === 'BYE' || frame.type === 'REFUSED') throw new Error(`seed ${seed}: ${frame.code}`);
      if (frame.type !== 'WANT') continue;
      if (frame.reason === 'undecodable') throw new Error(`seed ${seed}: undecodable`);
      const { ofChunk, finish } = documents.find((one) => one.handle === frame.handle)!;
      for (const run of frame.runs)
        for (const part of ofChunk.slice(run.start, run.end).flat()) yacht.queue(part);
      yacht.queue(finish);
    }
  };
  for (let n = 0; n < 20_000; n++) {
    if (receipts.size === documents.length) break;
    const isBusy = yacht.step();
    if (random.unit() < troubles) await yacht.lose(random.unit() < 0.6);
    if (random.unit() < troubles) await yacht.open();
    await clock.advance(isBusy ? Math.floor(random.unit() * 8) : 200);
    deal();
    // Nothing to say and nothing heard: it asks whether anybody is there.
    if (!isBusy && n % 5 === 0) yacht.queue({ type: 'PING', stamp: n });
  }
  expect([...receipts.keys()].sort(), `seed ${seed}`).toEqual(documents.map((one) => one.uploadId).sort());
  expect(shore.logged).toEqual([]);
  for (const { uploadId, bytes } of documents)
    expect((await shore.content(uploadId)).equals(bytes), `seed ${seed}`).toBe(true);
}

describe('a document over many lanes', () => {
  test('arrives once and whole whatever happens to them: 300 voyages', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      await voyage(seed);
    }
  }, 60_000);
});
