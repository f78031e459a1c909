// Waits until documents have come to rest (searchable, parked or given up), showing how far they are: a bar on a
// terminal, a line every 30 seconds elsewhere, one JSON line per change under --json. Used by `wait` and `add --wait`.
import { TenderError } from '../errors.ts';
import type { ApiClient } from './client.ts';
import type { Context } from './context.ts';
import { bar, oneLine, shorten } from './text.ts';
import { getUpload, progressText, type UploadView } from './uploads.ts';

const lookEveryMs = 300;
const plainLineEveryMs = 30_000;

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

/** Searchable ashore, or unchanged since it last was. */
export function delivered(upload: UploadView): boolean {
  return upload.state === 'indexed' || upload.cancelReason === 'unchanged';
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
  const shown = new Map<string, string>();
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
      if (shown.get(upload.id)?.startsWith(`${key}\n`)) return;
      const name = shorten(oneLine(upload.name), 32);
      shown.set(upload.id, `${key}\n${bar((upload.percent ?? 0) / 100)}  ${name}  ${upload.state}`);
      if (context.json)
        context.tell({
          type: 'progress',
          id: upload.id,
          state: upload.state,
          bytes: upload.sentBytes,
          total: upload.sizeBytes,
          percent: upload.percent,
        });
      else if (context.streams.terminal)
        paint([...shown.values()].slice(-20).map((text) => text.split('\n')[1]!));
      else if (performance.now() - lastPlain > plainLineEveryMs) {
        lastPlain = performance.now();
        context.streams.err(`${name}: ${upload.state}, ${progressText(upload)}\n`);
      }
    },
    end() {
      shown.clear();
    },
  };
}
