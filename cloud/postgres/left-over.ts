// What postmaster.pid says about a server on this data directory: one that runs (its starter was killed) is adopted,
// a file of a dead one is PostgreSQL's own to overwrite. Called by server.ts.
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface Running {
  readonly pid: number;
  readonly socketDirectory: string;
  readonly ready: boolean;
}

/** Lines of postmaster.pid (miscadmin.h): 1 pid, 2 data directory, 4 port, 5 socket directory, 8 status. */
export async function readRunning(dataDirectory: string): Promise<Running | undefined> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await isPostgres(pid))) return undefined;
  return { pid, socketDirectory: lines[4] ?? '', ready: (lines[7] ?? '').trim() === 'ready' };
}

/** Whether this process lives and is a PostgreSQL: after a reboot the same number may be anything. */
export async function isPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const executable = await readlink(`/proc/${pid}/exe`).catch(() => undefined);
  return executable?.replace(/ \(deleted\)$/, '').endsWith('/postgres') ?? false;
}
