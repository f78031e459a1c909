// Files in memory, without latency: for tests whose time is held and whose files are many.
import type { FileStat, Files } from '../../../agent/ports.ts';

interface Held {
  bytes: Buffer;
  readonly inode: number;
  mtime: number;
}

export class MemoryFiles {
  readonly held = new Map<string, Held>();
  /** Set: the next writes fail with it. */
  writeError: string | undefined;
  freeBytes = 2 ** 40;
  opened = 0;
  #count = 0;

  put(path: string, bytes: Uint8Array): void {
    this.#count += 1;
    this.held.set(path, { bytes: Buffer.from(bytes), inode: this.#count, mtime: this.#count });
  }

  names(prefix: string): string[] {
    return [...this.held.keys()].filter((path) => path.startsWith(prefix)).sort();
  }

  #find(path: Uint8Array): Held {
    const held = this.held.get(Buffer.from(path).toString());
    if (!held) throw Object.assign(new Error(`no ${Buffer.from(path).toString()}`), { code: 'ENOENT' });
    return held;
  }

  #fail(): void {
    if (this.writeError) throw Object.assign(new Error(this.writeError), { code: this.writeError });
  }

  readonly port: Files = {
    stat: async (path) => statOf(this.#find(path)),
    open: async (path) => {
      const held = this.#find(path);
      this.opened += 1;
      return {
        stat: async () => statOf(held),
        read: async (target, offset, length, position) =>
          held.bytes.copy(target, offset, position, position + length),
        close: async () => {
          this.opened -= 1;
        },
      };
    },
    list: (directory) => {
      const prefix = `${Buffer.from(directory).toString()}/`;
      const names = this.names(prefix).map((path) => path.slice(prefix.length));
      return (async function* () {
        for (const name of names) yield { name: Buffer.from(name), kind: 'file' as const };
      })();
    },
    create: async (path) => {
      this.#fail();
      const name = Buffer.from(path).toString();
      this.put(name, new Uint8Array(0));
      const held = this.held.get(name)!;
      this.opened += 1;
      return {
        write: async (bytes) => {
          this.#fail();
          held.bytes = Buffer.concat([held.bytes, bytes]);
        },
        sync: async () => {},
        close: async () => {
          this.opened -= 1;
        },
      };
    },
    rename: async (from, to) => {
      this.#fail();
      const held = this.#find(from);
      this.held.delete(Buffer.from(from).toString());
      this.held.set(Buffer.from(to).toString(), held);
    },
    remove: async (path) => {
      this.held.delete(Buffer.from(path).toString());
    },
    makeDirectory: async () => {},
    syncDirectory: async () => {},
    freeBytes: async () => this.freeBytes,
    watch: () => () => {},
  };
}

function statOf({ bytes, inode, mtime }: Held): FileStat {
  return {
    kind: 'file',
    sizeBytes: bytes.length,
    mtimeNs: String(mtime),
    ctimeNs: String(mtime),
    inode: String(inode),
    device: '1',
  };
}
