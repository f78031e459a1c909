import { describe, expect, it } from 'vitest';
import { ApiError, type UploadOptions } from '../../../inspector/browser/http.ts';
import { createAddingDesk, filesPerDropMax } from '../../../inspector/queue/adding.ts';
import type { Upload } from '../../../inspector/queue/upload.ts';

/** A desk whose daemon answers when the test says so. */
function opened() {
  const sending: {
    file: File;
    options: UploadOptions;
    answer: (json: unknown) => void;
    fail: (e: unknown) => void;
  }[] = [];
  const taken: Upload[] = [];
  const told: string[] = [];
  let paint = () => {};
  const desk = createAddingDesk({
    http: {
      upload: (_method, _path, file, options) =>
        new Promise((answer, fail) => {
          const one = { file: file as File, options, answer: answer as (json: unknown) => void, fail };
          sending.push(one);
          options.signal?.addEventListener('abort', () =>
            fail(new ApiError('TENDER_STOPPED', 'Stopped.', 0)),
          );
        }),
    },
    news: {
      about: (kind, names) => told.push(`${kind} ${names.join()}`),
      say: (kind, text) => told.push(`${kind} ${text}`),
    },
    take: (items) => taken.push(...items),
    frame: (then) => {
      paint = then;
      return () => {};
    },
  });
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  return { desk, sending, taken, told, settle, paint: () => paint() };
}

/** A file that may not be read: only its name and size are anybody's business before it is sent. */
function unreadable(name: string, size: number): File {
  const never = () => {
    throw new Error('The page read a file into memory.');
  };
  return {
    name,
    size,
    arrayBuffer: never,
    text: never,
    bytes: never,
    stream: never,
    slice: never,
  } as unknown as File;
}

describe('files on their way aboard', () => {
  it('go two at a time, in the order in which they were chosen, and are never read by the page', async () => {
    const { desk, sending, settle } = opened();
    desk.add([unreadable('a', 1), unreadable('b', 2), unreadable('c', 3)]);
    expect(sending.map(({ file }) => file.name)).toEqual(['a', 'b']);
    sending[0]!.answer({ id: 'A' });
    await settle();
    expect(sending.map(({ file }) => file.name)).toEqual(['a', 'b', 'c']);
  });

  it('are told safe only when the daemon says so, and stand in the queue at once', async () => {
    const { desk, sending, taken, told, settle, paint } = opened();
    desk.add([unreadable('noon.pdf', 1_000)]);
    sending[0]!.options.onProgress(1_000);
    paint();
    expect(desk.files.value[0]).toMatchObject({ state: 'sending', sentBytes: 1_000 });
    expect(told).toEqual([]);
    sending[0]!.answer({ id: 'A', name: 'added/noon.pdf' });
    await settle();
    expect(told).toEqual(['added noon.pdf']);
    expect(taken.map(({ id }) => id)).toEqual(['A']);
    expect(desk.files.value).toEqual([]);
  });

  it('that failed stay with the daemon’s sentence until somebody tries again or lets go', async () => {
    const { desk, sending, settle } = opened();
    desk.add([unreadable('a', 1), unreadable('b', 1)]);
    sending[0]!.fail(new ApiError('TENDER_SPOOL_FULL', 'The spool is full.', 507));
    sending[1]!.fail(new ApiError('TENDER_DAEMON_GONE', '', 0));
    await settle();
    const [a, b] = desk.files.value;
    expect(a).toMatchObject({ state: 'failed', problem: 'The spool is full.' });
    expect(b?.problem).toContain('changed or cannot be read');
    desk.retry(a!.key);
    expect(sending).toHaveLength(3);
    desk.drop(b!.key);
    expect(desk.files.value.map(({ file }) => file.name)).toEqual(['a']);
  });

  it('can be stopped, and the next one goes', async () => {
    const { desk, sending, settle } = opened();
    desk.add([unreadable('a', 1), unreadable('b', 1), unreadable('c', 1)]);
    desk.drop(desk.files.value[0]!.key);
    await settle();
    expect(desk.files.value.map(({ file }) => file.name)).toEqual(['b', 'c']);
    expect(sending).toHaveLength(3);
  });

  it('carry names of any script, refuse those no disk could hold, and are bounded in number', async () => {
    const { desk, sending, told, settle } = opened();
    desk.add([unreadable('снимок 🛥.bin', 1), unreadable('я'.repeat(128), 1)]);
    await settle();
    const header = sending[0]!.options.headers['tender-name']!;
    expect(Buffer.from(header, 'base64url').toString()).toBe('снимок 🛥.bin');
    expect(desk.files.value[1]).toMatchObject({ state: 'failed' });
    desk.add(Array.from({ length: filesPerDropMax + 1 }, (_, i) => unreadable(`${i}`, 1)));
    expect(desk.files.value).toHaveLength(filesPerDropMax + 2);
    expect(told.at(-1)).toContain(`first ${filesPerDropMax}`);
  });
});
