// The event log: pages of it, and the live stream. Both are read-only views of records that are already durable.
import type { Json } from '../../../machines/json.ts';
import { TenderError } from '../../errors.ts';
import type { Aboard } from '../aboard.ts';
import { eventStream, recordJson } from '../event-stream.ts';
import type { ApiRequest } from '../http.ts';
import type { Route } from '../router.ts';
import { invalid, onlyQuery, wholeNumber } from '../validate.ts';

const pageMax = 1000;

export function logRoutes(aboard: Aboard): readonly Route[] {
  let streams = 0;
  return [
    {
      method: 'GET',
      path: 'v1/log',
      role: 'engineer',
      summary: 'Records of the event log, oldest first.',
      query: { actor: 'text?', after: 'number?', last: 'number?', limit: 'number?' },
      answers: { items: ['@Record'], next: 'number', more: 'flag' },
      async answer(request) {
        onlyQuery(request, ['actor', 'after', 'last', 'limit']);
        const actor = actorOf(request);
        const limit = wholeNumber(request.query.get('limit'), 'limit', {
          least: 1,
          most: pageMax,
          fallback: 200,
        });
        let after = cursorOf(request.query.get('after'), 'after');
        const last = request.query.get('last');
        if (last !== null) after = Math.max(after, (await headOf(aboard, actor)) - cursorOf(last, 'last'));
        const items: Json[] = [];
        for await (const record of aboard.host.history({
          after,
          limit,
          ...(actor === undefined ? {} : { actor }),
        })) {
          after = actor === undefined ? record.seq : record.n;
          items.push(recordJson(record));
        }
        return { status: 200, json: { items, next: after, more: items.length === limit } };
      },
    },
    {
      method: 'GET',
      path: 'v1/events',
      role: 'engineer',
      summary:
        'The event log as it grows: `record` with the record, its id the cursor; `progress` between them when asked for. `Last-Event-ID` resumes.',
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
