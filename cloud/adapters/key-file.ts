// Keeps the cloud's private key in one file of mode 0600. Losing it means enrolling every yacht again, so it belongs
// into the backup; others reading it means they can forge receipts, so a wider mode is refused.
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type CloudKey, mintCloudKey, readCloudKey } from '../cloud-key.ts';
import { CloudConfigError } from '../config-error.ts';
import type { Random } from '../ports.ts';

/** Reads the key, or makes it when there is none. Two processes that start together end up with the same one. */
export function openCloudKey(path: string, random: Random): CloudKey {
  return read(path) ?? create(path, random);
}

function read(path: string): CloudKey | undefined {
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if ((mode & 0o077) !== 0) {
    throw new CloudConfigError(`The cloud's key ${path} can be read by others: chmod 600 it.`);
  }
  const key = readCloudKey(readFileSync(path, 'utf8'));
  if (key) return key;
  throw new CloudConfigError(`The cloud's key ${path} is damaged: restore it from the backup.`);
}

function create(path: string, random: Random): CloudKey {
  const draft = `${path}.${Buffer.from(random.bytes(8)).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, mintCloudKey(random));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(draft, 0o600);
  try {
    // link fails where rename would overwrite: the first of two wins.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  return read(path)!;
}

/**
 * Makes a directory of ours. Others may pass through it (0711), because the embedded PostgreSQL runs as another user when
 * we are root, but not look into it.
 */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CloudConfigError(`The directory ${path} cannot be made (${code}): choose another with --data.`);
  }
}
