// GET /v1/costs: bytes and money by month, against sending naively.
import type { Aboard } from '../aboard.ts';
import type { Route } from '../router.ts';
import { onlyQuery } from '../validate.ts';

const sums = {
  wireBytes: 'number',
  naiveBytes: 'number',
  savedBytes: { resumed: 'number', deduped: 'number', compressed: 'number', total: 'number' },
  documentsStored: 'number',
  spentMicros: 'number or null',
  naiveMicros: 'number or null',
  savedMicros: 'number or null',
} as const;

export function costRoutes(aboard: Pick<Aboard, 'costs'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'v1/costs',
      role: 'viewer',
      summary: 'Bytes and money by month, and what sending naively had cost; money in millionths.',
      answers: {
        currency: 'text or null',
        pricePerGbMicros: 'number or null',
        total: sums,
        months: [{ month: 'text', ...sums }],
      },
      async answer(request) {
        onlyQuery(request, []);
        return { status: 200, json: await aboard.costs() };
      },
    },
  ];
}
