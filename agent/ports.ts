// The doors through which time, chance and the world come in. Built in main.ts from the adapters in agent/adapters/,
// built by the simulator from its own; nothing else aboard may touch Date, Math.random, timers, node:fs or sockets.

export interface Clock {
  /** Wall clock in ms since 1970: for people and logs only, may jump. */
  wallMs(): number;
  /** Never goes back, survives no reboot. All deadlines use it. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs` (any length, also beyond 24.8 days); the answer cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

export interface Random {
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  unit(): number;
}

/** An ordered key-value store of bytes-sorted string keys: LevelDB in production, the fake disk in voyages. */
export interface KeyValue {
  get(key: string): Promise<string | undefined>;
  /** All or nothing. With `sync` it resolves only after the bytes are on the medium. Rejects on any write error. */
  batch(changes: readonly Change[], options: { readonly sync: boolean }): Promise<void>;
  /**
   * The same in two steps, for a store whose hand-over of rows is worth doing while another batch is on its way. Absent: batch()
   * does all of it.
   */
  prepare?(changes: readonly Change[]): PreparedBatch;
  /** Ascending by key (or descending), from a consistent view; pages of any size are the adapter's business. */
  iterate(range: KeyRange): AsyncIterable<readonly [key: string, value: string]>;
  close(): Promise<void>;
}

/** Rows handed over and not written. Either way it is used once. */
export interface PreparedBatch {
  write(options: { readonly sync: boolean }): Promise<void>;
  discard(): void;
}

export type Change =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

export interface KeyRange {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** Opens the agent's database in its state directory, with our own lock file beside it (see docs/event-log.md). */
export interface Storage {
  /** Throws TENDER_STATE_LOCKED when another agent holds it. */
  open(): Promise<KeyValue>;
  /** Moves the closed database aside as evidence and answers where it went. The next open() starts empty. */
  quarantine(reason: string): Promise<string>;
  /** Puts the database moved aside last back, in place of one that was never completed; false if there is none. */
  restore?(): Promise<boolean>;
  /**
   * A note of at most 200 characters beside the database: what it must hold at least. Written after each promise without
   * fsync (it may lag behind, never lead), so that a lost tail or a deleted database is noticed. `sync` forces it out.
   */
  mark?(note: string, sync?: boolean): void;
  marked?(): Promise<string | undefined>;
}

export type FileKind = 'file' | 'directory' | 'symlink' | 'other';

/** What the operating system says about a file. Nanoseconds as decimal strings: they exceed 2^53 and must survive JSON. */
export interface FileStat {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  readonly inode: string;
  readonly device: string;
}

export interface FileHandle {
  stat(): Promise<FileStat>;
  /** Reads up to `length` bytes at `position` into `target` from `offset`; answers the count, 0 at the end. */
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** fsync of the file; after it the bytes are promised. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A failed file operation: `code` as errno names it (ENOENT, EACCES, ENOSPC, EIO …). */
export interface FileError extends Error {
  readonly code: string;
}

/** The file system. Paths are bytes, as names are; directories of the agent's own are plain ASCII. */
export interface Files {
  /** lstat: never follows a symlink. Rejects with FileError. */
  stat(path: Uint8Array): Promise<FileStat>;
  /** Opens for reading without following a symlink and without waiting for a FIFO's writer. */
  open(path: Uint8Array): Promise<FileHandle>;
  /** Entry names as bytes, with their kind; in no particular order. */
  list(directory: Uint8Array): AsyncIterable<{ readonly name: Uint8Array; readonly kind: FileKind }>;
  /** Creates a file that must not exist (mode 0600). */
  create(path: Uint8Array): Promise<FileWriter>;
  rename(from: Uint8Array, to: Uint8Array): Promise<void>;
  /** Removes a file; absent is fine. */
  remove(path: Uint8Array): Promise<void>;
  makeDirectory(path: Uint8Array): Promise<void>;
  /** fsync of a directory, so that a name in it survives a power cut. */
  syncDirectory(path: Uint8Array): Promise<void>;
  freeBytes(path: Uint8Array): Promise<number>;
  /** Calls `hint` when something below the directory may have changed. Events may be missed; the rescan is the truth. */
  watch(directory: Uint8Array, hint: (relative: Uint8Array | null) => void): () => void;
}

/** The process itself. */
export interface ProcessPort {
  readonly pid: number;
  rssBytes(): number;
  /** The only way out of the daemon. */
  exit(code: number): void;
}
