// Where the server's unix socket lies and how it is named in a connection string. Called by server.ts.
import { createHash } from 'node:crypto';
import { chown, lstat, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAs } from './binaries.ts';

/** sun_path holds 107 characters, the socket's name takes 15. */
const socketDirectoryMaxChars = 90;

/**
 * The data directory itself (0700, the server's uid), or a private temporary one where its path is too long. That one is
 * written down beside the data, so that a server started again after a crash has the same connection string.
 */
export async function placeSocket(data: string): Promise<string> {
  if (data.length <= socketDirectoryMaxChars) return data;
  const note = `${data}.socket`;
  const before = await readFile(note, 'utf8').catch(() => '');
  if (before !== '' && (await isOurs(before))) return before;
  const hash = createHash('sha256').update(data).digest('hex').slice(0, 8);
  const directory = await mkdtemp(join(tmpdir(), `tender-pg-${hash}-`));
  const { uid, gid } = runAs();
  if (uid !== undefined && gid !== undefined) await chown(directory, uid, gid);
  await writeFile(note, directory, { mode: 0o600 });
  return directory;
}

/** Temporary folders are cleaned away, and then anybody may make one of that name: only our own is used again. */
async function isOurs(directory: string): Promise<boolean> {
  const found = await lstat(directory).catch(() => undefined);
  const uid = runAs().uid ?? process.getuid?.();
  return found?.isDirectory() === true && found.uid === uid && (found.mode & 0o077) === 0;
}

export function urlOf(socketDirectory: string, database: string, user: string): string {
  return `postgresql://${encodeURIComponent(user)}@${encodeURIComponent(socketDirectory)}/${encodeURIComponent(database)}`;
}
