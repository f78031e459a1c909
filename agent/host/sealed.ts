// Rows outside the chain carry a checksum over key and value, because LevelDB as shipped returns flipped bits as good
// values. The log itself is protected by its chain (record.ts).
import { crc32 } from 'node:zlib';
import { TenderError } from '../errors.ts';

const sumLength = 8;

export function seal(key: string, value: string): string {
  return sumOf(key, value) + value;
}

/** The value of a sealed row; throws TENDER_LOG_BROKEN when key or value is not what was written. */
export function unseal(key: string, sealed: string): string {
  const value = unsealOrUndefined(key, sealed);
  if (value === undefined) {
    throw new TenderError(
      'TENDER_LOG_BROKEN',
      `The row ${key.slice(0, 120)} is not what was written. Restart the agent: it sets the broken log aside and rebuilds.`,
    );
  }
  return value;
}

export function unsealOrUndefined(key: string, sealed: string): string | undefined {
  const value = sealed.slice(sumLength);
  return sealed.startsWith(sumOf(key, value)) && sealed.length >= sumLength ? value : undefined;
}

function sumOf(key: string, value: string): string {
  return crc32(key + value)
    .toString(16)
    .padStart(sumLength, '0');
}
