// The Files port on node:fs. Paths go to the system as bytes (Buffer), so that every name a disk can hold works. Opening
// never follows a symlink and never waits for a FIFO's writer; times and inodes are read as bigint, because a double
// cannot tell two inodes of a large share apart. Built by main.ts.
import { type BigIntStats, constants, type Dirent, watch } from 'node:fs';
import { lstat, mkdir, open, opendir, rename, statfs, unlink } from 'node:fs/promises';
import type { FileHandle, FileKind, FileStat, Files, FileWriter } from '../ports.ts';

const openForReading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const createForWriting = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Entries fetched from a directory at a time. */
const listBufferEntries = 256;

export function nodeFiles(): Files {
  return {
    stat: async (path) => statOf(await lstat(pathOf(path), { bigint: true })),
    open: openFile,
    list,
    create: createFile,
    rename: (from, to) => rename(pathOf(from), pathOf(to)),
    remove: (path) => unlink(pathOf(path)).catch(unlessMissing),
    async makeDirectory(path) {
      await mkdir(pathOf(path), { recursive: true, mode: 0o700 });
    },
    async syncDirectory(path) {
      const directory = await open(pathOf(path), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },
    async freeBytes(path) {
      const { bavail, bsize } = await statfs(pathOf(path));
      return bavail * bsize;
    },
    watch: watchDirectory,
  };
}

async function openFile(path: Uint8Array): Promise<FileHandle> {
  const handle = await open(pathOf(path), openForReading);
  return {
    stat: async () => statOf(await handle.stat({ bigint: true })),
    read: async (target, offset, length, position) =>
      (await handle.read(target, offset, length, position)).bytesRead,
    close: () => handle.close(),
  };
}

async function createFile(path: Uint8Array): Promise<FileWriter> {
  const handle = await open(pathOf(path), createForWriting, 0o600);
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

async function* list(directory: Uint8Array): AsyncIterable<{ name: Uint8Array; kind: FileKind }> {
  // Node types an encoding of text only, though 'buffer' is documented: names then come as bytes.
  const options = { encoding: 'buffer', bufferSize: listBufferEntries } as never;
  const entries = (await opendir(pathOf(directory) as never, options)) as unknown as AsyncIterable<
    Dirent<Buffer>
  >;
  for await (const entry of entries) yield { name: entry.name, kind: kindOf(entry) };
}

/** One directory, not what is below it: the watcher asks for each. A system out of watches gives none: only hints. */
function watchDirectory(directory: Uint8Array, hint: (relative: Uint8Array | null) => void): () => void {
  try {
    const watcher = watch(pathOf(directory), { encoding: 'buffer', persistent: false }, (_, name) =>
      hint(name),
    );
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}

function statOf(stats: BigIntStats): FileStat {
  return {
    kind: kindOf(stats),
    sizeBytes: Number(stats.size),
    mtimeNs: String(stats.mtimeNs),
    ctimeNs: String(stats.ctimeNs),
    inode: String(stats.ino),
    device: String(stats.dev),
  };
}

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function pathOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
