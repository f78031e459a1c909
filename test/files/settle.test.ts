// When a file counts as written to its end: size, times and a sample of its bytes equal in two looks, far enough apart.
// Time is held; the files are real.
import {
  appendFileSync,
  closeSync,
  openSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { checkSettled } from '../../agent/effects/check-settled.ts';
import { createSettler, samplePieceBytes, samplePlaces } from '../../agent/files/settle.ts';
import type { Source } from '../../agent/files/source.ts';
import type { FileStat, Files } from '../../agent/ports.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { pseudoRandom } from './support/content.ts';
import { fileError, meddledFiles, openDescriptors, type TestFolder, testFolder } from './support/folder.ts';

const source: Source = { kind: 'watched', folder: 'papers', path: 'a.bin' };

function settling(folder: TestFolder, files: Files = nodeFiles()) {
  const clock = new FakeClock();
  const limits = { settleQuietMs: 2_000 };
  const settler = createSettler({ files, clock, roots: folder.roots, limits });
  const end = new AbortController();
  const seen: { event?: MachineEvent; error?: unknown } = {};
  return {
    clock,
    settler,
    end,
    seen,
    /** Starts the effect as the host does. */
    start(): void {
      const request = {
        id: 'log/upload/x/1.0',
        actor: 'upload/x',
        type: 'checkSettled',
        params: { source },
        signal: end.signal,
        progress: () => {},
        checkpoint: () => {},
      };
      checkSettled(settler)(request).then(
        (event) => {
          seen.event = event;
        },
        (error: unknown) => {
          seen.error = error;
        },
      );
    },
    /** Moves time and lets the looks, which are real reads, come to rest. */
    async pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 500) {
        await quiet();
        await clock.advance(Math.min(500, left));
      }
      await quiet();
    },
  };
}

