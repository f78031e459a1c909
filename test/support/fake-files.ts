// A file system that a test holds. Others (the crew, a camera, an office program) change it through the methods of the
// class, at once and for good; the agent sees it through `port(life)`, with latency, so that a file may change between
// two of its reads. What the agent itself writes survives a power cut only as far as it was synced: content by
// sync(), names by syncDirectory(), each otherwise up to a random point.
import type { FileHandle, FileKind, FileStat, Files, FileWriter } from '../../agent/ports.ts';
import { type FakeLife, never } from './fake-life.ts';
import type { FakeRandom } from './fake-random.ts';
import type { FakeTimeline } from './fake-timeline.ts';
import { FakeTree, type Node, parent } from './fake-tree.ts';

const empty = new Uint8Array(0);

/** A change of a name that its directory has not synced yet: how to undo it. */
interface PendingName {
  readonly directory: string;
  readonly undo: () => void;
}

export class FakeFiles {
  readonly #timeline: FakeTimeline;
  readonly #random: FakeRandom;
  readonly #latencyMs: number;
  readonly #tree = new FakeTree();
  #pending: PendingName[] = [];
  #inode = 100;
  readonly #watchers = new Set<{ directory: string; hint: (relative: Uint8Array | null) => void }>();
  readonly #failing = new Map<string, string>();
  /** Free space as the agent is told, bytes. */
  free = 64 * 2 ** 30;
  /** Probability that a change reaches the watchers: network shares give no events at all. */
  hintChance = 1;
  /** Told of each read by the agent before it is answered: others may write between two parts of one file. */
  onRead: (path: string, position: number, length: number) => void = () => {};
  /** When set, every write by the agent fails with it (ENOSPC, EIO). */
  writeError: string | undefined;

  constructor(timeline: FakeTimeline, random: FakeRandom, latencyMs: number) {
    this.#timeline = timeline;
    this.#random = random;
    this.#latencyMs = latencyMs;
    this.#tree.put('/', this.#node('directory', empty));
  }

