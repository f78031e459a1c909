// A chunk that travelled encoded → its own bytes. The seam between assembly.ts, which has the bytes, and the decoders, which may need
// what is ashore. A rejection is no fault: the yacht is asked for the chunk as it is.
import type { Encoding } from '../contract/frames.ts';
import type { Name } from '../contract/name.ts';
import type { Documents } from '../decide/documents.ts';
import type { DeviceScope } from '../ports.ts';
import { createDecodePatch } from './decode-patch.ts';
import { decodeZstdAside, type Unzstd } from './decode-zstd.ts';

/** Complete in its encoded form. */
export interface EncodedChunk {
  readonly index: number;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
  /** Of the content, as announced: never more is made. */
  readonly lengthBytes: number;
}

/** Whose chunk it is: bases of a patch are looked up there and nowhere else. */
export interface DecodeContext {
  readonly scope: DeviceScope;
  readonly name: Name;
  readonly version: number;
}

/** The content, exactly `lengthBytes` long; rejects when it cannot be made from these bytes. */
export type DecodeChunk = (chunk: EncodedChunk, context: DecodeContext) => Promise<Uint8Array>;

/** Chunks decoded at once by this process, of all yachts: as many as the pool of threads has, so that no queue forms there. */
const decodesAtOnceMax = 4;

/** `documents`: where the bases of patches are. `unzstd`: how Zstandard is read; tests hold time and decode in their own. */
export function createDecodeChunk(parts: {
  readonly documents: Pick<Documents, 'baseEntries' | 'baseChunk'>;
  readonly unzstd?: Unzstd;
}): DecodeChunk {
  const { unzstd = decodeZstdAside } = parts;
  const unpatch = createDecodePatch(parts.documents, unzstd);
  const inTurn = createGate(decodesAtOnceMax);
  return (chunk, context) => {
    const { encoding, bytes, lengthBytes } = chunk;
    switch (encoding) {
      case 'zstd':
        return inTurn(() => unzstd(bytes, lengthBytes));
      case 'patch':
        return inTurn(() => unpatch(chunk, context));
    }
  };
}

/** At most so many at once, the others in order of their coming. How many may wait is the callers' business (decodingMaxCount). */
function createGate(atOnceMax: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async function inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
