// The log as server-sent events: each record once it is durable, with its number as the event's id, so that a client that
// comes back with Last-Event-ID misses nothing and gets nothing twice. Records are read from the log page by page; the
// host's tail only wakes us, so a slow client costs one page of memory and never a growing queue. Many records at once go
// out as one piece of text: at 1,000 events a second that is 40 writes, not 1,000.
import type { Json } from '../../machines/json.ts';
import type { Host, Rec } from '../host/contract.ts';
import type { Clock } from '../ports.ts';

const pageRecords = 256;
/** A piece is handed over when it has grown to this, so that one page of long records is not one great text. */
const pieceMinCharacters = 32_768;
/** After a page that was not full: what comes within this goes together. The first after a rest goes at once. */
const gatherMs = 25;
/** A comment on an idle stream, so that both ends notice a dead one. */
const aliveEveryMs = 15_000;
const progressEveryMs = 500;

export interface StreamPorts {
  readonly host: Pick<Host, 'history' | 'tail' | 'progressOf' | 'status'>;
  readonly clock: Clock;
  /** Actors whose effects run now. */
  running(): Iterable<string>;
}

export interface StreamOptions {
  /** One actor only; cursors are then its own n. */
  readonly actor?: string;
  readonly after: number;
  /** With figures of running uploads between the records. */
  readonly progress: boolean;
  readonly signal: AbortSignal;
}

export async function* eventStream(ports: StreamPorts, options: StreamOptions): AsyncIterable<string> {
  const { host, clock } = ports;
  const { actor, signal } = options;
  const bell = createBell(clock, signal);
  const untail = host.tail((record) => {
    if (actor === undefined || record.actor === actor) bell.ring();
  });
  const shown = new Map<string, string>();
  let after = options.after;
  try {
    yield 'retry: 1000\n\n';
    const stray = actor === undefined ? strayed(after, host.status()) : undefined;
    if (stray !== undefined) {
      after = stray.after;
      yield `event: reset\ndata: ${JSON.stringify(stray)}\n\n`;
    }
    while (!signal.aborted) {
      bell.rearm();
      let count = 0;
      let piece = '';
      for await (const record of host.history({
        ...(actor === undefined ? {} : { actor }),
        after,
        limit: pageRecords,
      })) {
        after = actor === undefined ? record.seq : record.n;
        count++;
        piece += `id: ${after}\nevent: record\ndata: ${JSON.stringify(recordJson(record))}\n\n`;
        if (piece.length < pieceMinCharacters) continue;
        yield piece;
        piece = '';
        if (signal.aborted) return;
      }
      if (piece !== '') yield piece;
      if (options.progress) yield* progressEvents(ports, actor, shown);
      if (count === pageRecords) continue;
      if (count > 0) await bell.rest(gatherMs);
      const waited = await bell.wait(options.progress ? progressEveryMs : aliveEveryMs);
      if (waited === 'quiet' && !options.progress) yield ': alive\n\n';
    }
  } finally {
    untail();
  }
}

/** A cursor of a log that is no more, or from before what is kept: the client must fetch anew, and is told so. */
function strayed(
  after: number,
  { lastSeq, oldestSeq }: { readonly lastSeq: number; readonly oldestSeq: number },
): { readonly reason: 'ahead' | 'trimmed'; readonly after: number; readonly oldest: number } | undefined {
  if (after > lastSeq) return { reason: 'ahead', after: lastSeq, oldest: oldestSeq };
  if (after > 0 && after < oldestSeq - 1)
    return { reason: 'trimmed', after: oldestSeq - 1, oldest: oldestSeq };
  return undefined;
}

/** A record as the API tells it. */
export function recordJson(record: Rec): { readonly [key: string]: Json } {
  const { seq, actor, kind, n, at, wall, src, boot, event, state, digest, hash } = record;
  return {
    seq,
    actor,
    kind,
    n,
    at,
    wall,
    src,
    boot,
    type: event.type,
    event: event as Json,
    state,
    digest,
    hash,
  };
}

function* progressEvents(
  ports: StreamPorts,
  actor: string | undefined,
  shown: Map<string, string>,
): Iterable<string> {
  const running = new Set(ports.running());
  for (const one of shown.keys()) if (!running.has(one)) shown.delete(one);
  for (const one of running) {
    if (actor !== undefined && one !== actor) continue;
    const progress = ports.host.progressOf(one);
    if (progress === undefined) continue;
    const text = JSON.stringify({ actor: one, progress });
    if (shown.get(one) === text) continue;
    shown.set(one, text);
    yield `event: progress\ndata: ${text}\n\n`;
  }
}

/** Wakes one sleeper; a ring between two waits is not lost. */
function createBell(clock: Clock, signal: AbortSignal) {
  let rung = false;
  let wake: (() => void) | undefined;

  /** Until the time is over, or the client gone, or (if `heeds`) it rings. */
  function sleep(ms: number, heeds: boolean): Promise<'rung' | 'quiet'> {
    if (signal.aborted) return Promise.resolve('rung');
    return new Promise((resolve) => {
      const finish = (how: 'rung' | 'quiet') => {
        cancel();
        signal.removeEventListener('abort', stop);
        wake = undefined;
        resolve(how);
      };
      const stop = () => finish('rung');
      const cancel = clock.after(ms, () => finish('quiet'));
      if (heeds) wake = stop;
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  return {
    ring() {
      rung = true;
      wake?.();
    },
    rearm() {
      rung = false;
    },
    rest: (ms: number) => sleep(ms, false),
    wait: (ms: number) => (rung ? Promise.resolve('rung' as const) : sleep(ms, true)),
  };
}
