// A yacht that was taken over: readable frames in no order, about few handles, chunks and versions, so that everything meets
// everything. It may end its own lanes and hear refusals; the shore never errs because of it, and never holds more than it should.
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeYachtFrame } from '../../../cloud/contract/frame-decoder.ts';
import { encodeYachtFrame } from '../../../cloud/contract/frame-encoder.ts';
import { type EncodedForm, frameLimits, type YachtFrame } from '../../../cloud/contract/frames.ts';
import { encodePatchBody, encodePatchHead } from '../../../cloud/contract/patch.ts';
import { yachtFrames } from '../../contract/frames.arbitrary.ts';
import { type RawLane, rawLane } from '../../line/support/raw-lane.ts';
import { memoryShore } from '../../line/support/shore.ts';
import { content, sha256 } from '../../line/support/yacht.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { document, idOf, pack } from './support/packed.ts';

const names = ['a.pdf', 'b.pdf'].map((name) => new TextEncoder().encode(name));
const few = fc.nat(4);
const extensions = fc.constant([]);
/** Lengths at which limits lie, and plain ones. */
const length = fc.oneof(
  fc.integer({ min: 1, max: 400 }),
  fc.constantFrom(1, 262_143, 262_144, 262_145, frameLimits.chunkMaxBytes),
);
const bodies = Array.from({ length: 5 }, (_, n) => content(100 + n * 50, n));
const text = new Uint8Array(400).fill(65);
/** Cut off, since as a whole it is more than a slice; what it begins with asks for all of it. */
const bomb = new Uint8Array(zstdCompressSync(new Uint8Array(40_000_000))).subarray(0, 4_000);
const forms = bodies.map((_, n) => formsOf(n));
const form: fc.Arbitrary<EncodedForm> = fc.record({
  encoding: fc.constantFrom('zstd', 'patch'),
  lengthBytes: fc.oneof(
    length,
    few.map((n) => forms[n]![0]!.length),
  ),
});

/** What might be an encoded chunk: two true ones, a bomb, and noise. */
function formsOf(n: number): Uint8Array[] {
  const body = encodePatchBody([{ bytes: bodies[n]! }, { offset: n * 30, length: 100 }]);
  const head = { baseVersion: 1 + (n % 3), digest: sha256(text).subarray(0, 16), body };
  return [
    new Uint8Array(zstdCompressSync(text)),
    encodePatchHead(head),
    encodePatchHead({ ...head, zstdLengthBytes: body.length, body: new Uint8Array(zstdCompressSync(body)) }),
    bomb,
    bodies[n]!,
  ];
}

const frames = fc.oneof(
  yachtFrames,
  fc.record({
    type: fc.constant('OFFER' as const),
    handle: few,
    uploadId: few.map(idOf),
    version: few,
    priority: fc.constant(5),
    modifiedMs: fc.constant(0),
    name: fc.constantFrom(...names),
    extensions,
  }),
  fc.record({
    type: fc.constant('MANIFEST' as const),
    handle: few,
    first: few,
    entries: fc.array(
      fc.oneof(
        fc.record({ length }),
        fc.record({ length, encoded: form }),
        few.map((n) => ({ length: bodies[n]!.length, id: sha256(bodies[n]!) })),
        few.map((n) => ({ length: bodies[n]!.length })),
        few.map((n) => ({
          length: 400,
          encoded: { encoding: 'zstd' as const, lengthBytes: forms[n]![0]!.length },
        })),
      ),
      { maxLength: 6 },
    ),
    extensions,
  }),
  fc.record({
    type: fc.constant('COPY' as const),
    handle: few,
    first: few,
    baseVersion: few,
    runs: fc.array(
      fc.record({
        baseIndex: fc.oneof(few, fc.constantFrom(2 ** 31 - 1, Number.MAX_SAFE_INTEGER)),
        count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(2 ** 31 - 4, 2 ** 31)),
      }),
      { maxLength: 5 },
    ),
    extensions,
  }),
  fc.record({
    type: fc.constant('SLICE' as const),
    handle: few,
    index: few,
    offset: fc.oneof(fc.constant(0), fc.nat(500), fc.constant(Number.MAX_SAFE_INTEGER)),
    bytes: fc.oneof(
      few.map((n) => bodies[n]!),
      fc.tuple(few, few).map(([n, kind]) => forms[n]![kind]!),
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
    ),
  }),
  fc.record({
    type: fc.constant('FINISH' as const),
    handle: few,
    lengthBytes: fc.oneof(fc.nat(2_000), fc.constant(Number.MAX_SAFE_INTEGER)),
    chunks: fc.oneof(few, fc.constant(2 ** 31)),
    sha256: few.map((n) => sha256(bodies[n]!)),
    extensions,
  }),
  fc.record({ type: fc.constant('DROP' as const), handle: few }),
  fc.array(fc.tuple(few, few, few), { minLength: 1, maxLength: 4 }).map((all) =>
    pack(
      all.map(([handle, n, version]) =>
        document(handle + 3, bodies[n]!, { uploadId: idOf(n), version, name: names[n % 2]! }),
      ),
      all.length > 1,
    ),
  ),
  fc.uint8Array({ maxLength: 200 }).chain((bytes) =>
    fc.record({
      type: fc.constant('PACK' as const),
      encoding: fc.constant('zstd' as const),
      lengthBytes: fc.integer({ min: 1, max: frameLimits.packMaxBytes }),
      bytes: fc.constant(new Uint8Array(zstdCompressSync(bytes))),
    }),
  ),
) as unknown as fc.Arbitrary<YachtFrame>;

