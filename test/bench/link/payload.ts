// Bytes that no compressor gains on, the same for the same seed.
import { createCipheriv, createHash } from 'node:crypto';

export function seededBytes(count: number, seed: number): Buffer {
  const key = createHash('sha256').update(`payload ${seed}`).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(count));
}
