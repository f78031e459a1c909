// The documents of a demo: generated ones written into a watched folder, or the user's own where they lie, untouched.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameForPeople, nameFromBytes } from '../../../cloud/contract/name.ts';
import { TenderError } from '../../errors.ts';
import { isHidden } from '../../files/path-bytes.ts';
import { samples } from './samples/samples.ts';

export interface DemoDocument {
  /** JSON of the exact name, as the agent gives it in `nameBytes`. */
  readonly key: string;
  /** For people: the path below the watched folder. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export const folderLabel = 'papers';
/** More than this and it is not a demo any more; the agent itself has no such bound. */
const documentsMax = 1_000;

/** Writes the samples into `folder` and answers them. */
export async function writeSamples(folder: string): Promise<readonly DemoDocument[]> {
  await mkdir(folder, { recursive: true });
  const documents: DemoDocument[] = [];
  for (const sample of samples()) {
    await writeFile(join(folder, sample.name), sample.bytes);
    documents.push(
      documentOf(Buffer.from(sample.name), sample.bytes.length, hash().update(sample.bytes).digest('hex')),
    );
  }
  return documents;
}

/** The regular files below `folder` that the agent's watcher admits, hashed. Throws TENDER_USAGE when there are none. */
export async function findDocuments(folder: string): Promise<readonly DemoDocument[]> {
  const found: DemoDocument[] = [];
  const root = Buffer.from(folder);
  const under = (path: Buffer): Buffer => Buffer.concat([root, Buffer.from('/'), path]);
  const walk = async (below: Buffer): Promise<void> => {
    for (const entry of await readdir(under(below), { withFileTypes: true, encoding: 'buffer' })) {
      if (isHidden(entry.name)) continue;
      const path = below.length === 0 ? entry.name : Buffer.concat([below, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) await walk(path);
      if (!entry.isFile()) continue;
      if (found.length >= documentsMax)
        throw new TenderError(
          'TENDER_USAGE',
          `${folder} holds more than ${documentsMax} files: name a smaller one.`,
        );
      found.push(documentOf(path, (await stat(under(path))).size, await hashOf(under(path))));
    }
  };
  try {
    await walk(Buffer.alloc(0));
  } catch (error) {
    if (error instanceof TenderError) throw error;
    throw new TenderError('TENDER_USAGE', `${folder} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (found.length === 0) throw new TenderError('TENDER_USAGE', `${folder} holds no documents.`);
  return found;
}

function documentOf(path: Buffer, bytes: number, sha256: string): DemoDocument {
  const name = nameFromBytes(Buffer.concat([Buffer.from(`${folderLabel}/`), path]));
  return { key: JSON.stringify(name), name: nameForPeople(nameFromBytes(path)), bytes, sha256 };
}

const hash = () => createHash('sha256');

async function hashOf(path: Buffer): Promise<string> {
  const content = hash();
  for await (const piece of createReadStream(path)) content.update(piece as Buffer);
  return content.digest('hex');
}
