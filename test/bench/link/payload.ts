// Bytes that no compressor gains on and no chunk of which appears twice; the same for the same seed.
import { createCipheriv, createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const blockBytes = 8 * 1024 * 1024;

function keyStream(seed: string) {
  const key = createHash('sha256').update(`payload ${seed}`).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
}

export function seededBytes(count: number, seed: string): Buffer {
  return keyStream(seed).update(Buffer.alloc(count));
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Writes a file and answers its SHA-256. Beyond `filledBytes` it is a hole that costs neither time nor disk: for a file of which
 * only the beginning will be read.
 */
export async function writePayload(
  path: string,
  bytes: number,
  seed: string,
  filledBytes = bytes,
): Promise<string> {
  const stream = keyStream(seed);
  const zeros = Buffer.alloc(blockBytes);
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    for (let written = 0; written < filledBytes; ) {
      const block = stream.update(zeros.subarray(0, Math.min(blockBytes, filledBytes - written)));
      hash.update(block);
      await file.write(block);
      written += block.length;
    }
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}
