// Server-sent events from the daemon with a cursor: what was seen last goes along when the stream is opened again, so
// nothing is lost or told twice. Closed while the page is hidden; when the daemon is gone it is tried again, ever more
// slowly. Read by fetch and not by EventSource, because that hides the status (a session that ended looks like an outage)
// and the daemon's signs of life (a dead Wi-Fi would look live for hours).
import type { Clock, VisiblePage } from './clock.ts';

/** First pause before another try; doubled until `retryMaxMs`. */
const retryMinMs = 500;
const retryMaxMs = 8_000;
/** The daemon says at least a comment each 15 s; after two missed ones the stream is dead. */
const quietMaxMs = 35_000;

export type StreamState =
  | { readonly is: 'connecting' }
  | { readonly is: 'live' }
  /** Gone, and tried again. `sinceMs`: when it was heard last, by this screen's clock. */
  | { readonly is: 'trying'; readonly sinceMs: number }
  /** The page is hidden: nobody looks. */
  | { readonly is: 'resting' }
  /** The daemon refuses us (401: no session, 403: not this role); not tried again. */
  | { readonly is: 'refused'; readonly status: number };

export interface StreamOptions {
  /** Path and query, without the cursor: "v1/feed". */
  readonly path: string;
  /** Cursor to begin behind; undefined: the daemon decides. */
  readonly after?: number;
  /** `data` is the parsed JSON; `id` the event's own cursor, if it has one. */
  readonly onEvent: (name: string, data: unknown, id: number | undefined) => void;
  readonly onState: (state: StreamState) => void;
}

export interface Stream {
  /** Tries at once instead of waiting. */
  retry(): void;
  close(): void;
}

export interface StreamPorts {
  readonly base: string;
  readonly clock: Clock;
  readonly page: VisiblePage;
}

export function openStream({ base, clock, page }: StreamPorts, options: StreamOptions): Stream {
  let cursor = options.after;
  let heardMs = clock.nowMs();
  let retryMs = retryMinMs;
  let closed = false;
  /** Ends what goes on now: a running request or the pause before the next. */
  let stop = () => {};

  const turn = () => {
    stop();
    if (closed) return;
    if (page.hidden) return options.onState({ is: 'resting' });
    const abort = new AbortController();
    stop = () => abort.abort();
    void listen(abort);
  };

  async function listen(abort: AbortController): Promise<void> {
    let unwatch = () => {};
    const alive = () => {
      heardMs = clock.nowMs();
      unwatch();
      unwatch = clock.after(quietMaxMs, () => abort.abort('quiet'));
    };
    try {
      unwatch = clock.after(quietMaxMs, () => abort.abort('quiet'));
      const after = cursor === undefined ? '' : `${options.path.includes('?') ? '&' : '?'}after=${cursor}`;
      const response = await fetch(base + options.path + after, {
        headers: { accept: 'text/event-stream' },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: abort.signal,
      });
      if (response.status === 401 || response.status === 403) {
        closed = true;
        void response.body?.cancel();
        return options.onState({ is: 'refused', status: response.status });
      }
      if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
      alive();
      options.onState({ is: 'live' });
      const parse = createEventParser((name, text, id) => {
        if (id !== undefined) cursor = id;
        retryMs = retryMinMs;
        options.onEvent(name, JSON.parse(text) as unknown, id);
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        parse(value);
      }
    } catch {
      // Whatever broke: it is opened again below, behind the last event that was taken.
    } finally {
      unwatch();
    }
    if (closed || (abort.signal.aborted && abort.signal.reason !== 'quiet')) return;
    abort.abort();
    options.onState({ is: 'trying', sinceMs: heardMs });
    stop = clock.after(retryMs, turn);
    retryMs = Math.min(retryMs * 2, retryMaxMs);
  }

  page.addEventListener('visibilitychange', turn);
  options.onState({ is: 'connecting' });
  turn();
  return {
    retry: turn,
    close() {
      closed = true;
      stop();
      page.removeEventListener('visibilitychange', turn);
    },
  };
}

/** Feeds on pieces of text as they come; tells whole events only. Exported for tests. */
export function createEventParser(
  tell: (name: string, data: string, id: number | undefined) => void,
): (piece: string) => void {
  let rest = '';
  let name = '';
  let id: number | undefined;
  let data: string[] = [];
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        if (data.length > 0) tell(name || 'message', data.join('\n'), id);
        name = '';
        id = undefined;
        data = [];
      } else if (!line.startsWith(':')) {
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') name = value;
        else if (field === 'data') data.push(value);
        else if (field === 'id' && /^\d{1,16}$/.test(value)) id = Number(value);
      }
    }
  };
}
