// What is remembered of versions that are ashore, so that a changed file sends what changed: one file per version in the state
// directory (base-file.ts), written while the version is read for sending, under a name of its own until the shore has stored it. Only a
// saving: whatever is missing, rotten or wrong here costs bytes on the line. sendDocument records and looks up, confirmStored
// says what is stored.
import { createHash, type Hash } from 'node:crypto';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Files, FileWriter } from '../ports.ts';
import {
  type BaseFile,
  baseChunksMaxCount,
  baseEntryBytes,
  baseIdAt,
  encodeBaseTrailer,
  openBaseFile,
} from './base-file.ts';
import type { StoredVersion } from './file-row.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { bytesOf, joinPath } from './path-bytes.ts';
import { signatureLength, signChunk } from './signatures.ts';

export interface BasesLimits {
  /** All files together; the oldest go first. 3.1 % of the documents they stand for. */
  readonly basesMaxBytes: number;
  readonly basesMaxCount: number;
  /** Documents of no more are not worth a file: they travel whole, in a pack. */
  readonly documentMinBytes: number;
  /** Signed from the beginning up to here; what follows keeps lengths and ids only. */
  readonly signedMaxBytes: number;
  /** Nothing is recorded on a disk with less than this left. */
  readonly freeMinBytes: number;
}

export const basesLimits: BasesLimits = {
  basesMaxBytes: 1024 * 1024 * 1024,
  basesMaxCount: 20_000,
  documentMinBytes: 16 * 1024,
  signedMaxBytes: 4 * 1024 * 1024 * 1024,
  freeMinBytes: 500_000_000,
};

/** Notes down one version while it is read, chunk by chunk. Never fails: then there is no base. */
export interface BaseRecorder {
  /** Every chunk once, in order. Resolves when there is room for the next one. */
  add(bytes: Uint8Array, id: Uint8Array): Promise<void>;
  /** The whole was read: kept, to count once it is stored. */
  end(whole: { readonly lengthBytes: number; readonly sha256: Uint8Array }): Promise<void>;
  discard(): Promise<void>;
}

export interface Bases {
  /** Counts what is there, removes what was never finished. Once, before anything else. */
  open(): Promise<void>;
  record(name: Uint8Array, version: number): BaseRecorder;
  /** The shore has this version: it is the base of the next ones, older ones go. */
  stored(name: Uint8Array, version: number): Promise<void>;
  /**
   * The newest version below `version` that is ashore; the caller closes it. `known`: what the shore is known to have, for a base whose
   * `stored` was lost with a crash.
   */
  find(name: Uint8Array, version: number, known?: StoredVersion): Promise<BaseFile | undefined>;
  /** Something was wrong with these: not used again. */
  forget(name: Uint8Array): Promise<void>;
  usedBytes(): number;
}

/** Written at a time. */
const bufferBytes = 128 * 1024;
/** Names whose file is not ready when the shore has stored the document. */
const earlyMaxCount = 1_024;

/** Chunks in a block of the table, 36 KiB; the first begins small, since most documents are. */
const blockChunks = 1_024;
const firstBlockChunks = 16;

interface Kept {
  readonly file: string;
  readonly sizeBytes: number;
}

