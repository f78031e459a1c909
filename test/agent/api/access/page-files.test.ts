import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { pageFiles } from '../../../../agent/adapters/page-files.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

async function built() {
  const home = await temporaryDirectory();
  const folder = join(home, 'page');
  await mkdir(join(folder, 'assets'), { recursive: true });
  const files: Record<string, string | Buffer> = {
    'index.html': '<!doctype html>',
    'palette.js': 'palette',
    'assets/index-Ab12_-cD.js': 'script',
    'assets/index-Ab12_-cD.js.gz': gzipSync('script'),
    'assets/index-Ab12_-cD.css': 'style',
    'notes.exe': 'of no type that we serve',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  await writeFile(join(home, 'secret.html'), 'secret');
  await symlink(join(home, 'secret.html'), join(folder, 'linked.html'));
  const pages = pageFiles(folder);
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await pages.answer(path, (name) => headers[name]);
    if (!answer || !('bytes' in answer)) return undefined;
    return { ...answer, text: answer.bytes && Buffer.from(answer.bytes).toString() };
  };
  return { folder, get };
}

describe('the files of the page', () => {
  test('are asked for anew when their name stays, and kept for ever when it changes with them', async () => {
    const { get } = await built();
    expect(await get('/')).toMatchObject({
      text: '<!doctype html>',
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' },
    });
    expect((await get('/palette.js'))?.headers['cache-control']).toBe('no-cache');
    expect((await get('/assets/index-Ab12_-cD.css'))?.headers).toMatchObject({
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });
  test.each([
    ['gzip', true],
    ['br, gzip;q=0.8', true],
    ['GZIP', true],
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['br', false],
    ['', false],
    ['x-gzip-not', false],
  ])('with accept-encoding %j the twin is sent: %j', async (accepts, twin) => {
    const { get } = await built();
    const answer = (await get('/assets/index-Ab12_-cD.js', { 'accept-encoding': accepts }))!;
    expect(answer.headers['content-encoding']).toBe(twin ? 'gzip' : undefined);
    expect(answer.headers.vary).toBe('accept-encoding');
    expect((twin ? gunzipSync(answer.bytes!) : Buffer.from(answer.bytes!)).toString()).toBe('script');
  });
  test('that the browser has already are not sent again; a twin is another file', async () => {
    const { get } = await built();
    const { etag } = (await get('/assets/index-Ab12_-cD.js'))!.headers;
    expect(await get('/assets/index-Ab12_-cD.js', { 'if-none-match': etag! })).toMatchObject({
      status: 304,
      bytes: null,
    });
    expect((await get('/assets/index-Ab12_-cD.js', { 'if-none-match': `"x", W/${etag}` }))?.status).toBe(304);
    const zipped = { 'if-none-match': etag!, 'accept-encoding': 'gzip' };
    expect((await get('/assets/index-Ab12_-cD.js', zipped))?.status).toBe(200);
  });
  test.each([
    '/index.html',
    '/notes.exe',
    '/linked.html',
    '/assets',
    '/assets/',
    '/assets/../index.html',
    '/../secret.html',
    '/assets/index-Ab12_-cD.js.gz',
    '/constructor',
    '/__proto__',
    '',
  ])('%j is none of them', async (path) => {
    const { get } = await built();
    expect(await get(path)).toBeUndefined();
  });
  test('that appear later are not served, and those that vanish say so', async () => {
    const { folder, get } = await built();
    await writeFile(join(folder, 'late.html'), 'late');
    expect(await get('/late.html')).toBeUndefined();
    await rm(join(folder, 'index.html'));
    expect(await get('/')).toMatchObject({ status: 503 });
  });
  test('that were never built are told in words', async () => {
    const pages = pageFiles(join(await temporaryDirectory(), 'nothing'));
    expect(await pages.answer('/', () => undefined)).toMatchObject({ status: 503 });
    expect(await pages.answer('/assets/x.js', () => undefined)).toBeUndefined();
  });
});
