// The fake file system: changes under an open reader, and what a power cut leaves of the agent's own files.
import { describe, expect, it } from 'vitest';
import type { Files } from '../../agent/ports.ts';
import { FakeFiles } from './fake-files.ts';
import { FakeLife } from './fake-life.ts';
import { FakeRandom } from './fake-random.ts';
import { FakeTimeline } from './fake-timeline.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: Uint8Array | undefined) => (part ? new TextDecoder().decode(part) : undefined);

function volume(seed = 1) {
  const timeline = new FakeTimeline();
  const files = new FakeFiles(timeline, new FakeRandom(seed), 5);
  files.makeDirectory('/scans');
  files.makeDirectory('/spool');
  const life = new FakeLife('agent');
  const port = files.port(life);
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    await timeline.run(timeline.now + 60_000, () => settled);
    return promise;
  };
  return { timeline, files, life, port, run };
}

async function spool(port: Files, run: <T>(p: Promise<T>) => Promise<T>, syncs: string): Promise<void> {
  const writer = await run(port.create(bytes('/spool/part')));
  await run(writer.write(bytes('all of it')));
  if (syncs.includes('f')) await run(writer.sync());
  await run(writer.close());
  await run(port.rename(bytes('/spool/part'), bytes('/spool/whole')));
  if (syncs.includes('d')) await run(port.syncDirectory(bytes('/spool')));
}

describe('the fake file system', () => {
  it('an open handle sees new bytes in the same inode, and the old ones after an atomic replacement', async () => {
    const { files, port, run } = volume();
    files.write('/scans/a', bytes('one'));
    const handle = await run(port.open(bytes('/scans/a')));
    const before = await run(handle.stat());
    const target = new Uint8Array(8);
    files.write('/scans/a', bytes('two'));
    expect(await run(handle.read(target, 0, 8, 0))).toBe(3);
    expect(text(target.subarray(0, 3))).toBe('two');
    expect((await run(handle.stat())).ctimeNs).not.toBe(before.ctimeNs);
    files.replace('/scans/a', bytes('three'));
    expect(await run(handle.read(target, 0, 8, 0))).toBe(3);
    expect((await run(port.stat(bytes('/scans/a')))).inode).not.toBe(before.inode);
  });

  it('lists what is there, and fails with errno names', async () => {
    const { files, port, run } = volume();
    files.write('/scans/a', bytes('one'));
    files.makeDirectory('/scans/below');
    const list = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const { name, kind } of port.list(bytes('/scans'))) found.push(`${kind} ${text(name)}`);
      return found.sort();
    };
    expect(await run(list())).toEqual(['directory below', 'file a']);
    await expect(run(port.open(bytes('/scans/b')))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(run(port.create(bytes('/scans/a')))).rejects.toMatchObject({ code: 'EEXIST' });
    files.failReads('/scans/a', 'EIO');
    await expect(run(port.open(bytes('/scans/a')))).rejects.toMatchObject({ code: 'EIO' });
  });

  it('a synced file under a synced name survives a power cut, whole', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { files, life, port, run } = volume(seed);
      await spool(port, run, 'fd');
      life.end('power');
      expect(text(files.content('/spool/whole'))).toBe('all of it');
    }
  });

  it('without the file’s sync it may be torn, without the directory’s its name may be missing', async () => {
    const torn = new Set<string | undefined>();
    const nameless = new Set<boolean>();
    for (let seed = 0; seed < 40; seed++) {
      const a = volume(seed);
      await spool(a.port, a.run, 'd');
      a.life.end('power');
      torn.add(text(a.files.content('/spool/whole')));
      const b = volume(seed);
      await spool(b.port, b.run, 'f');
      b.life.end('power');
      nameless.add(b.files.content('/spool/whole') === undefined);
    }
    expect(torn.size).toBeGreaterThan(3);
    expect(nameless).toEqual(new Set([true, false]));
  });

  it('hints at changes below a watched directory, and at none when hints are lost', async () => {
    const { files, port, timeline } = volume();
    const hints: (string | undefined)[] = [];
    const stop = port.watch(bytes('/scans'), (relative) => hints.push(text(relative ?? undefined)));
    files.write('/scans/a', bytes('one'));
    await timeline.run(timeline.now + 100);
    files.hintChance = 0;
    files.write('/scans/b', bytes('two'));
    await timeline.run(timeline.now + 100);
    files.hintChance = 1;
    stop();
    files.write('/scans/c', bytes('three'));
    await timeline.run(timeline.now + 100);
    expect(hints).toEqual(['a']);
  });
});
