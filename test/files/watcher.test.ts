// The watcher's promises: every regular file is found by scan alone, nothing is followed, what is passed over is told,
// a folder that is away is waited for. Real folders; time is held.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import type { SkipReason } from '../../agent/files/scan.ts';
import type { Sighting } from '../../agent/files/tracker.ts';
import { createWatcher, type WatcherLimits } from '../../agent/files/watcher.ts';
import type { Files } from '../../agent/ports.ts';
import { nameForPeople, nameFromBytes } from '../../cloud/contract/name.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fileError, meddledFiles, openDescriptors, type TestFolder, testFolder } from './support/folder.ts';

/** Files of a machine that gives no events, as a network share does; hints are given by hand. */
function silent(files: Files = nodeFiles()) {
  const watched = new Map<string, (name: Uint8Array | null) => void>();
  return {
    watched,
    files: {
      ...files,
      watch(directory: Uint8Array, hint: (name: Uint8Array | null) => void) {
        const key = Buffer.from(directory).toString();
        watched.set(key, hint);
        return () => watched.delete(key);
      },
    } satisfies Files,
  };
}

function watching(
  folder: TestFolder,
  options: {
    files?: Files;
    limits?: Partial<WatcherLimits>;
    hidden?: boolean;
    excluded?: Uint8Array[];
    sighted?: (sighting: Sighting) => Promise<unknown>;
  } = {},
) {
  const clock = new FakeClock();
  const found: string[] = [];
  const failures: unknown[] = [];
  const quiet = silent(options.files);
  const watcher = createWatcher({
    files: quiet.files,
    clock,
    folders: [{ label: 'papers', path: Buffer.from(folder.watched), priority: 3 }],
    sighted: async (sighting) => {
      found.push(nameForPeople(nameFromBytes(sighting.path)));
      await options.sighted?.(sighting);
    },
    failed: (_, error) => failures.push(error),
    ...(options.hidden === undefined ? {} : { hidden: options.hidden }),
    ...(options.excluded === undefined ? {} : { excluded: options.excluded }),
    limits: { rescanMs: 60_000, ...options.limits },
  });
  /** Runs something of the watcher's to its end, time standing still but for its breaths. */
  async function through(work: Promise<void>): Promise<void> {
    let done = false;
    const end = work.finally(() => {
      done = true;
    });
    while (!done) {
      await nodeFiles().freeBytes(Buffer.from('/'));
      await clock.advance(0);
    }
    await end;
  }
  onTestFinished(() => through(watcher.stop()));
  return {
    watcher,
    clock,
    found,
    failures,
    watched: quiet.watched,
    through,
    async scanned(): Promise<string[]> {
      found.length = 0;
      await through(watcher.rescan());
      return [...found].sort();
    },
    /** Moves time on, with the real reads it causes. */
    async pass(ms: number): Promise<void> {
      await clock.advance(ms);
      for (let turn = 0; turn < 60; turn++) {
        await nodeFiles().freeBytes(Buffer.from('/'));
        await clock.advance(0);
      }
    },
    skips: (): Record<string, SkipReason> =>
      Object.fromEntries(watcher.status()[0]!.skipped.map(({ path, why }) => [path, why])),
  };
}

