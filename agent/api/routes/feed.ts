// GET /v1/feed: the queue's page listens here. `Last-Event-ID` or `?after=` says where it was; `?log=` in which log.
import { TenderError } from '../../errors.ts';
import type { Aboard } from '../aboard.ts';
import { feed } from '../feed.ts';
import { createFeedStatus } from '../feed-status.ts';
import type { Route } from '../router.ts';
import { invalid, onlyQuery, wholeNumber } from '../validate.ts';

export function feedRoutes(aboard: Aboard): readonly Route[] {
  const status = createFeedStatus({
    clock: aboard.clock,
    status: aboard.status,
    changeCount: () => aboard.changes.head,
  });
  let streams = 0;
  return [
    {
      method: 'GET',
      path: 'v1/feed',
      role: 'viewer',
      summary:
        'What changes in the queue, as server-sent events: hello, uploads, gone, status, progress, reset. The id is the log sequence; resume with Last-Event-ID or after.',
      query: { after: 'number?', log: 'text?' },
      headers: { 'last-event-id': 'number?' },
      answers: 'events',
      async answer(request) {
        onlyQuery(request, ['after', 'log']);
        // What the client last saw wins over where it once began.
        const given = request.header('last-event-id') ?? request.query.get('after');
        const logId = request.query.get('log');
        if (logId !== null && !/^[0-9a-f]{32}$/.test(logId)) throw invalid('log', 'needs the id of a log');
        const options = {
          signal: request.signal,
          ...(given === null || given === ''
            ? {}
            : { after: wholeNumber(given, 'after', { least: 0, most: Number.MAX_SAFE_INTEGER }) }),
          ...(logId === null ? {} : { logId }),
        };
        if (streams >= aboard.streamsMax)
          throw new TenderError(
            'TENDER_TOO_MANY_STREAMS',
            `${streams} streams are open already: close one, or raise api.streams_max.`,
          );
        async function* counted() {
          streams++;
          try {
            yield* feed(aboard, status, options);
          } finally {
            streams--;
          }
        }
        return { status: 200, events: counted() };
      },
    },
  ];
}
