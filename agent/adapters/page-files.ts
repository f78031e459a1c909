// The built page as a fixed map, read at start: address to file. What a request names is looked up in it and never joined to
// a path of the disk. Bytes are read when somebody asks, so that an idle daemon holds none of them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Pages } from '../api/access/gate.ts';
import type { ApiAnswer } from '../api/http.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
/** More than this is not our page. */
const filesMax = 500;
/** Vite puts eight letters of the content's hash before the ending. */
const hashedName = /^\/assets\/.+-[\w-]{8}\.\w+$/;

interface PageFile {
  readonly file: string;
  readonly type: string;
  readonly etag: string;
  readonly cache: string;
  readonly hasGzip: boolean;
}

/** `folder`: dist/inspector/page. One that is missing makes a page that says so. */
export function pageFiles(folder: string): Pages {
  const files = readMap(folder);
  return {
    async answer(path, header) {
      if (path === '/login') return { status: 303, bytes: null, headers: { location: './#/login' } };
      const found = files.get(path);
      if (!found) return path === '/' ? notBuilt : undefined;
      const { type, etag, cache } = found;
      const gzip = found.hasGzip && acceptsGzip(header('accept-encoding'));
      // A twin is another representation: it has a tag of its own.
      const tag = `"${etag}${gzip ? '-gz' : ''}"`;
      const headers = { 'content-type': type, 'cache-control': cache, etag: tag, vary: 'accept-encoding' };
      if (isKnown(header('if-none-match'), tag)) return { status: 304, bytes: null, headers };
      const bytes = await readFile(gzip ? `${found.file}.gz` : found.file).catch(() => undefined);
      if (!bytes) return notBuilt;
      return { status: 200, bytes, headers: gzip ? { ...headers, 'content-encoding': 'gzip' } : headers };
    },
  };
}

function readMap(folder: string): ReadonlyMap<string, PageFile> {
  const map = new Map<string, PageFile>();
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));
  } catch {
    return map;
  }
  const all = new Set(names.slice(0, filesMax));
  for (const name of all) {
    const type = types[extname(name)];
    if (!type) continue;
    const file = join(folder, name);
    const etag = createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 22);
    const cache = hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache';
    const page = { file, type, etag, cache, hasGzip: all.has(`${name}.gz`) };
    map.set(name === '/index.html' ? '/' : name, page);
  }
  return map;
}

function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '')
    .split(',')
    .some((one) => /^\s*gzip\s*(;\s*q=(1(\.0*)?|0\.\d*[1-9]\d*))?\s*$/i.test(one));
}

function isKnown(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}

const notBuilt: ApiAnswer = {
  status: 503,
  bytes: new TextEncoder().encode(
    'The page is not part of this installation. Build it with: npm run build\n',
  ),
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
};