describe('scan', () => {
  test('finds every regular file at any depth, with stat and the folder’s priority, and leaves nothing open', async () => {
    const folder = testFolder();
    mkdirSync(folder.at('a/b/c'), { recursive: true });
    for (const path of ['one', 'a/two', 'a/b/c/three']) writeFileSync(folder.at(path), path);
    const sightings: Sighting[] = [];
    const { scanned, watcher } = watching(folder, { sighted: async (sighting) => sightings.push(sighting) });
    expect(await scanned()).toEqual(['a/b/c/three', 'a/two', 'one']);
    const three = sightings.find(({ path }) => Buffer.from(path).toString() === 'a/b/c/three')!;
    expect(three).toMatchObject({ folder: 'papers', priority: 3, stat: { kind: 'file', sizeBytes: 11 } });
    expect(watcher.status()).toMatchObject([
      { folder: 'papers', state: 'watched', files: 3, skippedCount: 0 },
    ]);
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('links, pipes and sockets are passed over, each with its reason; a loop of links ends', async () => {
    const folder = testFolder();
    mkdirSync(folder.at('inner'));
    writeFileSync(folder.at('real'), 'x');
    symlinkSync(folder.at('real'), folder.at('link'));
    symlinkSync(folder.watched, folder.at('inner/loop'));
    symlinkSync('/nowhere', folder.at('dangling'));
    execFileSync('mkfifo', [folder.at('pipe')]);
    const server = createServer().listen(folder.at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const { scanned, skips, watcher } = watching(folder);
    expect(await scanned()).toEqual(['real']);
    expect(skips()).toEqual({
      link: 'symlink',
      'inner/loop': 'symlink',
      dangling: 'symlink',
      pipe: 'special',
      socket: 'special',
    });
    expect(watcher.status()[0]!.skipped.every(({ message }) => message.length > 20)).toBe(true);
  });

  test('odd names come through as bytes', async () => {
    const folder = testFolder();
    const names = [
      Buffer.from('caf\u00e9'),
      Buffer.from('cafe\u0301'),
      Buffer.from('two\nlines'),
      Buffer.from('...'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('n'.repeat(255)),
    ];
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${folder.watched}/`), name]), 'x');
    const paths: string[] = [];
    const { scanned } = watching(folder, {
      hidden: true,
      sighted: async ({ path }) => paths.push(Buffer.from(path).toString('hex')),
    });
    await scanned();
    expect(paths.sort()).toEqual(names.map((name) => name.toString('hex')).sort());
  });

  test('hidden names are passed over unless asked for; the agent’s own state always is', async () => {
    const folder = testFolder();
    mkdirSync(folder.at('.git'));
    mkdirSync(folder.at('tender'));
    for (const path of ['.git/config', '.hidden', 'tender/log', 'plain']) writeFileSync(folder.at(path), 'x');
    const excluded = [Buffer.from(folder.at('tender'))];
    expect(await watching(folder, { excluded }).scanned()).toEqual(['plain']);
    expect(await watching(folder, { excluded, hidden: true }).scanned()).toEqual([
      '.git/config',
      '.hidden',
      'plain',
    ]);
  });

  test('too deep and too long are passed over with a reason; the rest is found', async () => {
    const folder = testFolder();
    mkdirSync(folder.at('1/2/3/4'), { recursive: true });
    for (const path of ['1/a', '1/2/b', '1/2/3/4/c']) writeFileSync(folder.at(path), 'x');
    const deep = watching(folder, { limits: { depthMax: 2 } });
    expect(await deep.scanned()).toEqual(['1/2/b', '1/a']);
    expect(deep.skips()).toEqual({ '1/2/3': 'too-deep' });
    const long = watching(folder, { limits: { pathMaxBytes: 4 } });
    expect(await long.scanned()).toEqual(['1/a']);
    expect(long.skips()).toEqual({ '1/2/b': 'path-too-long', '1/2/3': 'path-too-long' });
  });

  test('a directory that contains itself, as bind mounts can, is walked once', async () => {
    const folder = testFolder();
    mkdirSync(folder.at('a/again'), { recursive: true });
    writeFileSync(folder.at('a/file'), 'x');
    const real = nodeFiles();
    const outer = await real.stat(Buffer.from(folder.at('a')));
    const files: Files = {
      ...real,
      stat: (path) =>
        Buffer.from(path).toString().endsWith('/again') ? Promise.resolve(outer) : real.stat(path),
    };
    const { scanned, skips } = watching(folder, { files });
    expect(await scanned()).toEqual(['a/file']);
    expect(skips()).toEqual({ 'a/again': 'loop' });
  });

  test('a directory that may not be read, or fails, is told of; its neighbours are found', async () => {
    const folder = testFolder();
    for (const name of ['shut', 'broken', 'open']) {
      mkdirSync(folder.at(name));
      writeFileSync(folder.at(`${name}/file`), 'x');
    }
    const files = meddledFiles({
      beforeList: (path) => {
        if (path.endsWith('/shut')) throw fileError('EACCES');
        if (path.endsWith('/broken')) throw fileError('EIO');
      },
    });
    const { scanned, skips } = watching(folder, { files });
    expect(await scanned()).toEqual(['open/file']);
    expect(skips()).toEqual({ shut: 'unreadable', broken: 'failed' });
  });

  test('a file that is gone between listing and looking is no news', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('there'), 'x');
    writeFileSync(folder.at('gone'), 'x');
    const files = meddledFiles({
      beforeStat: (path) => {
        if (path.endsWith('/gone')) throw fileError('ENOENT');
      },
    });
    const { scanned, watcher, failures } = watching(folder, { files });
    expect(await scanned()).toEqual(['there']);
    expect(watcher.status()[0]!.skippedCount).toBe(0);
    expect(failures).toEqual([]);
  });

  test('handing over is bounded, and a sighting that is not taken ends the scan; the next one finds the file again', async () => {
    const folder = testFolder();
    for (let i = 0; i < 200; i++) writeFileSync(folder.at(`f${i}`), 'x');
    let running = 0;
    let most = 0;
    let full = true;
    const { scanned, failures, watcher } = watching(folder, {
      limits: { sightingsMaxConcurrent: 5, entriesPerTurnMax: 10 },
      async sighted() {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < 10; turn++) await nodeFiles().freeBytes(Buffer.from('/'));
        running -= 1;
        if (full) throw new Error('the log takes nothing now');
      },
    });
    expect((await scanned()).length).toBeLessThan(20);
    expect(failures).toMatchObject([{ message: 'the log takes nothing now' }]);
    expect(watcher.status()[0]!.message).not.toBe('');
    full = false;
    expect(await scanned()).toHaveLength(200);
    expect(most).toBe(5);
    expect(watcher.status()[0]).toMatchObject({ message: '', files: 200 });
  });

  test('the list of what was passed over is bounded, its count is not', async () => {
    const folder = testFolder();
    for (let i = 0; i < 30; i++) symlinkSync('/nowhere', folder.at(`l${i}`));
    const { scanned, watcher } = watching(folder, { limits: { skippedMaxCount: 10 } });
    await scanned();
    expect(watcher.status()[0]).toMatchObject({ skippedCount: 30 });
    expect(watcher.status()[0]!.skipped).toHaveLength(10);
  });
});

describe('a folder that is away', () => {
  test('is waited for, says so, and is taken up again when it is back', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a'), 'x');
    const { scanned, watcher } = watching(folder);
    expect(await scanned()).toEqual(['a']);
    renameSync(folder.watched, `${folder.watched}-away`);
    expect(await scanned()).toEqual([]);
    expect(watcher.status()[0]).toMatchObject({ state: 'missing', files: 1 });
    expect(watcher.status()[0]!.message).toContain('mounted');
    renameSync(`${folder.watched}-away`, folder.watched);
    expect(await scanned()).toEqual(['a']);
    expect(watcher.status()[0]).toMatchObject({ state: 'watched', message: '' });
  });

  test('a link in the folder’s place is not followed', async () => {
    const folder = testFolder();
    renameSync(folder.watched, `${folder.watched}-real`);
    writeFileSync(`${folder.watched}-real/a`, 'x');
    symlinkSync(`${folder.watched}-real`, folder.watched);
    const { scanned, watcher } = watching(folder);
    expect(await scanned()).toEqual([]);
    expect(watcher.status()[0]).toMatchObject({ state: 'unreadable' });
  });
});

describe('between scans', () => {
  test('started, it scans at once, then again and again: without a single event all is found within one interval', async () => {
    const folder = testFolder();
    const { watcher, pass, found } = watching(folder);
    watcher.start();
    await pass(0);
    expect(watcher.status()[0]!.state).toBe('watched');
    writeFileSync(folder.at('a'), 'x');
    await pass(59_000);
    expect(found).toEqual([]);
    await pass(1_000);
    expect(found).toEqual(['a']);
    await pass(60_000);
    expect(found).toEqual(['a', 'a']);
  });

  test('a hint is followed after a moment, once for a burst; a new directory is walked', async () => {
    const folder = testFolder();
    const { scanned, pass, found, watched } = watching(folder);
    await scanned();
    writeFileSync(folder.at('a'), 'x');
    mkdirSync(folder.at('new'));
    writeFileSync(folder.at('new/b'), 'x');
    const hint = watched.get(folder.watched)!;
    for (let i = 0; i < 10; i++) hint(Buffer.from('a'));
    hint(Buffer.from('new'));
    expect(found).toEqual([]);
    await pass(100);
    expect(found).toEqual(['a', 'new/b']);
    expect([...watched.keys()].sort()).toEqual([folder.watched, folder.at('new')]);
  });

  test('hints about what is gone, hidden or a link are no news', async () => {
    const folder = testFolder();
    const { scanned, pass, found, watched, failures } = watching(folder);
    await scanned();
    writeFileSync(folder.at('.hidden'), 'x');
    symlinkSync('/etc/hostname', folder.at('link'));
    for (const name of ['gone', '.hidden', 'link']) watched.get(folder.watched)!(Buffer.from(name));
    await pass(100);
    expect(found).toEqual([]);
    expect(failures).toEqual([]);
  });

  test('lost or too many hints bring the scan forward', async () => {
    const folder = testFolder();
    const { scanned, pass, found, watched } = watching(folder, { limits: { hintsMaxCount: 3 } });
    await scanned();
    writeFileSync(folder.at('a'), 'x');
    watched.get(folder.watched)!(null);
    await pass(100);
    expect(found).toEqual(['a']);
    for (const name of ['p', 'q', 'r', 's']) watched.get(folder.watched)!(Buffer.from(name));
    await pass(100);
    expect(found).toEqual(['a', 'a']);
  });

  test('watches are bounded, and end with their directory and with the watcher', async () => {
    const folder = testFolder();
    for (let i = 0; i < 10; i++) mkdirSync(folder.at(`d${i}`));
    const { scanned, watched, watcher, through } = watching(folder, { limits: { watchesMaxCount: 4 } });
    await scanned();
    expect(watched.size).toBe(4);
    for (let i = 0; i < 10; i++) rmSync(folder.at(`d${i}`), { recursive: true });
    await scanned();
    expect([...watched.keys()]).toEqual([folder.watched]);
    await through(watcher.stop());
    expect(watched.size).toBe(0);
  });

  test('a file that somebody knows to have changed is looked at soon; one of a folder that is not watched is not', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a'), 'x');
    const { watcher, pass, found } = watching(folder);
    watcher.lookAt('elsewhere', Buffer.from('a'));
    await pass(100);
    expect(found).toEqual([]);
    watcher.lookAt('papers', Buffer.from('a'));
    await pass(100);
    expect(found).toEqual(['a']);
  });
});
