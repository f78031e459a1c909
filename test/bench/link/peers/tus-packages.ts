// The packages of tus are not among ours: they are taken from the folder that TENDER_PEERS names, if they are there.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const packages = ['tus-js-client', '@tus/server', '@tus/file-store'] as const;

/** The folder, if all packages can be found from it. */
export function peersFolder(): string | undefined {
  const folder = process.env.TENDER_PEERS;
  if (!folder) return undefined;
  try {
    for (const name of packages) resolveFrom(folder, name);
    return folder;
  } catch {
    return undefined;
  }
}

/** Imports one of them. Its shape is the caller's to say. */
export async function importPeer<T>(name: (typeof packages)[number]): Promise<T> {
  return (await import(pathToFileURL(resolveFrom(String(process.env.TENDER_PEERS), name)).href)) as T;
}

function resolveFrom(folder: string, name: string): string {
  return createRequire(join(folder, 'package.json')).resolve(name);
}
