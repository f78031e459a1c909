// Where an upload's bytes lie, and the one way to open them. A watched file is named by folder label and relative
// path, a spooled one by its file in the spool: an absolute path never enters the log, so a folder may move.
import type { Name } from '../../cloud/contract/name.ts';
import { nameToBytes } from '../../cloud/contract/name.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { FileHandle, FileStat, Files } from '../ports.ts';
import { bytesOf, isInside, joinPath, splitPath } from './path-bytes.ts';
import { failureOf, type SourceFailure, sourceFailure } from './source-failure.ts';

export type WatchedSource = { readonly kind: 'watched'; readonly folder: string; readonly path: Name };
export type SpooledSource = { readonly kind: 'spooled'; readonly spool: string; readonly sizeBytes: number };
/** `source` of an upload's input and of its effects' params. */
export type Source = WatchedSource | SpooledSource;

/** The directories that sources are relative to. */
export interface SourceRoots {
  /** Folder label → absolute path. */
  readonly folders: ReadonlyMap<string, Uint8Array>;
  readonly spool: Uint8Array;
}

export interface OpenSource {
  readonly handle: FileHandle;
  readonly stat: FileStat;
  readonly path: Uint8Array;
}

/** Absolute path of a source, or why there is none. */
export function sourcePath(
  roots: SourceRoots,
  source: Source,
): { path: Uint8Array } | { failed: SourceFailure } {
  const root = source.kind === 'spooled' ? roots.spool : roots.folders.get(source.folder);
  if (root === undefined) return { failed: sourceFailure('TENDER_SOURCE_FOLDER_UNKNOWN') };
  const relative = relativePath(source);
  if (!isInside(relative)) return { failed: sourceFailure('TENDER_SOURCE_NOT_A_FILE') };
  return { path: joinPath(root, relative) };
}

/**
 * Opens a source for reading. The file system refuses a symlink as the last part; the parts between root and file are
 * looked at first, because the agent may read more than those who can write into the folder.
 */
export async function openSource(
  files: Files,
  roots: SourceRoots,
  source: Source,
): Promise<OpenSource | { failed: SourceFailure }> {
  const found = sourcePath(roots, source);
  if ('failed' in found) return found;
  const parts = splitPath(relativePath(source));
  let directory = found.path.subarray(0, found.path.length - relativePath(source).length);
  try {
    for (const part of parts.slice(0, -1)) {
      directory = joinPath(directory, part);
      const { kind } = await files.stat(directory);
      if (kind !== 'directory') return { failed: sourceFailure('TENDER_SOURCE_NOT_A_FILE') };
    }
    const handle = await files.open(found.path);
    try {
      const stat = await handle.stat();
      if (stat.kind === 'file') return { handle, stat, path: found.path };
      await handle.close();
      return { failed: sourceFailure('TENDER_SOURCE_NOT_A_FILE') };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    return { failed: failureOf(error) };
  }
}

/** True when nothing the file system tells about the file differs: the bytes are the same as far as it knows. */
export function sameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.kind === b.kind &&
    a.sizeBytes === b.sizeBytes &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.inode === b.inode &&
    a.device === b.device
  );
}

function relativePath(source: Source): Uint8Array {
  return source.kind === 'spooled' ? bytesOf(source.spool) : nameToBytes(source.path);
}

/** `source` of an effect's params. The machine has validated it; what it cannot be is a programmer's error. */
export function sourceFromJson(json: Json | undefined): Source {
  const source = json as JsonObject as unknown as Source | undefined;
  if (source?.kind === 'watched' || source?.kind === 'spooled') return source;
  throw new TypeError('an effect came without its source');
}
