// Who is logged in at the page. The login itself is answered by api/access/gate.ts, before there is a session to route.

import { TenderError } from '../../errors.ts';
import type { Sessions } from '../access/sessions.ts';
import type { Route } from '../router.ts';
import { onlyQuery } from '../validate.ts';

const answers = {
  role: '=viewer|crew|engineer',
  by: 'text',
  lan: 'flag',
  untilMs: 'time',
  path: 'text?',
} as const;

export function sessionRoutes(sessions: Pick<Sessions, 'list' | 'revoke'>): readonly Route[] {
  const path = 'v1/session';
  return [
    {
      method: 'GET',
      path,
      role: 'viewer',
      summary: 'Who I am to the agent: role, name in the log, and until when. 401 for strangers.',
      answers,
      async answer(request) {
        onlyQuery(request, []);
        const mine = sessions.list().find(({ id }) => id === request.who.session);
        if (!mine) return { status: 200, json: { role: request.who.role, by: '', lan: false, untilMs: 0 } };
        const { role, by, origin, untilMs } = mine;
        return { status: 200, json: { role, by, lan: origin === 'password', untilMs } };
      },
    },
    {
      method: 'POST',
      path,
      role: 'viewer',
      summary:
        'Logs in with the password of a role, on the page only and without a session; the page goes on at `path`. Throttled.',
      body: { password: 'text', label: 'text?' },
      answers,
      async answer() {
        throw new TenderError('TENDER_COMMAND_INVALID', 'Over the socket nobody needs to log in.');
      },
    },
    {
      method: 'DELETE',
      path,
      role: 'viewer',
      summary: 'Logs out: this session ends, its open streams too.',
      answers: { ended: 'flag' },
      async answer(request) {
        const { session } = request.who;
        return { status: 200, json: { ended: session !== null && (await sessions.revoke(session)) } };
      },
    },
  ];
}
