// Keeps the bytes of `tender add` aboard until they are ashore. A document is received into a temporary file, fsynced,
// given its name, and the directory is fsynced: only then may the daemon say "queued". Each document is two files named
// by its upload id: `<ULID>.bytes`, and `<ULID>.about` with name and priority, so that a queue whose log broke can be
// taken up again from the spool alone. The local API receives, releaseSource removes, main.ts sweeps at the start.
import { isUlid } from '../../cloud/contract/ids.ts';
import type { Name } from '../../cloud/contract/name.ts';
import { TenderError } from '../errors.ts';
import type { Files, FileWriter } from '../ports.ts';
import { bytesOf, joinPath } from './path-bytes.ts';
import { readAbout, spoolFileNames } from './spool-files.ts';

export interface SpoolLimits {
  /** All documents in the spool together. */
  readonly spoolMaxBytes: number;
  /** Left free on the disk for everybody else, the log first. */
  readonly freeMinBytes: number;
  /** Free space is asked for again after so many received bytes. */
  readonly freeCheckEveryBytes: number;
}

export const spoolLimits: SpoolLimits = {
  spoolMaxBytes: 5_000_000_000,
  freeMinBytes: 200_000_000,
  freeCheckEveryBytes: 8 * 1024 * 1024,
};

/** What a document in the spool is called and how urgent it is. */
export interface SpooledAbout {
  readonly name: Name;
  readonly priority: number;
  readonly addedMs: number;
}

export interface Spooled {
  readonly uploadId: string;
  /** File in the spool: the `spool` of an upload's source. */
  readonly spool: string;
  readonly sizeBytes: number;
  readonly about: SpooledAbout;
}

export interface Spool {
  /**
   * Streams a document in; resolves when it would survive a power cut. Throws TENDER_SPOOL_FULL or TENDER_DISK_FULL and
   * leaves nothing behind, also when `bytes` fails (then with its error). `declaredBytes` lets it refuse at once.
   */
  receive(
    uploadId: string,
    about: SpooledAbout,
    bytes: AsyncIterable<Uint8Array>,
    declaredBytes?: number,
  ): Promise<Spooled>;
  /** Forgets a document; gone already is fine. */
  remove(spool: string): Promise<void>;
  /**
   * At the start, before anything is received: removes what was never finished, counts what is there, and answers the
   * complete documents whose upload `isKnown` denies (a crash before the log had it, or a log that was rebuilt).
   */
  sweep(
    isKnown: (uploadId: string) => Promise<boolean>,
  ): Promise<{ readonly orphans: readonly Spooled[]; readonly removed: number }>;
  usedBytes(): number;
}