  makeDirectory(path: string): void {
    const parts = path.split('/').filter(Boolean);
    for (let i = 1; i <= parts.length; i++) {
      const key = `/${parts.slice(0, i).join('/')}`;
      if (!this.#tree.has(key)) this.#tree.put(key, this.#node('directory', new Uint8Array(0)));
    }
  }

  /** A new file, or new bytes in the old one (same inode: open handles see them). */
  write(path: string, bytes: Uint8Array): void {
    const node = this.#tree.get(path);
    if (node) {
      node.bytes = bytes;
      this.#touch(node);
    } else this.#tree.put(path, this.#node('file', bytes));
    this.#hint(path);
  }

  /** Atomic save: another inode under the old name. */
  replace(path: string, bytes: Uint8Array): void {
    this.#tree.put(path, this.#node('file', bytes));
    this.#hint(path);
  }

  delete(path: string): void {
    this.#tree.drop(path);
    this.#hint(path);
  }

  /** Bytes of a file, undefined when there is none. */
  content(path: string): Uint8Array | undefined {
    return this.#tree.get(path)?.bytes;
  }

  /** Paths of all files below a directory, in byte order. */
  filesBelow(directory: string): string[] {
    return this.#tree.filesBelow(directory);
  }

  /** Reads of this path fail with the code until undefined is given. */
  failReads(path: string, code: string | undefined): void {
    if (code) this.#failing.set(path, code);
    else this.#failing.delete(path);
  }

  port(life: FakeLife): Files {
    const call = <T>(act: () => T): Promise<T> =>
      life.call(async () => {
        await this.#wait();
        return life.alive ? act() : never<T>();
      });
    life.onEnd((death) => {
      if (death === 'power') this.#losePower();
      else this.#pending = [];
    });
    return {
      stat: (path) => call(() => this.#stat(this.#find(text(path)))),
      open: (path) => call(() => this.#open(text(path), call)),
      list: (directory) => this.#list(text(directory), call),
      create: (path) => call(() => this.#create(text(path), call)),
      rename: (from, to) => call(() => this.#rename(text(from), text(to))),
      remove: (path) =>
        call(() => {
          const key = text(path);
          const node = this.#tree.get(key);
          if (!node) return;
          this.#tree.drop(key);
          this.#pend(key, () => this.#tree.put(key, node));
        }),
      makeDirectory: (path) => call(() => this.makeDirectory(text(path))),
      syncDirectory: (path) =>
        call(() => {
          this.#failWrites();
          const directory = text(path);
          this.#pending = this.#pending.filter((each) => each.directory !== directory);
        }),
      freeBytes: () => call(() => this.free),
      watch: (directory, hint) => {
        const watcher = {
          directory: text(directory),
          hint: (relative: Uint8Array | null) => life.alive && hint(relative),
        };
        this.#watchers.add(watcher);
        const stop = () => this.#watchers.delete(watcher);
        if (life.alive) life.onEnd(stop);
        return stop;
      },
    };
  }

  #open(path: string, call: <T>(act: () => T) => Promise<T>): FileHandle {
    const node = this.#find(path);
    if (node.kind !== 'file') throw fileError(node.kind === 'symlink' ? 'ELOOP' : 'EISDIR', path);
    this.#failRead(path);
    return {
      stat: () => call(() => this.#stat(node)),
      read: (target, offset, length, position) =>
        call(() => {
          this.#failRead(path);
          this.onRead(path, position, length);
          // Short reads are legal, and the only way that a file may change between two parts of a small one.
          const most = this.#random.chance(0.5)
            ? length
            : Math.min(length, this.#random.between(1, 64 * 1024));
          const part = node.bytes.subarray(position, position + most);
          target.set(part, offset);
          return part.length;
        }),
      close: () => call(() => {}),
    };
  }

  async *#list(
    directory: string,
    call: <T>(act: () => T) => Promise<T>,
  ): AsyncGenerator<{ name: Uint8Array; kind: FileKind }> {
    const found = await call(() => {
      if (this.#find(directory).kind !== 'directory') throw fileError('ENOTDIR', directory);
      const skip = directory === '/' ? 1 : directory.length + 1;
      return [...this.#tree.entries(directory)].map((path) => ({
        name: bytes(path.slice(skip)),
        kind: this.#tree.get(path)!.kind,
      }));
    });
    for (const entry of this.#random.shuffle(found)) yield entry;
  }

  #create(path: string, call: <T>(act: () => T) => Promise<T>): FileWriter {
    this.#failWrites();
    if (this.#tree.has(path)) throw fileError('EEXIST', path);
    if (!this.#tree.has(parent(path))) throw fileError('ENOENT', path);
    const node = this.#node('file', new Uint8Array(0));
    node.syncedBytes = 0;
    this.#tree.put(path, node);
    this.#pend(path, () => this.#tree.drop(path));
    return {
      write: (part) =>
        call(() => {
          this.#failWrites();
          node.bytes = Buffer.concat([node.bytes, part]);
          this.#touch(node);
        }),
      sync: () =>
        call(() => {
          this.#failWrites();
          node.syncedBytes = undefined;
        }),
      close: () => call(() => {}),
    };
  }

  #rename(from: string, to: string): void {
    this.#failWrites();
    const node = this.#find(from);
    const old = this.#tree.get(to);
    this.#tree.drop(from);
    this.#tree.put(to, node);
    this.#pend(to, () => {
      this.#tree.put(from, node);
      if (old) this.#tree.put(to, old);
      else this.#tree.drop(to);
    });
  }

  #losePower(): void {
    // Names are journalled: what survives is a prefix; the rest is undone, newest first.
    const kept = this.#random.between(0, this.#pending.length);
    for (const each of this.#pending.splice(0).slice(kept).reverse()) each.undo();
    for (const node of this.#tree.values()) {
      if (node.syncedBytes === undefined) continue;
      node.bytes = node.bytes.subarray(0, this.#random.between(node.syncedBytes, node.bytes.length));
      node.syncedBytes = undefined;
    }
  }

  #pend(path: string, undo: () => void): void {
    this.#pending.push({ directory: parent(path), undo });
  }

  #find(path: string): Node {
    const node = this.#tree.get(path === '/' ? path : path.replace(/\/+$/, ''));
    if (!node) throw fileError('ENOENT', path);
    return node;
  }

  #failRead(path: string): void {
    const code = this.#failing.get(path);
    if (code) throw fileError(code, path);
  }

  #failWrites(): void {
    if (this.writeError) throw fileError(this.writeError, 'state directory');
  }

  #node(kind: FileKind, content: Uint8Array): Node {
    return {
      kind,
      inode: this.#inode++,
      bytes: content,
      changedMs: this.#timeline.now,
      changes: 0,
      syncedBytes: undefined,
    };
  }

  #touch(node: Node): void {
    node.changedMs = this.#timeline.now;
    node.changes++;
  }

  #stat(node: Node): FileStat {
    const ns = `${BigInt(Math.floor(node.changedMs * 1000)) * 1000n + BigInt(node.changes % 1000) + 1_700_000_000_000_000_000n}`;
    return {
      kind: node.kind,
      sizeBytes: node.bytes.length,
      mtimeNs: ns,
      ctimeNs: ns,
      inode: String(node.inode),
      device: '1',
    };
  }

  #hint(path: string): void {
    for (const watcher of [...this.#watchers]) {
      if (!path.startsWith(`${watcher.directory}/`) || !this.#random.chance(this.hintChance)) continue;
      const relative = bytes(path.slice(watcher.directory.length + 1));
      this.#timeline.after(this.#random.between(0, 50), () => {
        if (this.#watchers.has(watcher)) watcher.hint(relative);
      });
    }
  }

  #wait(): Promise<void> {
    const delayMs = this.#latencyMs * this.#random.unit();
    // Most calls hit the page cache: only some cost time, and those let the rest of the world move.
    return this.#random.chance(0.25) ? this.#timeline.sleep(delayMs) : Promise.resolve();
  }
}

/** Paths are bytes; as a map's key they stand one character per byte. */
function text(path: Uint8Array): string {
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('latin1');
}

function bytes(path: string): Uint8Array {
  return new Uint8Array(Buffer.from(path, 'latin1'));
}

function fileError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
