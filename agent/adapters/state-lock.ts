// One agent per state directory. LevelDB's own lock is not enough: a refused second open in one process drops it. Ours
// is a file made with O_EXCL that names its holder by process id, that process' start time and the machine's boot, so
// that a lock left by a killed agent is taken over and a living one is never robbed.
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { TenderError } from '../errors.ts';

interface Holder {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
}

/** Attempts to take over a stale lock before giving up; each loses only to another agent that starts right now. */
const takeoverMaxAttempts = 5;
const heldHere = new Set<string>();

/** Takes the lock of an existing, normalised directory; the answer lets go of it. Throws TENDER_STATE_LOCKED. */
export function lockState(directory: string): () => void {
  if (heldHere.has(directory)) throw locked(directory, process.pid);
  const path = join(directory, 'agent.lock');
  const mine = JSON.stringify(describe(process.pid));
  const draft = `${path}.${process.pid}`;
  writeWhole(draft, mine);
  try {
    for (let attempt = 1; ; attempt++) {
      if (linkNew(draft, path)) break;
      const holder = readHolder(path);
      if (holder && alive(holder)) throw locked(directory, holder.pid);
      if (attempt === takeoverMaxAttempts) throw locked(directory, holder?.pid ?? 0);
      if (holder !== null) clearStale(path, draft);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  heldHere.add(directory);
  return () => {
    if (!heldHere.delete(directory)) return;
    if (sameText(path, mine)) rmSync(path, { force: true });
  };
}

function locked(directory: string, pid: number): TenderError {
  return new TenderError(
    'TENDER_STATE_LOCKED',
    `Another agent (process ${pid}) works on ${directory}. Stop it first, or give this one a state directory of its own.`,
  );
}

/** link() fails if the name exists, also over NFS where O_EXCL historically did not. */
function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the stale file away; if it changed hands in between, the living holder gets its name back. */
function clearStale(path: string, draft: string): void {
  const aside = `${draft}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && alive(moved)) linkNew(aside, path);
  rmSync(aside, { force: true });
}

/** null: no lock file; undefined: a file nobody can have finished writing. */
function readHolder(path: string): Holder | undefined | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const { pid, started, boot } = value as Holder;
    return typeof pid === 'number' && pid > 0
      ? { pid, started: String(started), boot: String(boot) }
      : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : undefined;
  }
}

/** Only a process that is the same one, not a later one with a recycled id, holds a lock. */
function alive(holder: Holder): boolean {
  const now = describe(holder.pid);
  if (holder.boot !== now.boot) return false;
  if (now.started !== '') return now.started === holder.started;
  try {
    process.kill(holder.pid, 0);
    return holder.started === '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && holder.started === '';
  }
}

/** Start time from /proc (field 22, in clock ticks since boot); empty where there is no /proc or no such process. */
function describe(pid: number): Holder {
  const stat = text(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const dead = fields[0] === 'Z' || fields[0] === 'X';
  return {
    pid,
    started: dead ? '' : (fields[19] ?? ''),
    boot: text('/proc/sys/kernel/random/boot_id').trim(),
  };
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function sameText(path: string, expected: string): boolean {
  return text(path) === expected;
}

function writeWhole(path: string, content: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
