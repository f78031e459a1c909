// Walks one folder and gives every regular file in it. The rescan is the truth about a folder: network shares give no
// events, and events get lost. Nothing is followed, nothing is held but the way down: memory is bounded by the depth,
// also with a million entries in one directory. What is passed over is told with its reason. The watcher calls it.
import type { Clock, FileKind, FileStat, Files } from '../ports.ts';
import { isHidden, joinPath, sameBytes, splitPath } from './path-bytes.ts';
import { failureOf } from './source-failure.ts';

export interface ScanLimits {
  /** Directories inside directories. Each level holds one open directory. */
  readonly depthMax: number;
  /** Of a path below its folder. With the label it must fit a name on the line (4,096). */
  readonly pathMaxBytes: number;
  /** Entries between two breaths of the event loop. */
  readonly entriesPerTurnMax: number;
  /** Files handed over at once: their uploads share the log's group commits. */
  readonly sightingsMaxConcurrent: number;
}

export const scanLimits: ScanLimits = {
  depthMax: 64,
  pathMaxBytes: 4_000,
  entriesPerTurnMax: 256,
  sightingsMaxConcurrent: 32,
};

/** Why an entry is not sent, in words for people. */
export const skipReasons = {
  symlink: 'This is a link. Links are not followed: put the file itself into the folder.',
  special: 'This is a pipe, socket or device, not a file.',
  'too-deep': 'This directory lies too deep; files in it are not sent.',
  loop: 'This directory contains itself (a bind mount); it is not walked again.',
  'path-too-long': 'The path is longer than 4,000 bytes. Move the file further up.',
  unreadable: 'The agent may not read this directory. Give its user the right to.',
  failed: 'Reading this directory failed. Check the disk or the network share.',
} as const;

export type SkipReason = keyof typeof skipReasons;

export interface ScanVisitor {
  /** Before a directory is listed, so that a watch set here misses nothing. */
  directory(path: Uint8Array): void;
  file(path: Uint8Array, stat: FileStat): Promise<unknown>;
  skipped(path: Uint8Array, why: SkipReason): void;
}

export interface ScanOptions {
  readonly files: Files;
  readonly clock: Clock;
  /** Absolute path of the folder. */
  readonly root: Uint8Array;
  /** Names that begin with a dot, too. */
  readonly hidden: boolean;
  /** Absolute paths that are passed over in silence: the agent's own state. */
  readonly excluded: readonly Uint8Array[];
  readonly limits: ScanLimits;
  readonly signal: AbortSignal;
}

/** A directory on the way down: bind mounts can make one contain itself. */
interface Level {
  readonly path: Uint8Array;
  readonly id: string;
  readonly depth: number;
  readonly above: Level | undefined;
}

/**
 * Walks the folder from `from` on (relative; empty for all). Resolves when every file's visit has; rejects with the
 * first visit's error, and with FileError when `from` itself cannot be read.
 */
export async function scan(options: ScanOptions, visitor: ScanVisitor, from: Uint8Array): Promise<void> {
  const { files, clock, limits, signal } = options;
  const visits = new Set<Promise<void>>();
  let failed: VisitFailed | undefined;
  let entriesInTurn = 0;

  async function breathe(): Promise<void> {
    signal.throwIfAborted();
    if (failed) throw failed;
    entriesInTurn += 1;
    if (entriesInTurn < limits.entriesPerTurnMax) return;
    entriesInTurn = 0;
    await new Promise<void>((resolve) => clock.after(0, resolve));
  }

  /** Starts a visit; its failure is noticed at the next breath, so that no visit is waited for alone. */
  async function visit(path: Uint8Array, stat: FileStat): Promise<void> {
    const running: Promise<void> = visitor
      .file(path, stat)
      .catch((error: unknown) => {
        failed ??= new VisitFailed('a sighting was not taken', { cause: error });
      })
      .then(() => void visits.delete(running));
    visits.add(running);
    if (visits.size >= limits.sightingsMaxConcurrent) await Promise.race(visits);
    if (failed) throw failed;
  }

  async function walk(level: Level): Promise<void> {
    visitor.directory(level.path);
    for await (const { name, kind } of files.list(joinPath(options.root, level.path))) {
      await breathe();
      const path = joinPath(level.path, name);
      if (!admits(options, path)) continue;
      if (path.length > limits.pathMaxBytes) visitor.skipped(path, 'path-too-long');
      else await enter(level, path, kind);
    }
  }

  async function enter(level: Level, path: Uint8Array, listedKind: FileKind): Promise<void> {
    if (listedKind === 'symlink') return visitor.skipped(path, 'symlink');
    if (listedKind === 'other') return visitor.skipped(path, 'special');
    try {
      const stat = await files.stat(joinPath(options.root, path));
      if (stat.kind === 'file') return await visit(path, stat);
      if (stat.kind !== 'directory')
        return visitor.skipped(path, stat.kind === 'symlink' ? 'symlink' : 'special');
      const below = { path, id: idOf(stat), depth: level.depth + 1, above: level };
      if (below.depth > limits.depthMax) return visitor.skipped(path, 'too-deep');
      if (contains(level, below.id)) return visitor.skipped(path, 'loop');
      await walk(below);
    } catch (error) {
      if (error instanceof VisitFailed || signal.aborted) throw error;
      const { code } = failureOf(error);
      if (code === 'TENDER_SOURCE_VANISHED') return; // since it was listed: no news
      visitor.skipped(path, code === 'TENDER_SOURCE_UNREADABLE' ? 'unreadable' : 'failed');
    }
  }

  try {
    const stat = await files.stat(joinPath(options.root, from));
    if (stat.kind === 'file' && from.length > 0) await visit(from, stat);
    else if (stat.kind === 'directory')
      await walk({ path: from, id: idOf(stat), depth: depthOf(from), above: undefined });
  } catch (error) {
    if (!(error instanceof VisitFailed)) throw error;
  } finally {
    await Promise.all(visits);
  }
  if (failed) throw failed.cause;
}

/** Whether an entry is looked at, judged by the last name of its path: the names above it were judged on the way. */
export function admits(
  options: Pick<ScanOptions, 'root' | 'hidden' | 'excluded'>,
  path: Uint8Array,
): boolean {
  if (!options.hidden && isHidden(splitPath(path).at(-1)!)) return false;
  const absolute = joinPath(options.root, path);
  return !options.excluded.some((own) => sameBytes(own, absolute));
}

function depthOf(path: Uint8Array): number {
  return path.length === 0 ? 0 : splitPath(path).length;
}

/** A visit's failure ends the scan; that of an entry does not. */
class VisitFailed extends Error {}

function idOf(stat: FileStat): string {
  return `${stat.device}:${stat.inode}`;
}

function contains(level: Level | undefined, id: string): boolean {
  for (let at = level; at; at = at.above) if (at.id === id) return true;
  return false;
}
