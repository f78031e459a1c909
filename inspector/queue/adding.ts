// Files on their way from this browser into the daemon's store: one after the other, streamed from disk, with their
// progress until the daemon says "safe aboard". Works with no link at all: aboard is aboard. Shown by adding-list.tsx.
import { type ReadonlySignal, signal } from '@preact/signals';
import { ApiError, type Http } from '../browser/http.ts';
import type { NewsDesk } from './news-desk.ts';
import { readUpload, type Upload } from './upload.ts';

/** Files sent at the same time: the store syncs each, more would only wait for the disk. */
const sendingMax = 2;
/** Files taken from one drop or one choice. */
export const filesPerDropMax = 2_000;
const nameMaxBytes = 255;

export interface Adding {
  readonly key: number;
  readonly file: File;
  readonly state: 'waiting' | 'sending' | 'failed';
  readonly sentBytes: number;
  /** Why it failed, and what to do. */
  readonly problem: string;
}

export interface AddingDesk {
  readonly files: ReadonlySignal<readonly Adding[]>;
  add(files: readonly File[]): void;
  retry(key: number): void;
  /** Stops it, or takes a failed one off the list. */
  drop(key: number): void;
}

export interface AddingPorts {
  readonly http: Pick<Http, 'upload'>;
  readonly news: Pick<NewsDesk, 'about' | 'say'>;
  /** Takes the document in, as the daemon answered. */
  readonly take: (items: readonly Upload[]) => void;
  /** Batches changes of progress into pictures. */
  readonly frame: (then: () => void) => () => void;
}

export function createAddingDesk({ http, news, take, frame }: AddingPorts): AddingDesk {
  const files = signal<readonly Adding[]>([]);
  const stops = new Map<number, AbortController>();
  let lastKey = 0;
  let framed = false;
  const sent = new Map<number, number>();

  const change = (key: number, to: Partial<Adding>) => {
    files.value = files.value.map((one) => (one.key === key ? { ...one, ...to } : one));
  };
  const remove = (key: number) => {
    files.value = files.value.filter((one) => one.key !== key);
  };
  const fail = (key: number, problem: string) => change(key, { state: 'failed', problem });
  function progress(key: number, sentBytes: number): void {
    sent.set(key, sentBytes);
    if (framed) return;
    framed = true;
    frame(() => {
      framed = false;
      files.value = files.value.map((one) => {
        const now = sent.get(one.key);
        return now === undefined ? one : { ...one, sentBytes: Math.min(now, one.file.size) };
      });
      sent.clear();
    });
  }

  async function send({ key, file }: Adding): Promise<void> {
    const name = new TextEncoder().encode(file.name);
    if (name.length > nameMaxBytes)
      return fail(key, `Its name is longer than ${nameMaxBytes} bytes: rename it and add it again.`);
    const stop = new AbortController();
    stops.set(key, stop);
    change(key, { state: 'sending', sentBytes: 0, problem: '' });
    try {
      const answer = await http.upload('POST', 'v1/uploads', file, {
        headers: {
          'content-type': 'application/octet-stream',
          'tender-name': base64url(name),
          'tender-size': String(file.size),
        },
        onProgress: (bytes) => progress(key, bytes),
        signal: stop.signal,
      });
      remove(key);
      const item = readUpload(answer);
      if (item) take([item]);
      news.about('added', [file.name]);
    } catch (error) {
      if (stop.signal.aborted) remove(key);
      else fail(key, whyFailed(error));
    } finally {
      stops.delete(key);
      next();
    }
  }

  function next(): void {
    for (const one of files.value) {
      if (stops.size >= sendingMax) return;
      if (one.state === 'waiting') void send(one);
    }
  }

  return {
    files,
    add(chosen) {
      const taken = chosen.slice(0, filesPerDropMax);
      if (chosen.length > taken.length)
        news.say('error', `Only the first ${filesPerDropMax} files were taken: add the others afterwards.`);
      files.value = [
        ...files.value,
        ...taken.map(
          (file): Adding => ({ key: ++lastKey, file, state: 'waiting', sentBytes: 0, problem: '' }),
        ),
      ];
      next();
    },
    retry(key) {
      change(key, { state: 'waiting', problem: '' });
      next();
    },
    drop(key) {
      const stop = stops.get(key);
      if (stop) stop.abort();
      else remove(key);
    },
  };
}

function whyFailed(error: unknown): string {
  if (!(error instanceof ApiError)) return 'That did not work. Try again.';
  // The browser gives the same silence for a daemon that is gone and for a file it cannot read any more.
  if (error.code === 'TENDER_DAEMON_GONE')
    return 'The daemon did not answer, or the file changed or cannot be read any more. Try again.';
  return error.message;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
}