export function createBases(ports: {
  readonly files: Files;
  readonly directory: Uint8Array;
  readonly limits?: Partial<BasesLimits>;
}): Bases {
  const { files, directory } = ports;
  const limits = { ...basesLimits, ...ports.limits };
  const inOrder = createKeyedQueue();
  /** Ready files, oldest first. */
  const kept = new Map<string, Kept>();
  /** Versions of a name, by its key. */
  const versions = new Map<string, Map<number, Kept>>();
  let used = 0;
  /** Stored before its file was ready: the newest version of a name. */
  const early = new Map<string, number>();
  let partCount = 0;

  const at = (file: string) => joinPath(directory, bytesOf(file));

  function note(file: string, sizeBytes: number): void {
    const parsed = parseFile(file);
    if (!parsed) return;
    const one = { file, sizeBytes };
    kept.set(file, one);
    used += sizeBytes;
    const ofName = versions.get(parsed.key) ?? new Map<number, Kept>();
    ofName.set(parsed.version, one);
    versions.set(parsed.key, ofName);
  }

  function unnote(file: string): void {
    const one = kept.get(file);
    const parsed = parseFile(file);
    if (!one || !parsed) return;
    kept.delete(file);
    used -= one.sizeBytes;
    const ofName = versions.get(parsed.key);
    if (ofName?.get(parsed.version) === one) ofName.delete(parsed.version);
    if (ofName?.size === 0) versions.delete(parsed.key);
  }

  async function remove(file: string): Promise<void> {
    unnote(file);
    await files.remove(at(file)).catch(() => {}); // swept by size at the next start
  }

  async function makeRoom(): Promise<void> {
    for (const file of kept.keys()) {
      if (used <= limits.basesMaxBytes && kept.size <= limits.basesMaxCount) return;
      await remove(file);
    }
  }

  async function keep(part: string, key: string, version: number, sizeBytes: number): Promise<void> {
    await inOrder(key, async () => {
      const isStored = early.get(key) === version;
      const file = fileOf(key, version, isStored ? 'base' : 'read');
      const same = versions.get(key)?.get(version);
      if (same) await remove(same.file);
      await files.rename(at(part), at(file));
      note(file, sizeBytes);
      if (isStored) await removeOlder(key, version);
    });
    await makeRoom();
  }

  async function removeOlder(key: string, version: number): Promise<void> {
    for (const [older, { file }] of [...(versions.get(key) ?? [])]) if (older < version) await remove(file);
  }

  return {
    async open() {
      await files.makeDirectory(directory);
      const found: { file: string; sizeBytes: number; mtimeNs: bigint }[] = [];
      for await (const { name } of files.list(directory)) {
        const file = new TextDecoder().decode(name);
        if (!parseFile(file)) {
          await files.remove(joinPath(directory, name)).catch(() => {});
          continue;
        }
        const { sizeBytes, mtimeNs } = await files.stat(joinPath(directory, name));
        found.push({ file, sizeBytes, mtimeNs: BigInt(mtimeNs) });
      }
      found.sort((a, b) => (a.mtimeNs < b.mtimeNs ? -1 : 1));
      for (const { file, sizeBytes } of found) note(file, sizeBytes);
      await makeRoom();
    },

    record(name, version) {
      partCount += 1;
      const part = `${partCount}.part`;
      return new Recorder(limits, name, version, {
        create: async () => {
          const free = await files.freeBytes(directory);
          return free < limits.freeMinBytes ? undefined : files.create(at(part));
        },
        keep: (sizeBytes) => keep(part, keyOf(name), version, sizeBytes),
        remove: () => files.remove(at(part)),
      });
    },

    stored(name, version) {
      const key = keyOf(name);
      return inOrder(key, async () => {
        const ofName = versions.get(key);
        const own = ofName?.get(version);
        if (!ofName || !own) {
          early.delete(key);
          early.set(key, version);
          if (early.size > earlyMaxCount) early.delete(early.keys().next().value!);
          return;
        }
        const file = fileOf(key, version, 'base');
        if (own.file !== file) {
          await files.rename(at(own.file), at(file));
          unnote(own.file);
          note(file, own.sizeBytes);
        }
        await removeOlder(key, version);
      }).catch(() => {}); // only a saving
    },

    find(name, version, known) {
      const key = keyOf(name);
      return inOrder(key, async () => {
        const ofName = [...(versions.get(key) ?? [])].sort(([a], [b]) => b - a);
        for (const [older, { file }] of ofName) {
          if (older >= version) continue;
          const isStored = file.endsWith('.base');
          if (!isStored && known?.version !== older) continue;
          const handle = await files.open(at(file)).catch(() => undefined);
          const base = handle && (await openBaseFile(handle, name));
          if (!base || base.version !== older) {
            await base?.close();
            await remove(file);
            continue;
          }
          if (isStored || hexFromBytes(base.sha256) === known?.sha256) return base;
          await base.close();
        }
        return undefined;
      });
    },

    forget(name) {
      const key = keyOf(name);
      return inOrder(key, async () => {
        for (const { file } of [...(versions.get(key)?.values() ?? [])]) await remove(file);
      });
    },

    usedBytes: () => used,
  };
}

/** The file that a recorder writes. */
interface PartFile {
  /** Undefined: there is no room. */
  create(): Promise<FileWriter | undefined>;
  keep(sizeBytes: number): Promise<void>;
  remove(): Promise<void>;
}

