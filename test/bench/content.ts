// Documents for benchmarks that nothing can shorten: an AES-256-CTR key stream, so no two chunks are alike, no byte can be
// compressed, and the same seed gives the same bytes. Written beside the watched folder, flushed, then moved in: the
// benchmark measures the journey, not the disk still busy with its beginning.
import { createCipheriv, createHash } from 'node:crypto';
import { open, rename } from 'node:fs/promises';

const blockBytes = 8 * 1024 * 1024;

/** Answers the SHA-256 (hex) of what now lies at `path`. */
export async function placeDocument(path: string, sizeBytes: number, seed: string): Promise<string> {
  const draft = `${path}.draft`.replace(/\/([^/]+)\/([^/]+)$/, '/$2');
  const stream = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  const zeros = Buffer.alloc(blockBytes);
  const sha256 = createHash('sha256');
  const file = await open(draft, 'wx');
  try {
    for (let written = 0; written < sizeBytes; ) {
      const block = stream.update(zeros.subarray(0, Math.min(blockBytes, sizeBytes - written)));
      sha256.update(block);
      await file.write(block);
      written += block.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return sha256.digest('hex');
}
