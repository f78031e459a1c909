// The files of one spooled document, and the note beside its bytes. A note that cannot be read means that the document
// was never promised: the note is fsynced before the bytes get their name.
import { checkFields, fileName, isObject, whole } from '../../machines/fields.ts';
import type { Json } from '../../machines/json.ts';
import type { Files } from '../ports.ts';
import type { SpooledAbout } from './spool.ts';

/** A name of 255 bytes in base64 and two numbers fit many times. */
const aboutMaxBytes = 64 * 1024;

export interface SpoolFileNames {
  /** Bytes still arriving. */
  readonly part: string;
  /** Bytes complete and fsynced. */
  readonly bytes: string;
  readonly about: string;
}

export function spoolFileNames(uploadId: string): SpoolFileNames {
  return { part: `${uploadId}.part`, bytes: `${uploadId}.bytes`, about: `${uploadId}.about` };
}

/** The note at `path`; undefined when it is missing or is not what the spool writes. */
export async function readAbout(files: Files, path: Uint8Array): Promise<SpooledAbout | undefined> {
  try {
    const about: Json = JSON.parse(await readText(files, path));
    if (!isObject(about) || checkFields(aboutFields, about) !== null) return undefined;
    return about as unknown as SpooledAbout;
  } catch (error) {
    if (error instanceof SyntaxError || (error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

const aboutFields = { name: fileName(), priority: whole(1, 10), addedMs: whole(0) };

async function readText(files: Files, path: Uint8Array): Promise<string> {
  const handle = await files.open(path);
  try {
    const bytes = new Uint8Array(aboutMaxBytes);
    const count = await handle.read(bytes, 0, aboutMaxBytes, 0);
    return new TextDecoder().decode(bytes.subarray(0, count));
  } finally {
    await handle.close();
  }
}
