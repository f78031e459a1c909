// Zstandard under absolute limits: exactly one frame, without a dictionary, never more bytes than were announced, never more memory
// than the window allows, whatever the frame's header claims. For chunks (decode.ts) and packs; both are at most 256 KiB.
import { constants, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { isAcceptableZstd, zstdWindowMaxBytes } from '../contract/encoding.ts';

/** Content of exactly the length that was announced; rejects for anything else. */
export type Unzstd = (bytes: Uint8Array, lengthBytes: number) => Promise<Uint8Array>;

/** Output is made in one piece up to this: a larger first piece would be memory that a short content does not need. */
const pieceMinBytes = 64;

/** At once, on this thread; throws for anything but exactly `lengthBytes` of content. 0.3 ms for 256 KiB of text. */
export function decodeZstd(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  return checked(zstdDecompressSync(bytes, optionsFor(bytes, lengthBytes)), lengthBytes);
}

/** The same beside the loop, on a thread of the pool: for whatever comes in numbers. */
export const decodeZstdAside: Unzstd = (bytes, lengthBytes) =>
  new Promise((resolve, reject) => {
    zstdDecompress(bytes, optionsFor(bytes, lengthBytes), (error, content) => {
      if (error) reject(error);
      else if (content.length !== lengthBytes) reject(wrongLength(content.length));
      else resolve(content);
    });
  });

function optionsFor(bytes: Uint8Array, lengthBytes: number) {
  if (!isAcceptableZstd(bytes, lengthBytes)) throw new RangeError('not one acceptable frame');
  return {
    maxOutputLength: Math.max(1, lengthBytes),
    chunkSize: Math.max(pieceMinBytes, lengthBytes),
    params: { [constants.ZSTD_d_windowLogMax]: Math.log2(zstdWindowMaxBytes) },
  };
}

function checked(content: Uint8Array, lengthBytes: number): Uint8Array {
  if (content.length !== lengthBytes) throw wrongLength(content.length);
  return content;
}

function wrongLength(bytes: number): RangeError {
  return new RangeError(`decoded to ${bytes} bytes`);
}
