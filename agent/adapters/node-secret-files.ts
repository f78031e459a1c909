// Secret files on a real disk: made with O_EXCL and 0600, written whole or not at all, refused when their mode lets
// anybody else in (an ssh client does the same, for the same reason).
import { constants } from 'node:fs';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TenderError } from '../errors.ts';
import type { SecretFiles } from '../identity/secret-files.ts';

const fileMaxBytes = 16_384;

/** `directory` is made (0700) when it is missing. */
export function nodeSecretFiles(directory: string): SecretFiles {
  const at = (name: string) => join(directory, name);
  let drafts = 0;

  /** A whole, durable file under a name of its own; `place` then gives it the lasting one in one step. */
  async function write(name: string, bytes: Uint8Array, place: (from: string, to: string) => Promise<void>) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const draft = at(`.${name}.${process.pid}.${drafts++}`);
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await place(draft, at(name));
      await syncDirectory();
    } finally {
      await rm(draft, { force: true });
    }
  }

  async function syncDirectory(): Promise<void> {
    const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync().finally(() => handle.close());
  }

  return {
    async read(name) {
      let file: Awaited<ReturnType<typeof open>>;
      try {
        file = await open(at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw refusal(at(name), error);
      }
      try {
        const stat = await file.stat();
        if (!stat.isFile() || (stat.mode & 0o077) !== 0)
          throw new TenderError(
            'TENDER_KEY_EXPOSED',
            `${at(name)} can be read by others (mode ${(stat.mode & 0o777).toString(8)}). If nobody else has had it, ` +
              `run: chmod 600 ${at(name)} — otherwise enrol this device again with --replace.`,
          );
        if (stat.size > fileMaxBytes)
          throw new TenderError('TENDER_KEY_BROKEN', `${at(name)} is too large to be a key file of tender.`);
        return new Uint8Array(await file.readFile());
      } finally {
        await file.close();
      }
    },
    async create(name, bytes) {
      try {
        // link() fails where the name exists, as O_EXCL does, and nobody ever sees half a file under it.
        await write(name, bytes, link);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw refusal(at(name), error);
      }
    },
    async replace(name, bytes) {
      try {
        await write(name, bytes, rename);
      } catch (error) {
        throw refusal(at(name), error);
      }
    },
    async remove(name) {
      await rm(at(name), { force: true });
    },
  };
}

function refusal(path: string, error: unknown): TenderError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  const [problem, advice] =
    code === 'EACCES' || code === 'EPERM'
      ? (['TENDER_NOT_PERMITTED', 'run this as the user the agent runs as'] as const)
      : (['TENDER_KEY_BROKEN', 'look at the disk and the directory, then try again'] as const);
  return new TenderError(problem, `${path} cannot be used (${code}): ${advice}.`, { cause: error });
}
