// Everything that comes to the page's port passes here: the page itself, the one-time link, the login, and requests of
// sessions, which go on to the router. Strangers learn nothing: whatever they ask for, the answer is the same 401.
import { TenderError } from '../../errors.ts';
import type { Log } from '../../log-line.ts';
import type { ApiAnswer, ApiHandler, ApiRequest } from '../http.ts';
import { problemOf } from '../problem.ts';
import { readCookie, sessionCookie } from './cookies.ts';
import { dataHeaders, pageHeaders } from './headers.ts';
import type { Links } from './links.ts';
import type { Login } from './login.ts';
import { hostIsOurs, isSameOrigin, type LocalEnd } from './origin.ts';
import type { NewSession, Session, Sessions } from './sessions.ts';
import { readTarget, type Target } from './target.ts';

/** A request as it came over TCP, nothing believed yet. */
export interface PageRequest extends Pick<ApiRequest, 'method' | 'header' | 'body' | 'signal'> {
  /** As it stands in the request line. */
  readonly target: string;
  readonly local: LocalEnd;
  readonly remoteAddress: string;
  /** A header that may stand there once came twice, or the connection is to become something else. */
  readonly isTwisted: boolean;
}

export type PageHandler = (request: PageRequest) => Promise<ApiAnswer>;

/** The built files of the page, by the path in their address. */
export interface Pages {
  /** Undefined when there is no such file. */
  answer(path: string, header: (name: string) => string | undefined): Promise<ApiAnswer | undefined>;
}

export interface GatePorts {
  readonly api: ApiHandler;
  readonly pages: Pages;
  readonly links: Links;
  readonly login: Login;
  readonly sessions: Sessions;
  readonly allowedHosts: readonly string[];
  readonly streamsMax: number;
  readonly log: Log;
}

/** A browser opens at most six connections to one host. */
const streamsPerSessionMax = 6;

export function createGate(ports: GatePorts): PageHandler {
  const { api, pages, links, login, sessions, allowedHosts, log } = ports;
  const streams = new Map<string, number>();
  let streamsOpen = 0;

  return async (request) => {
    try {
      return await pass(request);
    } catch (error) {
      return withHeaders(problemOf(error, request.signal.aborted ? () => {} : log), dataHeaders);
    }
  };

  async function pass(request: PageRequest): Promise<ApiAnswer> {
    if (request.isTwisted) return twisted;
    const target = readTarget(request.target);
    const { method, header } = request;
    const hostOk = hostIsOurs(header('host'), request.local, allowedHosts);
    const reads = method === 'GET' || method === 'HEAD';
    if (target && reads) {
      const page = await openPage(request, target, hostOk);
      if (page) return page;
    }
    const fromUs =
      hostOk &&
      isSameOrigin({
        ...{ method, host: header('host'), origin: header('origin') },
        fetchSite: header('sec-fetch-site'),
      });
    if (target && method === 'POST' && target.rest === '/v1/session') {
      if (!fromUs) throw crossSite();
      const made = await login(asApi(request, target, stranger), request.remoteAddress);
      return withHeaders(welcome(made), dataHeaders);
    }
    const found = target && sessionOf(request, target);
    if (!target || !found) return noSession;
    if (!fromUs) throw crossSite();
    const { session, ended } = found;
    const who = { via: 'page', role: session.role, by: session.by, session: session.id } as const;
    const answer = await api({ ...asApi(request, target, who), signal: eitherOf(request.signal, ended) });
    if ('events' in answer)
      return { ...answer, headers: dataHeaders, events: counted(answer.events, session) };
    const isLogout = method === 'DELETE' && target.rest === '/v1/session' && answer.status === 200;
    const forget = isLogout ? { 'set-cookie': sessionCookie(target.prefix!, '', 0) } : {};
    return withHeaders(answer, { ...dataHeaders, ...forget });
  }

  /** The page and the link that opens it; undefined when the address is neither. */
  async function openPage(
    request: PageRequest,
    target: Target,
    hostOk: boolean,
  ): Promise<ApiAnswer | undefined> {
    const { header, method } = request;
    if (target.prefix === undefined && target.path.length === 2 && target.path[0] === 'open') {
      if (!hostOk) return plain(403, wrongHost);
      if (method !== 'GET' || !isFirstHand(header)) return plain(403, openByHand);
      const grant = links.take(target.path[1]!);
      if (!grant) return plain(410, linkOver);
      const made = await sessions.make({ ...grant, origin: 'link' });
      log({ level: 'info', message: 'A page was opened.', by: grant.by, session: made.session.id });
      return { status: 303, bytes: null, headers: { ...dataHeaders, ...arrival(made) } };
    }
    const page = await pages.answer(target.rest, header);
    if (!page) return undefined;
    if (!hostOk) return plain(403, wrongHost);
    const site = header('sec-fetch-site');
    const isOutside = site === 'cross-site' || site === 'same-site';
    if (isOutside && header('sec-fetch-mode') !== 'navigate') return plain(403, openByHand);
    return withHeaders(page, pageHeaders);
  }

  function sessionOf(request: PageRequest, target: Target) {
    const secret = readCookie(request.header('cookie'));
    if (target.prefix === undefined || secret === undefined) return undefined;
    return sessions.find(target.prefix, secret);
  }

  /** Counts open streams, and ends them when their session is over. */
  function counted(events: AsyncIterable<string>, { id }: Session): AsyncIterable<string> {
    const mine = streams.get(id) ?? 0;
    if (mine >= streamsPerSessionMax || streamsOpen >= ports.streamsMax)
      throw new TenderError(
        'TENDER_TOO_MANY_STREAMS',
        `${mine} streams of this session and ${streamsOpen} in all are open already: close other tabs, or raise api.streams_max.`,
      );
    return (async function* () {
      // Counted when it runs: an answer that is never read must not count for ever.
      streams.set(id, (streams.get(id) ?? 0) + 1);
      streamsOpen++;
      try {
        for await (const event of events) {
          if (!sessions.isAlive(id)) return;
          yield event;
        }
      } finally {
        streamsOpen--;
        const left = (streams.get(id) ?? 1) - 1;
        if (left > 0) streams.set(id, left);
        else streams.delete(id);
      }
    })();
  }
}

