// What the documents hold: bytes no two documents share and nothing can compress, so that a byte on the wire is a byte of
// exactly one of them; or a text that can be searched for.
import { createCipheriv, createHash } from 'node:crypto';

/** Reproducible noise. */
export function noise(seed: string, lengthBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(lengthBytes));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
