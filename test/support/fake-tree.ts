// Names and what they lead to, for the fake file system: paths as map keys, one character per byte, and each directory's
// entries in the order they came.
import type { FileKind } from '../../agent/ports.ts';

export interface Node {
  readonly kind: FileKind;
  readonly inode: number;
  bytes: Uint8Array;
  changedMs: number;
  /** Changes at the same virtual moment still differ, as nanoseconds do. */
  changes: number;
  /** Bytes a power cut leaves; undefined: all (not written by the agent, or synced). */
  syncedBytes: number | undefined;
}

export class FakeTree {
  readonly #nodes = new Map<string, Node>();
  readonly #children = new Map<string, Set<string>>();

  get(path: string): Node | undefined {
    return this.#nodes.get(path);
  }

  has(path: string): boolean {
    return this.#nodes.has(path);
  }

  values(): IterableIterator<Node> {
    return this.#nodes.values();
  }

  put(path: string, node: Node): void {
    if (!this.#nodes.has(path) && path !== '/') {
      const entries = this.#children.get(parent(path)) ?? new Set();
      this.#children.set(parent(path), entries.add(path));
    }
    this.#nodes.set(path, node);
  }

  drop(path: string): void {
    this.#nodes.delete(path);
    this.#children.get(parent(path))?.delete(path);
  }

  /** Whole paths. */
  entries(directory: string): string[] {
    return [...(this.#children.get(directory) ?? [])];
  }

  /** Paths of all files below a directory, in byte order. */
  filesBelow(directory: string): string[] {
    return this.entries(directory)
      .flatMap((path) => (this.#nodes.get(path)?.kind === 'file' ? [path] : this.filesBelow(path)))
      .sort();
  }
}

export function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
