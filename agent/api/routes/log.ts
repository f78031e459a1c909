// The event log: pages of it, and the live stream. Both are read-only views of records that are already durable.
import type { JsonObject } from '../../../machines/json.ts';
import { TenderError } from '../../errors.ts';
import type { Source } from '../../host/contract.ts';
import type { Aboard } from '../aboard.ts';
import { eventStream, recordJson } from '../event-stream.ts';
import type { ApiRequest } from '../http.ts';
import type { Route } from '../router.ts';
import { invalid, onlyQuery, wholeNumber, wordOf } from '../validate.ts';

const pageMax = 1000;
/** Words of one filter. */
const wordsMax = 32;

export function logRoutes(aboard: Aboard): readonly Route[] {
  let streams = 0;
  return [
    {
      method: 'GET',
      path: 'v1/log',
      role: 'engineer',
      summary:
        'Records of the event log, oldest first: after `after`, or with `before` alone the newest ones before it. Cursors are sequence numbers, with `actor` its own n. A filtered page may hold less than `limit`, even nothing, though there is `more`: each request looks at a bounded number of records, and `next` (the next `after`, or `before`) says how far.',
      query: {
        actor: 'text?',
        after: 'number?',
        before: 'number?',
        last: 'number?',
        limit: 'number?',
        type: 'text?',
        src: 'text?',
        state: 'text?',
      },
      answers: { items: ['@Record'], next: 'number', more: 'flag' },
      async answer(request) {
        onlyQuery(request, ['actor', 'after', 'before', 'last', 'limit', 'type', 'src', 'state']);
        return { status: 200, json: await page(aboard, request) };
      },
    },
    {
      method: 'GET',
      path: 'v1/events',
      role: 'engineer',
      summary:
        'The event log as it grows: `record` with the record, its id the cursor; `progress` between them when asked for. `Last-Event-ID` resumes; `reset` says that the cursor was of records no longer kept, or of another log, and where the stream goes on.',
      query: { actor: 'text?', after: 'number?', progress: '=1?' },
      answers: 'events',
      async answer(request) {
        onlyQuery(request, ['actor', 'after', 'progress']);
        const actor = actorOf(request);
        // What the client last saw wins over where it once began.
        const seen = request.header('last-event-id');
        const after = cursorOf(seen ?? request.query.get('after') ?? undefined, 'after');
        const progress = request.query.get('progress') === '1';
        if (streams >= aboard.streamsMax)
          throw new TenderError(
            'TENDER_TOO_MANY_STREAMS',
            `${streams} streams are open already: close one, or raise api.streams_max.`,
          );
        const options = {
          after,
          progress,
          signal: request.signal,
          ...(actor === undefined ? {} : { actor }),
        };
        async function* counted() {
          streams++;
          try {
            yield* eventStream(aboard, options);
          } finally {
            streams--;
          }
        }
        return { status: 200, events: counted() };
      },
    },
  ];
}

async function page(aboard: Aboard, request: ApiRequest): Promise<JsonObject> {
  const { query } = request;
  const actor = actorOf(request);
  const limit = wholeNumber(query.get('limit'), 'limit', { least: 1, most: pageMax, fallback: 200 });
  const last = query.get('last');
  let after = cursorOf(query.get('after'), 'after');
  if (last !== null) after = Math.max(after, (await headOf(aboard, actor)) - cursorOf(last, 'last'));
  const before = query.has('before') ? cursorOf(query.get('before'), 'before') : undefined;
  // Backwards only where nothing says where to begin.
  const reverse = before !== undefined && last === null && !query.has('after');
  const types = wordsOf(query.get('type'), 'type');
  const states = wordsOf(query.get('state'), 'state');
  const sources = wordsOf(query.get('src'), 'src');
  for (const source of sources ?? []) wordOf(source, 'src', ['cmd', 'fx', 'tm', 'sys']);
  const found = await aboard.host.search({
    after,
    limit,
    reverse,
    ...(before === undefined ? {} : { before }),
    ...(actor === undefined ? {} : { actor }),
    ...(types === undefined ? {} : { types }),
    ...(states === undefined ? {} : { states }),
    ...(sources === undefined ? {} : { sources: sources as readonly Source[] }),
  });
  const items = found.records.map(recordJson);
  if (reverse) items.reverse();
  return { items, next: found.scannedTo ?? (reverse ? before : after), more: found.more };
}

/** Words separated by commas; undefined when absent. */
function wordsOf(value: string | null, field: string): readonly string[] | undefined {
  if (value === null) return undefined;
  const words = value.split(',');
  if (words.length > wordsMax || !words.every((word) => /^[\w.-]{1,64}$/.test(word)))
    throw invalid(field, `needs one to ${wordsMax} words separated by commas`);
  return words;
}

function actorOf(request: ApiRequest): string | undefined {
  const actor = request.query.get('actor') ?? undefined;
  if (actor !== undefined && !/^[a-z]{1,20}\/[\w.-]{1,64}$/.test(actor))
    throw invalid('actor', 'needs an id such as connection/main');
  return actor;
}

function cursorOf(value: unknown, field: string): number {
  return wholeNumber(value, field, { least: 0, most: Number.MAX_SAFE_INTEGER, fallback: 0 });
}

async function headOf(aboard: Aboard, actor: string | undefined): Promise<number> {
  if (actor === undefined) return aboard.host.status().lastSeq;
  return (await aboard.host.read(actor))?.n ?? 0;
}
