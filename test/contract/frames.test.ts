import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCloudFrame, decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import { encodeCloudFrame, encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { frameLimits } from '../../cloud/contract/frames.ts';
import { cloudFrames, yachtFrames } from './frames.arbitrary.ts';

const plain = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (_, part) =>
      part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part,
    ),
  );

describe('frames', () => {
  test('a frame of the yacht comes back as it was', () => {
    fc.assert(
      fc.property(yachtFrames, (frame) => {
        expect(plain(decodeYachtFrame(Uint8Array.from(encodeYachtFrame(frame))))).toEqual(plain({ frame }));
      }),
      { numRuns: 1_500 },
    );
  });

  test('a frame of the cloud comes back as it was', () => {
    fc.assert(
      fc.property(cloudFrames, (frame) => {
        expect(plain(decodeCloudFrame(encodeCloudFrame(frame)))).toEqual(plain({ frame }));
      }),
      { numRuns: 1_500 },
    );
  });

  test('every byte string is a frame with exactly these bytes, skippable, or a problem: 40,000 mutated frames', () => {
    const mutation = fc.record({
      at: fc.nat(400),
      byte: fc.nat(255),
      kind: fc.constantFrom('flip', 'cut', 'add', 'type'),
    });
    let problems = 0;
    for (const [frames, encode, decode] of [
      [yachtFrames, encodeYachtFrame, decodeYachtFrame],
      [cloudFrames, encodeCloudFrame, decodeCloudFrame],
    ] as const) {
      fc.assert(
        fc.property(
          frames as typeof yachtFrames,
          fc.array(mutation, { minLength: 5, maxLength: 5 }),
          (frame, mutations) => {
            for (const { at, byte, kind } of mutations) {
              const good = encode(frame as never);
              const place = at % good.length;
              let bytes = Uint8Array.from(good);
              if (kind === 'flip') bytes[place] = bytes[place]! ^ (byte || 1);
              else if (kind === 'type') bytes[0] = byte;
              else if (kind === 'cut') bytes = bytes.slice(0, place);
              else bytes = Uint8Array.of(...bytes.slice(0, place), byte, ...bytes.slice(place));
              const decoded = decode(bytes);
              if ('problem' in decoded) {
                problems++;
                expect(decoded.problem).toMatch(/^TENDER_FRAME_/);
              } else if ('frame' in decoded) {
                // One meaning, one encoding: what was read would be written with the same bytes.
                expect(Buffer.from(encode(decoded.frame as never)).equals(bytes)).toBe(true);
              } else expect(decoded.ignored & 0x40).toBe(0x40);
            }
          },
        ),
        { numRuns: 4_000 },
      );
    }
    expect(problems).toBeGreaterThan(10_000);
  });

  test('random bytes never throw: 30,000 strings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const decoded of [decodeYachtFrame(bytes), decodeCloudFrame(bytes)]) {
          expect(Object.keys(decoded)[0]).toMatch(/frame|ignored|problem/);
        }
      }),
      { numRuns: 30_000 },
    );
  });

  test('an unknown type with bit 0x40 is skipped, without it refused', () => {
    expect(decodeYachtFrame(Uint8Array.of(0x4f, 1, 2))).toEqual({ ignored: 0x4f });
    expect(decodeCloudFrame(Uint8Array.of(0xcf, 1, 2))).toEqual({ ignored: 0xcf });
    expect(decodeYachtFrame(Uint8Array.of(0x3f, 1))).toMatchObject({ problem: 'TENDER_FRAME_UNKNOWN' });
  });

  test("a frame of the wrong direction is out of place, an oversized one too large, an odd extension's frame refused", () => {
    expect(decodeYachtFrame(Uint8Array.of(0x89, 0, 0))).toMatchObject({
      problem: 'TENDER_FRAME_OUT_OF_PLACE',
    });
    expect(decodeCloudFrame(Uint8Array.of(0x08, 0, 0))).toMatchObject({
      problem: 'TENDER_FRAME_OUT_OF_PLACE',
    });
    expect(decodeYachtFrame(new Uint8Array(frameLimits.frameMaxBytes + 1))).toMatchObject({
      problem: 'TENDER_FRAME_TOO_LARGE',
    });
    const inventory = (tag: number) =>
      encodeYachtFrame({ type: 'INVENTORY', extensions: [{ tag, bytes: Uint8Array.of(1) }] });
    expect(decodeYachtFrame(inventory(4))).toHaveProperty('frame');
    expect(decodeYachtFrame(inventory(5))).toMatchObject({ problem: 'TENDER_FRAME_MALFORMED' });
  });
});
