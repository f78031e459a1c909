// A second client, written from docs/protocol.md alone: its frames are put together here, byte by byte, without the project's
// encoder. What it sends in every form arrives, and the receipts hold by what the page says of signatures.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { rawLane } from '../line/support/raw-lane.ts';
import { memoryShore } from '../line/support/shore.ts';
import { content } from '../line/support/yacht.ts';
import { FakeClock } from '../support/fake-clock.ts';

const sha256 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** `n`: LEB128. */
function n(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const bytes = (value: Uint8Array) => Buffer.concat([n(value.length), value]);
const frame = (type: number, ...fields: Uint8Array[]) => Buffer.concat([Buffer.from([type]), ...fields]);
const ext = n(0);
/** A ULID is 128 bits; the first of its 26 letters has only three of them. */
const ulid = (last: number) => Buffer.from([...Array(15).fill(1), last]);

const offer = (handle: number, upload: Buffer, version: number, name: string) =>
  frame(0x01, n(handle), upload, n(version), n(5), n(0), bytes(Buffer.from(name)), ext);
const manifest = (handle: number, first: number, ...entries: Buffer[]) =>
  frame(0x02, n(handle), n(first), n(entries.length), ...entries, ext);
const raw = (length: number) => n(4 * length);
const form = (length: number, encoding: number, encodedLength: number) =>
  Buffer.concat([n(4 * length + 2), n(encoding), n(encodedLength)]);
const slice = (handle: number, index: number, offset: number, rest: Uint8Array) =>
  frame(0x03, n(handle), n(index), n(offset), rest);
const finish = (handle: number, whole: Uint8Array, chunks: number) =>
  frame(0x04, n(handle), n(whole.length), n(chunks), sha256(whole), ext);

test('a client made from the page delivers an encoded document, its next version as a difference, and a pack', async () => {
  const clock = new FakeClock();
  const shore = await memoryShore(clock);
  const lane = await rawLane(shore, clock);

  // Version 1: a text that travels compressed, and noise that does not, in two slices, the second one first.
  const text = Buffer.from('the anchor light is fixed. '.repeat(200));
  const noise = Buffer.from(content(3_000, 7));
  const first = Buffer.concat([text, noise]);
  const packed = zstdCompressSync(text);
  lane.sayBytes(offer(0, ulid(1), 1, 'bridge/log.txt'));
  lane.sayBytes(manifest(0, 0, form(text.length, 1, packed.length), raw(noise.length)));
  lane.sayBytes(slice(0, 1, 2_000, noise.subarray(2_000)));
  lane.sayBytes(slice(0, 1, 0, noise.subarray(0, 2_000)));
  lane.sayBytes(slice(0, 0, 0, packed));
  lane.sayBytes(finish(0, first, 2));
  await clock.advance(500);

  // Version 2: the text's chunk by its place in version 1, and the other as a patch against all of version 1.
  const news = Buffer.from('it is out again');
  const changed = Buffer.concat([noise.subarray(0, 1_500), news, noise.subarray(1_500)]);
  const second = Buffer.concat([text, changed]);
  const zigzag = (value: number) => n(value < 0 ? -2 * value - 1 : 2 * value);
  const body = Buffer.concat([
    n(3),
    ...[n(2 * 1_500 + 1), zigzag(text.length)],
    n(2 * news.length),
    ...[n(2 * 1_500 + 1), zigzag(0)],
    news,
  ]);
  const patch = Buffer.concat([n(1), sha256(changed).subarray(0, 16), n(0), body]);
  lane.sayBytes(offer(1, ulid(2), 2, 'bridge/log.txt'));
  lane.sayBytes(frame(0x0a, n(1), n(0), n(1), n(1), n(0), n(1), ext));
  lane.sayBytes(manifest(1, 1, form(changed.length, 2, patch.length)));
  lane.sayBytes(slice(1, 1, 0, patch));
  lane.sayBytes(finish(1, second, 2));

  // Two small ones, whole.
  const notes = [Buffer.from('first'), Buffer.from('second')];
  const list = Buffer.concat([
    n(notes.length),
    ...notes.map((note, at) =>
      Buffer.concat([
        ...[n(2 + at), ulid(3 + at), n(1), n(5), n(0)],
        ...[bytes(Buffer.from(`notes/${at}`)), sha256(note), bytes(note)],
      ]),
    ),
  ]);
  lane.sayBytes(frame(0x0b, n(1), n(list.length), zstdCompressSync(list)));
  await clock.advance(500);

  expect(lane.closed).toBeUndefined();
  expect([...lane.of('WANT'), ...lane.of('REFUSED')]).toEqual([]);
  const receipts = lane.of('RECEIPT').flatMap((one) => one.receipts);
  const stored = new Map(receipts.map((one) => [Buffer.from(one.sha256).toString('hex'), one]));
  const all = [first, second, ...notes];
  expect(receipts).toHaveLength(all.length);
  for (const whole of all) {
    const receipt = stored.get(sha256(whole).toString('hex'));
    expect(receipt?.lengthBytes).toBe(whole.length);
    expect(Buffer.compare(await shore.content(receipt!.uploadId), whole)).toBe(0);
  }

  const key = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), shore.cloudKey.publicKey]),
    format: 'der',
    type: 'spki',
  });
  for (const { receipts: together, signature } of lane.of('RECEIPT')) {
    const texts = together.map(
      ({ uploadId, documentId, version, lengthBytes, sha256: hash, storedMs }) =>
        `tender receipt 1\ntenant ${shore.tenantId}\ndevice ${shore.deviceId}\nupload ${uploadId}\ndocument ${documentId}\n` +
        `version ${version}\nlength ${lengthBytes}\nsha256 ${Buffer.from(hash).toString('hex')}\nstored ${storedMs}\n`,
    );
    const said = Buffer.from(`tender receipts 1\n${root(texts).toString('hex')}\n`);
    expect(verify(null, said, key, signature)).toBe(true);
  }
});

/** RFC 9162, 2.1. */
function root(texts: readonly string[]): Buffer {
  if (texts.length === 1) return sha256(Buffer.of(0), texts[0]!);
  let half = 1;
  while (half * 2 < texts.length) half *= 2;
  return sha256(Buffer.of(1), root(texts.slice(0, half)), root(texts.slice(half)));
}
