// The log's index, page by page: one row of numbers per record, for lanes, scrubber and filter of the inspector.
import { timelineMaxRows } from '../../daemon/history-timeline.ts';
import type { Aboard } from '../aboard.ts';
import type { Route } from '../router.ts';
import { onlyQuery, wholeNumber } from '../validate.ts';

export function timelineRoutes(aboard: Pick<Aboard, 'history' | 'host' | 'version'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'v1/timeline',
      role: 'engineer',
      summary:
        'One row per record after `after`, none left out: six numbers (place in `actors`, n, place in `types`, place in `states`, source 0 cmd 1 fx 2 tm 3 sys, ms since the row before; of the first row since 1970).',
      query: { after: 'number?', limit: 'number?' },
      answers: {
        oldest: 'number',
        head: 'number',
        first: 'number',
        next: 'number',
        more: 'flag',
        actors: ['text'],
        types: ['text'],
        states: ['text'],
        rows: ['number'],
        logId: 'text',
        build: 'text',
      },
      async answer(request) {
        onlyQuery(request, ['after', 'limit']);
        const after = wholeNumber(request.query.get('after'), 'after', {
          least: 0,
          most: Number.MAX_SAFE_INTEGER,
          fallback: 0,
        });
        const limit = wholeNumber(request.query.get('limit'), 'limit', {
          least: 1,
          most: timelineMaxRows,
          fallback: timelineMaxRows,
        });
        const page = await aboard.history.timeline(after, limit);
        return { status: 200, json: { ...page, logId: aboard.host.status().logId, build: aboard.version } };
      },
    },
  ];
}