export function createSpool(ports: {
  readonly files: Files;
  readonly directory: Uint8Array;
  readonly limits?: Partial<SpoolLimits>;
}): Spool {
  const { files, directory } = ports;
  const limits = { ...spoolLimits, ...ports.limits };
  /** Bytes of every document, those still arriving too. */
  const sizes = new Map<string, number>();
  let used = 0;

  const at = (name: string): Uint8Array => joinPath(directory, bytesOf(name));

  function count(spool: string, sizeBytes: number): void {
    used += sizeBytes - (sizes.get(spool) ?? 0);
    sizes.set(spool, sizeBytes);
  }

  function uncount(spool: string): void {
    used -= sizes.get(spool) ?? 0;
    sizes.delete(spool);
  }

  function refuseBeyondLimit(moreBytes: number): void {
    if (used + moreBytes <= limits.spoolMaxBytes) return;
    throw new TenderError(
      'TENDER_SPOOL_FULL',
      `The spool holds ${used} of at most ${limits.spoolMaxBytes} bytes. Wait until documents are ashore, or raise spool.max.`,
    );
  }

  async function refuseWithoutSpace(moreBytes: number): Promise<void> {
    const free = await files.freeBytes(directory);
    if (free - moreBytes >= limits.freeMinBytes) return;
    throw diskFull(`${free} bytes are free, ${limits.freeMinBytes} are left to others`);
  }

  /** Receives all bytes into a file that is then complete and fsynced; answers how many there were. */
  async function fill(
    writer: FileWriter,
    spool: string,
    bytes: AsyncIterable<Uint8Array>,
    declaredBytes: number,
  ): Promise<number> {
    let received = 0;
    let checkAt = limits.freeCheckEveryBytes;
    for await (const piece of bytes) {
      received += piece.length;
      if (received > declaredBytes) {
        refuseBeyondLimit(received - (sizes.get(spool) ?? 0));
        count(spool, received);
      }
      if (received >= checkAt) {
        await refuseWithoutSpace(Math.max(0, declaredBytes - received));
        checkAt = received + limits.freeCheckEveryBytes;
      }
      await onDisk(writer.write(piece));
    }
    await onDisk(writer.sync());
    return received;
  }

  async function writeFile(name: string, write: (writer: FileWriter) => Promise<void>): Promise<void> {
    const writer = await onDisk(files.create(at(name)));
    try {
      await write(writer);
    } finally {
      await writer.close();
    }
  }

  async function remove(spool: string): Promise<void> {
    const names = spoolFileNames(spool.slice(0, 26));
    await files.remove(at(names.bytes));
    await files.remove(at(names.about));
    uncount(spool);
  }

  return {
    async receive(uploadId, about, bytes, declaredBytes = 0) {
      const names = spoolFileNames(uploadId);
      refuseBeyondLimit(declaredBytes);
      count(names.bytes, declaredBytes);
      try {
        await refuseWithoutSpace(declaredBytes);
        let sizeBytes = 0;
        await writeFile(names.part, async (writer) => {
          sizeBytes = await fill(writer, names.bytes, bytes, declaredBytes);
        });
        await writeFile(names.about, async (writer) => {
          await onDisk(writer.write(bytesOf(JSON.stringify(about))));
          await onDisk(writer.sync());
        });
        await onDisk(files.rename(at(names.part), at(names.bytes)));
        await onDisk(files.syncDirectory(directory));
        count(names.bytes, sizeBytes);
        return { uploadId, spool: names.bytes, sizeBytes, about };
      } catch (error) {
        uncount(names.bytes);
        // What a broken disk does not let go now, the next start's sweep removes.
        for (const name of [names.part, names.bytes, names.about])
          await files.remove(at(name)).catch(() => {});
        throw error;
      }
    },

    remove,

    async sweep(isKnown) {
      await files.makeDirectory(directory);
      const present = new Set<string>();
      for await (const entry of files.list(directory)) present.add(new TextDecoder().decode(entry.name));
      const orphans: Spooled[] = [];
      let removed = 0;
      for (const name of present) {
        const uploadId = name.slice(0, 26);
        if (!isUlid(uploadId)) continue;
        const names = spoolFileNames(uploadId);
        // Bytes that never arrived whole, and the note of bytes that are gone.
        if (name === names.part || (name === names.about && !present.has(names.bytes))) {
          await files.remove(at(name));
          removed += 1;
        }
        if (name !== names.bytes) continue;
        const stat = await files.stat(at(name)).catch(unlessGone);
        if (!stat) continue; // released by its effect while we looked
        const { sizeBytes } = stat;
        count(name, sizeBytes);
        if (await isKnown(uploadId)) continue;
        const about = await readAbout(files, at(names.about));
        if (about) {
          orphans.push({ uploadId, spool: name, sizeBytes, about });
        } else {
          await remove(name);
          removed += 1;
        }
      }
      return { orphans, removed };
    },

    usedBytes: () => used,
  };
}

function unlessGone(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
}

function diskFull(why: string): TenderError {
  return new TenderError(
    'TENDER_DISK_FULL',
    `The disk of the spool is too full (${why}). Free some space and add the file again; what is queued is safe.`,
  );
}

/** A failed write says what to do. A failure of the arriving bytes is not caught by it: that is the sender's. */
async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull(code);
    throw new TenderError(
      'TENDER_SPOOL_WRITE_FAILED',
      `The spool could not be written (${code}). Check its disk, then add the file again; what is queued is safe.`,
      { cause: error },
    );
  }
}