class Recorder implements BaseRecorder {
  readonly #limits: BasesLimits;
  readonly #name: Uint8Array;
  readonly #version: number;
  readonly #file: PartFile;
  #writer: FileWriter | undefined;
  #over = false;
  #ending = false;
  #writtenBytes = 0;
  #signedBytes = 0;
  #signedChunks = 0;
  #count = 0;
  /** The table, in blocks: a long document's is never copied. */
  #blocks: Buffer[] = [];
  /** Grown as needed up to `bufferBytes` and a chunk: most documents are short. */
  #buffer = new Uint8Array(4 * 1024);
  #filled = 0;

  constructor(limits: BasesLimits, name: Uint8Array, version: number, file: PartFile) {
    this.#limits = limits;
    this.#name = name;
    this.#version = version;
    this.#file = file;
  }

  async add(bytes: Uint8Array, id: Uint8Array): Promise<void> {
    if (this.#over || this.#ending) return;
    if (this.#count >= baseChunksMaxCount) return this.#abandon();
    this.#noteChunk(bytes.length, id);
    if (
      this.#signedBytes + bytes.length > this.#limits.signedMaxBytes ||
      this.#signedChunks < this.#count - 1
    )
      return;
    this.#signedChunks += 1;
    this.#signedBytes += bytes.length;
    const needed = this.#filled + signatureLength(bytes.length);
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#filled));
      this.#buffer = grown;
    }
    this.#filled = signChunk(bytes, new DataView(this.#buffer.buffer), this.#filled);
    if (this.#filled >= bufferBytes) await this.#flush();
  }

  async end(whole: { readonly lengthBytes: number; readonly sha256: Uint8Array }): Promise<void> {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    if (whole.lengthBytes <= this.#limits.documentMinBytes) return this.#abandon();
    await this.#flush();
    const table = createHash('sha256');
    for (const block of this.#tableBlocks()) {
      table.update(block);
      await this.#put(block);
    }
    await this.#put(this.#trailer(whole, table));
    if (this.#over) return;
    this.#over = true;
    try {
      await this.#writer?.close();
      await this.#file.keep(this.#writtenBytes);
    } catch {
      await this.#file.remove().catch(() => {});
    }
  }

  async discard(): Promise<void> {
    if (!this.#ending) await this.#abandon();
  }

  async #abandon(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const writer = this.#writer;
    this.#buffer = new Uint8Array(0);
    this.#blocks = [];
    if (!writer) return;
    await writer.close().catch(() => {});
    await this.#file.remove().catch(() => {});
  }

  #noteChunk(length: number, id: Uint8Array): void {
    const place = this.#count % blockChunks;
    if (place === 0)
      this.#blocks.push(Buffer.alloc((this.#count === 0 ? firstBlockChunks : blockChunks) * baseEntryBytes));
    if (this.#count === firstBlockChunks) {
      const grown = Buffer.alloc(blockChunks * baseEntryBytes);
      grown.set(this.#blocks[0]!);
      this.#blocks[0] = grown;
    }
    const block = this.#blocks.at(-1)!;
    block.writeUInt32LE(length, place * baseEntryBytes);
    block.set(id, place * baseEntryBytes + baseIdAt);
    this.#count += 1;
  }

  *#tableBlocks(): Iterable<Buffer> {
    for (const [n, block] of this.#blocks.entries())
      yield block.subarray(0, Math.min(blockChunks, this.#count - n * blockChunks) * baseEntryBytes);
  }

  #trailer(whole: { readonly lengthBytes: number; readonly sha256: Uint8Array }, table: Hash): Uint8Array {
    const of = { name: this.#name, version: this.#version, signedChunks: this.#signedChunks, ...whole };
    return encodeBaseTrailer(of, this.#count, table);
  }

  async #flush(): Promise<void> {
    await this.#put(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (this.#over || bytes.length === 0) return;
    try {
      this.#writer ??= await this.#file.create();
      if (!this.#writer) {
        this.#over = true;
        return;
      }
      await this.#writer.write(bytes);
      this.#writtenBytes += bytes.length;
    } catch {
      await this.#abandon(); // a full disk, most of all
    }
  }
}

/** Names may be longer than a file's, and hold any byte. */
function keyOf(name: Uint8Array): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}

/** `read`: read for sending, and not known to be ashore. */
function fileOf(key: string, version: number, state: 'read' | 'base'): string {
  return `${key}.${version}.${state}`;
}

function parseFile(file: string): { readonly key: string; readonly version: number } | undefined {
  const match = /^([0-9a-f]{32})\.([1-9][0-9]{0,9})\.(?:read|base)$/.exec(file);
  return match ? { key: match[1]!, version: Number(match[2]) } : undefined;
}
