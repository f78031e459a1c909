// Zstandard of Node's zlib, beside the loop: on a thread of the pool, in as few steps as the output has pieces. Passed to the line
// by the daemon; `compressHere` does the same on the spot, for programs that hold time themselves.
import { constants, zstdCompress, zstdCompressSync } from 'node:zlib';
import type { Compress } from '../line/encode-levels.ts';

/** Output grows in pieces of this: most chunks that are worth it fit one. Each piece is memory of its own. */
const pieceMaxBytes = 64 * 1024;
const pieceMinBytes = 64;
/** Kept for less than its piece, an output would hold all of the piece's memory. */
const copiedBelowShare = 1 / 2;

export const compressAside: Compress = (bytes, level) =>
  new Promise((resolve, reject) => {
    const options = optionsFor(bytes, level);
    zstdCompress(bytes, options, (error, encoded) => {
      if (error) reject(error);
      else
        resolve(encoded.length < options.chunkSize * copiedBelowShare ? Uint8Array.from(encoded) : encoded);
    });
  });

export const compressHere: Compress = async (bytes, level) =>
  zstdCompressSync(bytes, optionsFor(bytes, level));

/** Told how much comes, the frame says its length and its window is no larger: level 19 takes 36 ms for 64 KiB so, else 185. */
function optionsFor(bytes: Uint8Array, level: number) {
  return {
    chunkSize: Math.max(pieceMinBytes, Math.min(bytes.length, pieceMaxBytes)),
    pledgedSrcSize: bytes.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  };
}