/** Lets real file operations end: none of ours takes longer than this many turns of the loop. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await nodeFiles().freeBytes(Buffer.from('/'));
}

describe('settle', () => {
  test('a file at rest is settled after the quiet time, not before, with what it then is', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), 'finished');
    const { start, pass, seen } = settling(folder);
    start();
    await pass(1_900);
    expect(seen.event).toBeUndefined();
    await pass(200);
    expect(seen.event).toMatchObject({ type: 'file.settled', stat: { kind: 'file', sizeBytes: 8 } });
    expect((seen.event!.stat as { digest: string }).digest).toMatch(/^[0-9a-f]{64}$/);
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('the look taken at the sighting counts as the first', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), 'finished');
    const { settler, clock, start, pass, seen } = settling(folder);
    await settler.sighted(source);
    await clock.advance(5_000);
    start();
    await pass(1);
    expect(seen.event).toMatchObject({ type: 'file.settled' });
  });

  test('a slow writer keeps it unsettled for as long as it writes', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), 'scan');
    const { start, pass, seen } = settling(folder);
    start();
    for (let second = 0; second < 30; second++) {
      await pass(1_000);
      appendFileSync(folder.at('a.bin'), 'line');
    }
    expect(seen.event).toBeUndefined();
    await pass(4_500);
    expect(seen.event).toMatchObject({ type: 'file.settled', stat: { sizeBytes: 4 + 30 * 4 } });
  });

  /** A share that reports the same stat whatever is written: only the bytes tell. */
  function stillStat(files: Files): Files {
    let first: FileStat | undefined;
    return {
      ...files,
      async open(path) {
        const handle = await files.open(path);
        return {
          ...handle,
          async stat() {
            first ??= await handle.stat();
            return first;
          },
        };
      },
    };
  }

  test.each([
    ['head', 0],
    ['a middle', 250_000],
    ['tail', 999_999],
  ])(
    'a file reserved at full length and then filled is not settled while its sample changes (%s)',
    async (_, at) => {
      const folder = testFolder();
      writeFileSync(folder.at('a.bin'), '');
      truncateSync(folder.at('a.bin'), 1_000_000);
      const { start, pass, seen } = settling(folder, stillStat(nodeFiles()));
      start();
      await pass(1_000);
      const target = openSync(folder.at('a.bin'), 'r+');
      writeSync(target, 'x', at);
      closeSync(target);
      await pass(2_500);
      expect(seen.event).toBeUndefined();
      await pass(2_000);
      expect(seen.event).toMatchObject({ type: 'file.settled' });
    },
  );

  test('gone meanwhile it has vanished; unreadable it says why', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), 'x');
    const gone = settling(folder);
    gone.start();
    await gone.pass(500);
    unlinkSync(folder.at('a.bin'));
    await gone.pass(2_000);
    expect(gone.seen.event).toEqual({ type: 'file.vanished' });

    const shut = settling(
      folder,
      meddledFiles({
        beforeOpen: () => {
          throw fileError('EACCES');
        },
      }),
    );
    shut.start();
    await shut.pass(1);
    expect(shut.seen.event).toMatchObject({ type: 'file.unreadable', code: 'TENDER_SOURCE_UNREADABLE' });
  });

  test('out of descriptors it waits and looks again: that is no fault of the file', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), 'x');
    let exhausted = true;
    const files = meddledFiles({
      beforeOpen: () => {
        if (exhausted) throw fileError('EMFILE');
      },
    });
    const { start, pass, seen } = settling(folder, files);
    start();
    await pass(10_000);
    expect(seen.event).toBeUndefined();
    exhausted = false;
    await pass(5_000);
    expect(seen.event).toMatchObject({ type: 'file.settled' });
  });

  test('called off it ends at once and leaves no timer', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), 'x');
    const { start, pass, seen, end, clock } = settling(folder);
    start();
    await pass(500);
    end.abort(new Error('not wanted any more'));
    await pass(1);
    expect(seen.error).toMatchObject({ message: 'not wanted any more' });
    expect(clock.pending).toBe(0);
  });

  test('remembered looks are bounded: the later files wait for theirs; one that nobody came for makes room', async () => {
    const folder = testFolder();
    for (const name of ['a.bin', 'b.bin']) writeFileSync(folder.at(name), 'x');
    const clock = new FakeClock();
    const limits = { settleQuietMs: 1_000, looksMaxRemembered: 1, looksKeptMs: 60_000 };
    const settler = createSettler({ files: nodeFiles(), clock, roots: folder.roots, limits });
    const b: Source = { kind: 'watched', folder: 'papers', path: 'b.bin' };
    const atOnce = async (wanted: Source): Promise<boolean> => {
      const end = new AbortController();
      let settled = false;
      const wait = settler.settled(wanted, end.signal).then(
        () => {
          settled = true;
        },
        () => {},
      );
      await quiet();
      end.abort();
      await wait;
      return settled;
    };
    await settler.sighted(source);
    await settler.sighted(b);
    await clock.advance(5_000);
    expect(await atOnce(b)).toBe(false);
    await clock.advance(60_000);
    await settler.sighted(b);
    await clock.advance(5_000);
    expect(await atOnce(b)).toBe(true);
    expect(await atOnce(source)).toBe(false);
  });

  test('looks are bounded: never more files open than allowed, whatever is sighted at once', async () => {
    const folder = testFolder();
    let open = 0;
    let most = 0;
    const real = nodeFiles();
    const files: Files = {
      ...real,
      async open(path) {
        most = Math.max(most, ++open);
        const handle = await real.open(path);
        return {
          ...handle,
          async close() {
            open -= 1;
            await handle.close();
          },
        };
      },
    };
    const clock = new FakeClock();
    const settler = createSettler({ files, clock, roots: folder.roots, limits: { looksMaxConcurrent: 3 } });
    for (let i = 0; i < 50; i++) writeFileSync(folder.at(`f${i}`), 'x');
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        settler.sighted({ kind: 'watched', folder: 'papers', path: `f${i}` }),
      ),
    );
    expect(most).toBe(3);
    expect(open).toBe(0);
  });
});

describe('sample', () => {
  test('small files are sampled whole, large ones at head, tail and three places between', () => {
    expect(samplePlaces(0)).toEqual([]);
    expect(samplePlaces(1)).toEqual([{ from: 0, length: 1 }]);
    const whole = samplePlaces(5 * samplePieceBytes);
    expect(whole.reduce((sum, { length }) => sum + length, 0)).toBe(5 * samplePieceBytes);
    const size = 2 ** 33 + 77;
    const places = samplePlaces(size);
    expect(places).toHaveLength(5);
    expect(places[0]!.from).toBe(0);
    expect(places[4]!.from + places[4]!.length).toBe(size);
    expect(places.every(({ from }) => Number.isSafeInteger(from))).toBe(true);
  });

  test('a file beyond 4 GiB is looked at without reading it', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), pseudoRandom(10, 1));
    truncateSync(folder.at('a.bin'), 2 ** 33);
    let bytes = 0;
    const files = meddledFiles({
      beforeRead: (_, length) => {
        bytes += length;
      },
    });
    const { start, pass, seen } = settling(folder, files);
    start();
    await pass(2_500);
    expect(seen.event).toMatchObject({ type: 'file.settled', stat: { sizeBytes: 2 ** 33 } });
    expect(bytes).toBe(2 * 5 * samplePieceBytes);
  });
});
