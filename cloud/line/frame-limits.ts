// What a frame may say, beyond being readable: numbers that exist, chunks that fit. Whoever says more ends his lane.
import { frameLimits, type YachtFrame } from '../contract/frames.ts';
import type { LineLimitsAshore } from './limits.ts';

/** True when the frame asks for more than the limits of HELLO allow. */
export function exceedsLimits(frame: YachtFrame, limits: LineLimitsAshore): boolean {
  switch (frame.type) {
    case 'OFFER':
      return frame.handle >= frameLimits.handlesMaxCount;
    case 'SLICE':
      return (
        frame.handle >= frameLimits.handlesMaxCount ||
        frame.index >= frameLimits.chunksMaxCount ||
        frame.bytes.length === 0 ||
        frame.offset + frame.bytes.length > limits.chunkMaxBytes
      );
    case 'MANIFEST':
      return (
        frame.handle >= frameLimits.handlesMaxCount ||
        frame.first + frame.entries.length > frameLimits.chunksMaxCount ||
        frame.entries.some(
          ({ length, encoded }) => length > limits.chunkMaxBytes || (encoded && encoded.lengthBytes > length),
        )
      );
    case 'COPY': {
      let end = frame.first;
      for (const { baseIndex, count } of frame.runs) {
        if (baseIndex + count > frameLimits.chunksMaxCount) return true;
        end += count;
      }
      return (
        frame.handle >= frameLimits.handlesMaxCount ||
        end > frameLimits.chunksMaxCount ||
        frame.baseVersion > frameLimits.versionsMaxCount
      );
    }
    case 'FINISH':
      return frame.handle >= frameLimits.handlesMaxCount || frame.chunks > frameLimits.chunksMaxCount;
    default:
      return false;
  }
}

/** A document's name, version and date, as OFFER and PACK give them. */
export function isNameable(one: {
  readonly name: Uint8Array;
  readonly version: number;
  readonly modifiedMs: number;
}): boolean {
  const isVersion = one.version >= 1 && one.version <= frameLimits.versionsMaxCount;
  return one.name.length > 0 && isVersion && one.modifiedMs <= frameLimits.timeMaxMs;
}