/** Who logs in is nobody yet; the router never sees such a request. */
const stranger = { via: 'page', role: 'viewer', by: null, session: null } as const;

function asApi(request: PageRequest, target: Target, who: ApiRequest['who']): ApiRequest {
  const { method, header, body, signal } = request;
  return { method, header, body, signal, who, path: target.path, query: target.query };
}

/** Fires with the first of two. Not AbortSignal.any: a session's signal lives for weeks and must not remember its requests. */
function eitherOf(gone: AbortSignal, ended: AbortSignal): AbortSignal {
  const either = new AbortController();
  const stop = () => {
    either.abort();
    ended.removeEventListener('abort', stop);
  };
  if (gone.aborted || ended.aborted) stop();
  // It fires at the end of every request, answered or not.
  gone.addEventListener('abort', stop, { once: true });
  ended.addEventListener('abort', stop);
  return either.signal;
}

function arrival({ path, secret, session }: NewSession): Readonly<Record<string, string>> {
  const lastsSeconds = Math.round((session.untilMs - session.madeMs) / 1000);
  return { location: `/s/${path}/`, 'set-cookie': sessionCookie(path, secret, lastsSeconds) };
}

function welcome(made: NewSession): ApiAnswer {
  const { role, by, origin, untilMs } = made.session;
  const headers = { 'set-cookie': arrival(made)['set-cookie']! };
  return {
    status: 200,
    headers,
    json: { role, by, lan: origin === 'password', untilMs, path: `/s/${made.path}/` },
  };
}

/** A person opens a link once; a page that fetches it in advance, or somebody else's page, does not. */
function isFirstHand(header: PageRequest['header']): boolean {
  const site = header('sec-fetch-site');
  const purpose = `${header('sec-purpose') ?? ''} ${header('purpose') ?? ''}`;
  return (site === undefined || site === 'none' || site === 'same-origin') && !purpose.includes('prefetch');
}

function withHeaders(answer: ApiAnswer, headers: Readonly<Record<string, string>>): ApiAnswer {
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

/** Nothing more is read of a connection that speaks like this. */
const twisted: ApiAnswer = { status: 400, bytes: null, headers: { ...dataHeaders, connection: 'close' } };

const noSession: ApiAnswer = {
  status: 401,
  // The same with a body and without one.
  headers: { ...dataHeaders, connection: 'close' },
  json: {
    type: 'about:blank',
    status: 401,
    code: 'TENDER_NO_SESSION',
    title:
      'Log in first: `tender ui` on the computer of the agent opens this page, or use the password of your role.',
  },
};

function crossSite(): TenderError {
  return new TenderError(
    'TENDER_CROSS_SITE',
    'This request did not come from the page at its own address. Is its name missing in ui.allowed_hosts?',
  );
}

const wrongHost =
  'This agent does not know the name in your address bar. Use its IP address, or add the name to ui.allowed_hosts.\n';
const openByHand = 'Open this address by typing or pasting it into the address bar.\n';
const linkOver = 'This link was used already or is over. Get a new one with: tender ui\n';

function plain(status: number, text: string): ApiAnswer {
  const headers = { ...dataHeaders, 'content-type': 'text/plain; charset=utf-8' };
  return { status, bytes: new TextEncoder().encode(text), headers };
}