/** A chunk that comes whole in its encoded form, right or wrong. */
const encodedChunk = fc.tuple(few, few, few, few).map(([handle, index, n, kind]): YachtFrame[] => {
  const bytes = forms[n]![kind]!;
  const encoded = {
    encoding: kind === 1 || kind === 2 ? 'patch' : 'zstd',
    lengthBytes: bytes.length,
  } as const;
  const entries = [{ length: kind === 3 ? 262_144 : text.length, encoded }];
  return [
    { type: 'MANIFEST', handle, first: index, entries, extensions: [] },
    { type: 'SLICE', handle, index, offset: 0, bytes },
  ];
});
const sayings = fc.oneof(
  { weight: 6, arbitrary: frames.map((frame) => [frame]) },
  { weight: 1, arbitrary: encodedChunk },
);

/** What may be said of a frame that is nonsense, and never that the cloud itself failed. */
const isOurs = (lane: RawLane) =>
  [...lane.of('BYE'), ...lane.of('REFUSED')].some(({ code }) => code === 'TENDER_CLOUD_INTERNAL');

describe('frames of a yacht that means harm', () => {
  test('are refused or end its lane; the cloud does not err, and serves a good one after them', async () => {
    const heard = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), sayings, fc.constantFrom(0, 0, 0, 30, 3_000)), {
          minLength: 20,
          maxLength: 60,
        }),
        async (said) => {
          const clock = new FakeClock();
          const shore = await memoryShore(clock);
          const lanes = new Map<number, RawLane>();
          const all: RawLane[] = [];
          const open = async (lane: number) => {
            const opened = await rawLane(shore, clock, { lane });
            all.push(opened);
            lanes.set(lane, opened);
            return opened;
          };
          for (const [at, together, waitMs] of said) {
            for (const frame of together) {
              const lane = lanes.get(at);
              const bytes = encodeYachtFrame(frame);
              if (!('frame' in decodeYachtFrame(bytes))) continue;
              (lane && lane.closed === undefined ? lane : await open(at)).sayBytes(bytes);
            }
            if (waitMs > 0) await clock.advance(waitMs);
          }
          await clock.advance(20_000);
          expect(all.filter(isOurs).map(({ heard }) => heard)).toEqual([]);
          const errs = shore.logged.filter(({ event, error }) => error && event !== 'line.chunk.undecodable');
          expect(errs).toEqual([]);
          for (const frame of all.flatMap((lane) => lane.heard))
            heard.add(frame.type === 'WANT' ? frame.reason : 'code' in frame ? frame.code : frame.type);
          const good = await rawLane(shore, clock, { boot: 2, sessionId: 'd'.repeat(32) });
          good.say(
            pack([document(0, bodies[0]!, { uploadId: idOf(99), name: new TextEncoder().encode('good') })]),
          );
          await clock.advance(1_000);
          expect(good.of('RECEIPT').flatMap(({ receipts }) => receipts.map((one) => one.uploadId))).toEqual([
            idOf(99),
          ]);
        },
      ),
      { numRuns: 120, seed: 11 },
    );
    // Nonsense that is ended at once would prove nothing.
    const met = ['RECEIPT', 'HELD', 'ACK', 'hole', 'undecodable', 'unknown-reference'];
    for (const what of [
      ...met,
      'TENDER_LIMIT_EXCEEDED',
      'TENDER_CONTENT_MISMATCH',
      'TENDER_VERSION_CONFLICT',
    ])
      expect(heard).toContain(what);
  }, 60_000);
});
