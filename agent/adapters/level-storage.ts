// LevelDB behind the Storage port: <state>/log holds the database, <state>/agent.lock says whose it is, <state>/log.mark
// says what was promised, <state>/quarantine keeps the last broken ones. Knows files, nothing of what is in the rows.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Level } from 'level';
import { TenderError } from '../errors.ts';
import type { Change, KeyRange, KeyValue, Storage } from '../ports.ts';
import { lockState } from './state-lock.ts';

/** Broken databases kept as evidence; older ones are removed. */
const quarantineMaxCopies = 3;
/** Rows fetched per call into the native side. */
const pageRows = 500;
/** LevelDB's memtable; doubled it bounds what can stand in its write-ahead file. */
const writeBufferBytes = 4 * 1024 * 1024;
/** Small, since the host keeps its own live cells. */
const cacheBytes = 2 * 1024 * 1024;
const tablesOpenMax = 64;
const markBytes = 256;

/**
 * `directory` is created if absent (mode 0700). With `existing`, for readers: nothing is created, and where there is no log it
 * throws TENDER_STATE_MISSING, or TENDER_NOT_PERMITTED where it is somebody else's.
 */
export function createLevelStorage(directory: string, options: { readonly existing?: true } = {}): Storage {
  if (options.existing) checkExisting(directory);
  else mkdirSync(directory, { recursive: true, mode: 0o700 });
  const home = realpathSync(directory);
  const path = join(home, 'log');
  const markPath = join(home, 'log.mark');
  let markFile: number | undefined;

  function mark(note: string, sync = false): void {
    if (note.length > 200) throw new RangeError('a mark holds at most 200 characters');
    markFile ??= openSync(markPath, existsSync(markPath) ? 'r+' : 'w+', 0o600);
    const line = `${crc32(note).toString(16).padStart(8, '0')} ${note}`;
    writeSync(markFile, `${line.padEnd(markBytes - 1)}\n`, 0);
    if (sync) fsyncSync(markFile);
  }

  async function marked(): Promise<string | undefined> {
    if (!existsSync(markPath)) return undefined;
    const line = readFileSync(markPath, 'utf8').trimEnd();
    const note = line.slice(9);
    return line.slice(0, 8) === crc32(note).toString(16).padStart(8, '0') ? note : undefined;
  }

  async function open(): Promise<KeyValue> {
    const unlock = lockState(home);
    try {
      const level = new Level<string, string>(path, {
        keyEncoding: 'utf8',
        valueEncoding: 'utf8',
        writeBufferSize: writeBufferBytes,
        cacheSize: cacheBytes,
        maxOpenFiles: tablesOpenMax,
        createIfMissing: options.existing !== true,
      });
      await level.open();
      return keyValue(level, () => {
        if (markFile !== undefined) closeSync(markFile);
        markFile = undefined;
        unlock();
      });
    } catch (error) {
      unlock();
      throw openFailure(home, error);
    }
  }

  async function quarantine(reason: string): Promise<string> {
    const unlock = lockState(home);
    try {
      const shelf = join(home, 'quarantine');
      mkdirSync(shelf, { recursive: true, mode: 0o700 });
      const target = join(shelf, nextName(shelf));
      if (existsSync(path)) renameSync(path, target);
      else mkdirSync(target, { mode: 0o700 });
      writeFileSync(join(target, 'reason.txt'), `${reason}\n`);
      syncDirectory(shelf);
      syncDirectory(home);
      for (const old of readdirSync(shelf).sort().slice(0, -quarantineMaxCopies)) {
        rmSync(join(shelf, old), { recursive: true, force: true });
      }
      return target;
    } finally {
      unlock();
    }
  }

  async function restore(): Promise<boolean> {
    const unlock = lockState(home);
    try {
      const shelf = join(home, 'quarantine');
      const last = existsSync(shelf) ? readdirSync(shelf).sort().at(-1) : undefined;
      if (last === undefined) return false;
      rmSync(path, { recursive: true, force: true });
      renameSync(join(shelf, last), path);
      syncDirectory(shelf);
      syncDirectory(home);
      return true;
    } finally {
      unlock();
    }
  }

  return { open, quarantine, restore, mark, marked };
}

function checkExisting(directory: string): void {
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    accessSync(join(directory, 'log'), constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new TenderError(
        'TENDER_STATE_MISSING',
        `There is no log in ${directory}: name the agent's own state directory.`,
      );
    throw new TenderError(
      'TENDER_NOT_PERMITTED',
      `The log in ${directory} cannot be opened (${code ?? 'unknown error'}): run this as the agent's user.`,
    );
  }
}

function keyValue(level: Level<string, string>, closed: () => void): KeyValue {
  return {
    // The synchronous read takes about 10 µs where the asynchronous one takes 50 (measured).
    get: async (key) => level.getSync(key),
    batch: async (changes, options) => rowsOf(level, changes).write(options),
    prepare: (changes) => {
      const batch = rowsOf(level, changes);
      return { write: (options) => batch.write(options), discard: () => void batch.close() };
    },
    iterate: (range) => pages(level, range),
    close: async () => {
      try {
        await level.close();
      } finally {
        closed();
      }
    },
  };
}

/** Handing over one row at a time takes 0.45 µs per row where an array of them takes 1.15 (measured). */
function rowsOf(level: Level<string, string>, changes: readonly Change[]) {
  const batch = level.batch();
  for (const change of changes) {
    if (change.type === 'put') batch.put(change.key, change.value);
    else batch.del(change.key);
  }
  return batch;
}

/** One native call per page; handed out by hand, since an async generator costs three times as much per row (measured). */
function pages(level: Level<string, string>, range: KeyRange): AsyncIterable<readonly [string, string]> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = level.iterator({ ...range, fillCache: false });
      let page: readonly [string, string][] = [];
      let at = 0;
      const end = { done: true, value: undefined } as const;
      const finish = async (): Promise<typeof end> => {
        await iterator.close();
        return end;
      };
      const fetch = async (): Promise<IteratorResult<readonly [string, string]>> => {
        page = await iterator.nextv(pageRows);
        at = 0;
        const first = page[at++];
        return first === undefined ? finish() : { done: false, value: first };
      };
      return {
        next: () => {
          const value = page[at++];
          return value === undefined ? fetch() : Promise.resolve({ done: false, value });
        },
        return: finish,
      };
    },
  };
}

/** LevelDB says LEVEL_CORRUPTION where it notices damage itself; everything else is the disk or a second agent. */
function openFailure(home: string, error: unknown): Error {
  if (error instanceof TenderError) return error;
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? (error as { code?: string }).code;
  const text = cause?.message ?? String(error);
  if (code === 'LEVEL_LOCKED') {
    return new TenderError(
      'TENDER_STATE_LOCKED',
      `Another agent works on ${home}. Stop it first, or give this one a state directory of its own.`,
      { cause: error },
    );
  }
  if (code === 'LEVEL_CORRUPTION' || /no such file|does not exist|missing|corrupt/i.test(text)) {
    return new TenderError('TENDER_LOG_BROKEN', `The log in ${home} cannot be opened: ${text}.`, {
      cause: error,
    });
  }
  return new TenderError(
    'TENDER_LOG_WRITE_FAILED',
    `The log in ${home} cannot be opened: ${text}. Check free space, rights and the disk; then start again.`,
    { cause: error },
  );
}

/** Sorts by age: 0001-…, 0002-… */
function nextName(shelf: string): string {
  const last = readdirSync(shelf).sort().at(-1);
  const count = last === undefined ? 0 : Number.parseInt(last, 10) || 0;
  return String(count + 1).padStart(6, '0');
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
