// What a person is told about a watched folder: is it there, how many files, and what in it is passed over and why.
import { nameForPeople, nameFromBytes } from '../../cloud/contract/name.ts';
import type { Files } from '../ports.ts';
import { type SkipReason, skipReasons } from './scan.ts';
import { failureOf } from './source-failure.ts';

export interface FolderStatus {
  readonly folder: string;
  /** `waiting`: not scanned yet. `missing`: no such directory now; it is waited for, its files are not taken for gone. */
  readonly state: 'waiting' | 'watched' | 'missing' | 'unreadable';
  /** For people; empty when all is well. */
  readonly message: string;
  /** Files seen by the last full scan. */
  readonly files: number;
  /** Entries passed over by the last full scan, and the first of them. */
  readonly skippedCount: number;
  readonly skipped: readonly Skipped[];
  /** Wall clock of the last full scan's end, ms; null before the first. */
  readonly scannedMs: number | null;
}

export interface Skipped {
  /** For people. */
  readonly path: string;
  readonly why: SkipReason;
  readonly message: string;
}

export function neverScanned(folder: string): FolderStatus {
  return { folder, state: 'waiting', message: '', files: 0, skippedCount: 0, skipped: [], scannedMs: null };
}

/** Counts one scan. */
export function createTally(skippedMaxCount: number) {
  const skipped: Skipped[] = [];
  let files = 0;
  let skippedCount = 0;
  return {
    file(): void {
      files += 1;
    },
    skip(path: Uint8Array, why: SkipReason): void {
      skippedCount += 1;
      if (skipped.length < skippedMaxCount)
        skipped.push({ path: nameForPeople(nameFromBytes(path)), why, message: skipReasons[why] });
    },
    figures: () => ({ files, skippedCount, skipped }),
  };
}

/** Why a folder cannot be scanned now; undefined when it can. */
export async function folderProblem(
  files: Pick<Files, 'stat'>,
  root: Uint8Array,
): Promise<Pick<FolderStatus, 'state' | 'message'> | undefined> {
  try {
    const { kind } = await files.stat(root);
    if (kind === 'directory') return undefined;
    return {
      state: 'unreadable',
      message: 'This is no directory. Name the directory itself, not a link to it.',
    };
  } catch (error) {
    if (failureOf(error).code === 'TENDER_SOURCE_VANISHED')
      return {
        state: 'missing',
        message: 'The folder is not there; it is waited for. Is its disk or share mounted?',
      };
    return { state: 'unreadable', message: 'The folder cannot be read. Check its rights and its disk.' };
  }
}
