// A disk of a few megabytes, to be filled to the last byte: a tmpfs, where we may mount one.
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reachableTemporaryDirectory } from '../../../cloud/postgres/binaries.ts';

export interface SmallDisk {
  readonly path: string;
  /** Fills it with a file of somebody else's, up to so many bytes free. */
  fill(leaveBytes: number): Promise<void>;
  /** That file goes again. */
  free(): Promise<void>;
  unmount(): Promise<void>;
}

/** Undefined where this user may not mount: says so, and the caller skips. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const home = await reachableTemporaryDirectory('tender-small-disk-');
  const path = join(home, 'disk');
  await mkdir(path);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]);
  if (mounted.status !== 0) {
    await rm(home, { recursive: true });
    console.warn(cannotMount);
    return undefined;
  }
  await chmod(path, 0o755);
  const ballast = join(path, 'ballast');
  return {
    path,
    async fill(leaveBytes) {
      const { bavail, bsize } = await statfs(path);
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes), 1), { flag: 'a' });
    },
    free: () => rm(ballast, { force: true }),
    async unmount() {
      const done = spawnSync('umount', ['-l', path]);
      if (done.status !== 0) throw new Error(`${path} does not unmount: ${done.stderr.toString()}`);
      await rm(home, { recursive: true });
    },
  };
}

export const cannotMount =
  'SKIPPED LOUDLY: this user may not mount a tmpfs, so no disk can be filled here (run as root)';
