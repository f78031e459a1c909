// Chance on a real machine: the operating system's generator, because ids and keys come from it too.
import { randomBytes } from 'node:crypto';
import type { Random } from '../ports.ts';

export function nodeRandom(): Random {
  return {
    bytes: (count) => new Uint8Array(randomBytes(count)),
    unit: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  };
}
