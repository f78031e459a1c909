// Opening the page and keeping order among its sessions: for `tender ui`. Links and passwords are given out over the socket
// alone; an engineer's page may look at sessions and end them.
import type { Json } from '../../../machines/json.ts';
import { TenderError } from '../../errors.ts';
import { type Links, linkLivesMs } from '../access/links.ts';
import type { Listening } from '../access/listening.ts';
import { labelOf } from '../access/login.ts';
import type { Passwords } from '../access/passwords.ts';
import { roles } from '../access/roles.ts';
import type { Sessions } from '../access/sessions.ts';
import type { Route } from '../router.ts';
import { invalid, jsonBody, onlyQuery, wordOf } from '../validate.ts';

export interface UiPorts {
  readonly sessions: Sessions;
  readonly links: Links;
  readonly passwords: Passwords;
  readonly listening: Pick<Listening, 'url' | 'status' | 'refresh'>;
  /** docs/aboard-openapi.json; undefined when it was not installed. */
  document(): Promise<Uint8Array | undefined>;
}

const sessionShape = {
  id: 'text',
  role: '=viewer|crew|engineer',
  by: 'text',
  origin: '=link|password',
  madeMs: 'time',
  seenMs: 'time',
  untilMs: 'time',
} as const;

export function uiRoutes({ sessions, links, passwords, listening, document }: UiPorts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'openapi.json',
      role: 'viewer',
      summary: 'This API as an OpenAPI 3.1 document.',
      answers: 'object',
      async answer(request) {
        onlyQuery(request, []);
        const bytes = await document();
        if (!bytes) throw new TenderError('TENDER_ROUTE_UNKNOWN', 'The document was not installed here.');
        return { status: 200, bytes, headers: { 'content-type': 'application/json' } };
      },
    },
    {
      method: 'POST',
      path: 'v1/ui/link',
      role: 'engineer',
      socketOnly: true,
      summary: 'A link that opens the page once, within a minute, on this machine.',
      body: { role: '=viewer|crew|engineer?', label: 'text?' },
      answers: { url: 'text', expiresMs: 'number' },
      async answer(request) {
        const body = await jsonBody(request, ['role', 'label']);
        const role = wordOf(body.role as string | undefined, 'role', roles) ?? 'engineer';
        const by = `${role}@${labelOf(body.label, 'page')}`;
        const url = listening.url();
        if (url === undefined)
          throw new TenderError('TENDER_PAGE_OFF', `There is no page: ${listening.status().why}`);
        return {
          status: 200,
          json: { url: `${url}/open/${links.make({ role, by })}`, expiresMs: linkLivesMs },
        };
      },
    },
    {
      method: 'GET',
      path: 'v1/ui/sessions',
      role: 'engineer',
      summary: 'Who is logged in at the page, and which roles have a password.',
      answers: { sessions: [sessionShape], passwords: ['text'], page: 'object' },
      async answer(request) {
        onlyQuery(request, []);
        const list = [...sessions.list()].sort((a, b) => b.seenMs - a.seenMs);
        return {
          status: 200,
          json: {
            sessions: list as unknown as Json,
            passwords: passwords.set() as Json,
            page: listening.status(),
          },
        };
      },
    },
    {
      method: 'POST',
      path: 'v1/ui/sessions/all/revoke',
      role: 'engineer',
      summary: 'Ends every session of the page.',
      answers: { ended: 'number' },
      async answer(request) {
        await jsonBody(request, []);
        return { status: 200, json: { ended: await sessions.revokeAll(() => true) } };
      },
    },
    {
      method: 'POST',
      path: 'v1/ui/sessions/*/revoke',
      role: 'engineer',
      summary: 'Ends one session of the page.',
      answers: { ended: 'number' },
      async answer(request, id = '') {
        await jsonBody(request, []);
        return { status: 200, json: { ended: (await sessions.revoke(id)) ? 1 : 0 } };
      },
    },
    {
      method: 'POST',
      path: 'v1/ui/password',
      role: 'engineer',
      socketOnly: true,
      summary: 'Sets the password of a role, or takes it away (null). Sessions that came by the old one end.',
      body: { role: '=viewer|crew|engineer', password: 'text or null' },
      answers: { passwords: ['text'], ended: 'number', page: 'object' },
      async answer(request) {
        const body = await jsonBody(request, ['role', 'password']);
        const role = wordOf(body.role as string | undefined, 'role', roles);
        if (!role) throw invalid('role', `needs one of ${roles.join(', ')}`);
        const { password } = body;
        if (password !== null && typeof password !== 'string')
          throw invalid('password', 'needs a text or null');
        await passwords.change(role, password);
        const ended = await sessions.revokeAll((one) => one.origin === 'password' && one.role === role);
        await listening.refresh();
        return {
          status: 200,
          json: { passwords: passwords.set() as Json, ended, page: listening.status() },
        };
      },
    },
  ];
}
