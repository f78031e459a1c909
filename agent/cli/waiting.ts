// Waits until documents have come to rest (searchable, parked or given up), showing how far they are: a bar on a
// terminal, a line every 30 seconds elsewhere, one JSON line per change under --json. Used by `wait` and `add --wait`.
import { TenderError } from '../errors.ts';
import type { ApiClient } from './client.ts';
import type { Context } from './context.ts';
import { bar, oneLine, shorten } from './text.ts';
import { getUpload, progressText, type UploadView } from './uploads.ts';

const lookEveryMs = 300;
const plainLineEveryMs = 30_000;
/** Bars on a terminal at once; of more documents the latest to change are shown. */
const linesMax = 20;

export interface WaitOutcome {
  readonly uploads: readonly UploadView[];
  /** Every document is searchable ashore (or was already there). */
  readonly ok: boolean;
}

/** Ends when all are at rest; throws TENDER_WAIT_ENDED after `maxMs`. The queue goes on either way. */
export async function waitFor(
  context: Context,
  api: ApiClient,
  ids: readonly string[],
  maxMs: number | undefined,
): Promise<WaitOutcome> {
  const started = performance.now();
  const show = createDisplay(context);
  const done = new Map<string, UploadView>();
  try {
    for (;;) {
      for (const id of ids) {
        if (done.has(id)) continue;
        const upload = await getUpload(api, id);
        show.update(upload);
        if (atRest(upload)) done.set(id, upload);
      }
      if (done.size === new Set(ids).size) break;
      if (maxMs !== undefined && performance.now() - started > maxMs)
        throw new TenderError(
          'TENDER_WAIT_ENDED',
          `${ids.length - done.size} of ${ids.length} documents are still on their way; the agent goes on with them. ` +
            'Look with `tender ls`, or wait again.',
        );
      await pause(lookEveryMs, context.signal);
    }
  } finally {
    show.end();
  }
  const uploads = ids.map((id) => done.get(id)!);
  return { uploads, ok: uploads.every(delivered) };
}

/** Nothing more will happen by itself. */
export function atRest(upload: UploadView): boolean {
  return (
    upload.final || upload.state === 'parked' || (upload.state === 'stored' && Boolean(upload.indexFailure))
  );
}

/** Searchable ashore, unchanged since it last was, or replaced by its newer version: nothing that a person must see to. */
export function delivered(upload: UploadView): boolean {
  return (
    upload.state === 'indexed' || upload.cancelReason === 'unchanged' || upload.cancelReason === 'superseded'
  );
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function createDisplay(context: Context) {
  const shown = new Map<string, { key: string; line: string; rate: Rate }>();
  let lastPlain = performance.now();
  let painted = 0;
  const paint = (lines: readonly string[]) => {
    const up = painted > 0 ? `\u001b[${painted}A` : '';
    context.streams.err(up + lines.map((line) => `\u001b[2K${line}\n`).join(''));
    painted = lines.length;
  };
  return {
    update(upload: UploadView) {
      const key = `${upload.state} ${upload.sentBytes}`;
      const before = shown.get(upload.id);
      if (before?.key === key) return;
      const rate = nextRate(before?.rate, upload.sentBytes, performance.now());
      const name = shorten(oneLine(upload.name), 32);
      const text = upload.state === 'sending' ? progressText(upload, rate.bytesPerSecond) : upload.state;
      shown.set(upload.id, { key, rate, line: `${bar((upload.percent ?? 0) / 100)}  ${name}  ${text}` });
      if (context.json)
        context.tell({
          type: 'progress',
          id: upload.id,
          state: upload.state,
          bytes: upload.sentBytes,
          total: upload.sizeBytes,
          percent: upload.percent,
        });
      else if (context.streams.terminal) paint([...shown.values()].slice(-linesMax).map(({ line }) => line));
      else if (performance.now() - lastPlain > plainLineEveryMs) {
        lastPlain = performance.now();
        context.streams.err(`${name}: ${upload.state}, ${progressText(upload, rate.bytesPerSecond)}\n`);
      }
    },
    end() {
      shown.clear();
    },
  };
}

interface Rate {
  readonly bytes: number;
  readonly atMs: number;
  readonly bytesPerSecond: number | undefined;
}

/** Smoothed over about five looks: a satellite's acknowledgements come in bursts. */
function nextRate(before: Rate | undefined, bytes: number, atMs: number): Rate {
  if (!before || bytes < before.bytes) return { bytes, atMs, bytesPerSecond: undefined };
  const now = ((bytes - before.bytes) * 1000) / Math.max(1, atMs - before.atMs);
  const bytesPerSecond = before.bytesPerSecond === undefined ? now : before.bytesPerSecond * 0.8 + now * 0.2;
  return { bytes, atMs, bytesPerSecond };
}
