// A temporary folder that is gone after its test, and a Files port whose reads a test can interfere with.
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { nodeFiles } from '../../../agent/adapters/node-files.ts';
import type { SourceRoots } from '../../../agent/files/source.ts';
import type { FileHandle, Files } from '../../../agent/ports.ts';

export interface TestFolder {
  readonly root: string;
  readonly watched: string;
  readonly spool: string;
  readonly roots: SourceRoots;
  /** Path below the watched folder, as text. */
  at(relative: string): string;
}

export function testFolder(): TestFolder {
  const root = mkdtempSync(join(tmpdir(), 'tender-files-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const watched = join(root, 'watched');
  const spool = join(root, 'spool');
  mkdirSync(watched);
  mkdirSync(spool);
  const roots = { folders: new Map([['papers', Buffer.from(watched)]]), spool: Buffer.from(spool) };
  return { root, watched, spool, roots, at: (relative) => join(watched, relative) };
}

/** Descriptors of this process that lead below a folder: a test that leaves one open has a leak. */
export function openDescriptors(below: string): string[] {
  const found: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith(below)) found.push(target);
    } catch {
      // the descriptor of the listing itself
    }
  }
  return found;
}

/** Real files with a word in between: each hook may change the file, or throw as the system would. */
export function meddledFiles(hooks: {
  readonly beforeRead?: (position: number, length: number) => void;
  readonly beforeOpen?: (path: string) => void;
  readonly beforeStat?: (path: string) => void;
  readonly beforeList?: (path: string) => void;
  readonly readMaxBytes?: () => number;
}): Files {
  const files = nodeFiles();
  return {
    ...files,
    async stat(path) {
      hooks.beforeStat?.(Buffer.from(path).toString());
      return files.stat(path);
    },
    list(path) {
      hooks.beforeList?.(Buffer.from(path).toString());
      return files.list(path);
    },
    async open(path): Promise<FileHandle> {
      hooks.beforeOpen?.(Buffer.from(path).toString());
      const handle = await files.open(path);
      return {
        ...handle,
        read(target, offset, length, position) {
          hooks.beforeRead?.(position, length);
          const most = Math.max(1, hooks.readMaxBytes?.() ?? length);
          return handle.read(target, offset, Math.min(length, most), position);
        },
      };
    },
  };
}

export function fileError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Waits (some ms) until the file system's clock has moved: times come from a tick of up to 10 ms, and two changes in one
 * tick look like one. Aboard the settle time sees to that.
 */
export function nextFileTime(folder: TestFolder): void {
  const probe = join(folder.root, 'probe');
  const touch = () => {
    writeFileSync(probe, 'x');
    return statSync(probe, { bigint: true }).ctimeNs;
  };
  const start = touch();
  for (let turn = 0; turn < 1_000_000; turn++) if (touch() !== start) return;
  throw new Error('the file system has no clock');
}
