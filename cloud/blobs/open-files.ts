// Open segments for reading: a bounded number of descriptors, the one idle longest given back first. Used by disk.ts.
import { type FileHandle, open } from 'node:fs/promises';

interface Entry {
  readonly file: Promise<FileHandle>;
  users: number;
}

export interface OpenFiles {
  /** Runs `work` with the file open; it stays open afterwards while there is room. */
  use<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Files in use are never closed: with more users than `openMax` at once there are more descriptors, for that moment. */
export function createOpenFiles(openMax: number): OpenFiles {
  // Insertion order is order of use.
  const entries = new Map<string, Entry>();

  async function trim(): Promise<void> {
    for (const [path, entry] of entries) {
      if (entries.size <= openMax) return;
      if (entry.users > 0) continue;
      entries.delete(path);
      await entry.file.then((file) => file.close()).catch(() => {});
    }
  }

  return {
    async use(path, work) {
      const entry = entries.get(path) ?? { file: open(path, 'r'), users: 0 };
      entries.delete(path);
      entries.set(path, entry);
      entry.users += 1;
      try {
        return await work(await entry.file);
      } catch (error) {
        // Also a file that could not be opened: the next try asks the disk again.
        if (entries.get(path) === entry && (await entry.file.catch(() => undefined)) === undefined)
          entries.delete(path);
        throw error;
      } finally {
        entry.users -= 1;
        await trim();
      }
    },
    async close() {
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map((entry) => entry.file.then((file) => file.close()).catch(() => {})));
    },
  };
}
