// The Files port on a real file system: what the rest of the agent takes for granted about it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { openDescriptors, testFolder } from './support/folder.ts';

const files = nodeFiles();

describe('node files', () => {
  test('lists names as bytes with their kind', async () => {
    const folder = testFolder();
    writeFileSync(Buffer.concat([Buffer.from(`${folder.watched}/`), Buffer.from([0xff, 0x0a])]), 'x');
    mkdirSync(folder.at('directory'));
    symlinkSync('/nowhere', folder.at('link'));
    execFileSync('mkfifo', [folder.at('pipe')]);
    const seen: Record<string, string> = {};
    for await (const { name, kind } of files.list(Buffer.from(folder.watched)))
      seen[Buffer.from(name).toString('latin1')] = kind;
    expect(seen).toEqual({ '\u00ff\n': 'file', directory: 'directory', link: 'symlink', pipe: 'other' });
  });

  test('a listing broken off leaves nothing open', async () => {
    const folder = testFolder();
    for (let i = 0; i < 10; i++) writeFileSync(folder.at(`${i}`), 'x');
    for await (const _ of files.list(Buffer.from(folder.watched))) break;
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('opens neither links nor waits for pipes, and says what a pipe is', async () => {
    const folder = testFolder();
    symlinkSync('/etc/hostname', folder.at('link'));
    execFileSync('mkfifo', [folder.at('pipe')]);
    await expect(files.open(Buffer.from(folder.at('link')))).rejects.toMatchObject({ code: 'ELOOP' });
    const pipe = await files.open(Buffer.from(folder.at('pipe')));
    expect((await pipe.stat()).kind).toBe('other');
    await pipe.close();
  });

  test('stat does not follow links, and tells nanoseconds and inodes exactly', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a'), 'x');
    symlinkSync(folder.at('a'), folder.at('link'));
    expect((await files.stat(Buffer.from(folder.at('link')))).kind).toBe('symlink');
    const exact = statSync(folder.at('a'), { bigint: true });
    expect(await files.stat(Buffer.from(folder.at('a')))).toEqual({
      kind: 'file',
      sizeBytes: 1,
      mtimeNs: `${exact.mtimeNs}`,
      ctimeNs: `${exact.ctimeNs}`,
      inode: `${exact.ino}`,
      device: `${exact.dev}`,
    });
  });

  test('reads at offsets beyond 4 GiB', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a'), '');
    truncateSync(folder.at('a'), 2 ** 32 + 5);
    const handle = await files.open(Buffer.from(folder.at('a')));
    const target = new Uint8Array(16).fill(7);
    expect(await handle.read(target, 2, 10, 2 ** 32)).toBe(5);
    expect([...target.subarray(0, 8)]).toEqual([7, 7, 0, 0, 0, 0, 0, 7]);
    await handle.close();
  });

  test('creates only what is not there, for its owner alone; removing what is not there is fine', async () => {
    const folder = testFolder();
    const path = Buffer.from(folder.at('new'));
    const writer = await files.create(path);
    await writer.write(Buffer.from('one '));
    await writer.write(Buffer.from('two'));
    await writer.sync();
    await writer.close();
    expect(readFileSync(path, 'utf8')).toBe('one two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await expect(files.create(path)).rejects.toMatchObject({ code: 'EEXIST' });
    await files.remove(path);
    await files.remove(path);
    await files.syncDirectory(Buffer.from(folder.watched));
    await expect(files.stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await files.freeBytes(Buffer.from(folder.watched))).toBeGreaterThan(0);
  });

  test('hints at a change in the directory; a directory that is not there gives none and does no harm', async () => {
    const folder = testFolder();
    files.watch(Buffer.from(folder.at('none')), () => {})();
    const hinted = new Promise<Uint8Array | null>((resolve) => {
      const end = files.watch(Buffer.from(folder.watched), (name) => {
        end();
        resolve(name);
      });
    });
    writeFileSync(Buffer.concat([Buffer.from(`${folder.watched}/`), Buffer.from([0xfe])]), 'x');
    expect(Buffer.from((await hinted)!).equals(Buffer.from([0xfe]))).toBe(true);
  });
});
