// The actors of the log: a list to search, one of them now or at any of its records, what would happen if an event came, and
// sending it for real.
import type { JsonObject } from '../../../machines/json.ts';
import type { MachineEvent } from '../../../machines/kernel.ts';
import { actorsMax } from '../../daemon/history-actors.ts';
import type { Aboard } from '../aboard.ts';
import type { ApiRequest } from '../http.ts';
import type { Route } from '../router.ts';
import { invalid, jsonBody, onlyQuery, wholeNumber } from '../validate.ts';
import { byOf } from './uploads.ts';

const textMaxCharacters = 200;
const reasonMaxCharacters = 500;

const item = {
  actor: 'text',
  kind: 'text',
  state: 'text',
  n: 'number',
  label: 'text',
  since: 'time',
} as const;
const dryRunAnswer = {
  actor: 'text',
  n: 'number',
  at: 'time',
  event: 'object',
  accepted: 'flag',
  from: 'text',
  to: 'text?',
  cell: 'object?',
  ops: 'json?',
  diff: 'json?',
  code: 'text?',
  message: 'text?',
  guard: 'text? or null',
  dryRunId: 'text or null',
  notSendable: 'text or null',
} as const;

export function actorRoutes({ history }: Pick<Aboard, 'history'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'v1/actors',
      role: 'engineer',
      summary:
        'Actors in order of their ids. A page may hold less than `limit`, even nothing, though there is `more`: each request looks at a bounded number of them.',
      query: {
        kind: 'text?',
        state: 'text?',
        q: 'text?',
        after: 'text?',
        limit: 'number?',
      },
      answers: { items: [item], more: 'flag', next: 'text or null' },
      async answer(request) {
        onlyQuery(request, ['kind', 'state', 'q', 'after', 'limit']);
        const kind = wordLike(request, 'kind');
        const state = wordLike(request, 'state');
        const text = textOf(request.query.get('q'), 'q');
        const after = textOf(request.query.get('after'), 'after');
        const limit = wholeNumber(request.query.get('limit'), 'limit', {
          least: 1,
          most: actorsMax,
          fallback: 200,
        });
        const query = { kind, state, text, after };
        const given = Object.entries(query).filter(([, value]) => value !== undefined);
        return { status: 200, json: await history.actors({ ...Object.fromEntries(given), limit }) };
      },
    },
    {
      method: 'GET',
      path: 'v1/actors/*/*',
      role: 'engineer',
      summary:
        'One actor as it is, or with `n` as it was after that record. `oldestN` is its first kept record; the cell before that is known too.',
      free: ['kind', 'id'],
      query: { n: 'number?' },
      answers: {
        actor: 'text',
        kind: 'text',
        version: 'number',
        n: 'number',
        at: 'time or null',
        cell: 'object',
        why: 'object',
        label: 'text',
        oldestN: 'number',
        lastN: 'number',
        finished: 'flag',
        quarantined: 'text or null',
      },
      async answer(request, kind = '', id = '') {
        onlyQuery(request, ['n']);
        const n = recordOf(request.query.get('n'));
        return { status: 200, json: await history.actor(actorOf(kind, id), n, request.signal) };
      },
    },
    {
      method: 'POST',
      path: 'v1/actors/*/*/dry-run',
      role: 'engineer',
      summary:
        'What an event would do, now or with `n` to a past state. Nothing is sent or written. `dryRunId` is what sending it needs; null when it cannot be sent.',
      free: ['kind', 'id'],
      body: { event: 'object', n: 'number?', by: 'text?' },
      answers: dryRunAnswer,
      async answer(request, kind = '', id = '') {
        const body = await jsonBody(request, ['event', 'n', 'by']);
        const n = recordOf(body.n);
        const event = eventOf(body.event);
        const by = byOf(body.by ?? claimed(event));
        return { status: 200, json: await history.dryRun(actorOf(kind, id), event, by, n) };
      },
    },
    {
      method: 'POST',
      path: 'v1/actors/*/*/send',
      role: 'engineer',
      summary:
        'Sends an event for real, as a person. Only what a dry run has shown, as long as the actor has not moved on; the reason is recorded with it.',
      free: ['kind', 'id'],
      body: { event: 'object', reason: 'text', dryRunId: 'text', by: 'text?' },
      answers: { seq: 'number', n: 'number', state: 'text' },
      async answer(request, kind = '', id = '') {
        const body = await jsonBody(request, ['event', 'reason', 'dryRunId', 'by']);
        const event = eventOf(body.event);
        const wish = {
          event,
          by: byOf(body.by ?? claimed(event)),
          reason: reasonOf(body.reason),
          dryRunId: typeof body.dryRunId === 'string' ? body.dryRunId : '',
        };
        return { status: 200, json: await history.send(actorOf(kind, id), wish) };
      },
    },
  ];
}

function actorOf(kind: string, id: string): string {
  if (!/^[a-z]{1,20}$/.test(kind) || !/^[\w.-]{1,64}$/.test(id))
    throw invalid('The actor', 'needs an id such as connection/main');
  return `${kind}/${id}`;
}

function wordLike(request: ApiRequest, field: string): string | undefined {
  const value = request.query.get(field) ?? undefined;
  if (value !== undefined && !/^[a-z-]{1,40}$/.test(value))
    throw invalid(field, 'needs a word such as sending');
  return value;
}

function textOf(value: string | null, field: string): string | undefined {
  if (value === null || value === '') return undefined;
  if (value.length > textMaxCharacters) throw invalid(field, `has at most ${textMaxCharacters} characters`);
  return value;
}

function recordOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return wholeNumber(value, 'n', { least: 1, most: Number.MAX_SAFE_INTEGER });
}

function eventOf(value: unknown): MachineEvent {
  const event = value as JsonObject | null;
  if (typeof event !== 'object' || event === null || Array.isArray(event) || typeof event.type !== 'string')
    throw invalid('event', 'needs an object with a "type"');
  return event as MachineEvent;
}

/** Over the socket an event may say itself who sends it; through the page the session has said so. */
function claimed({ by }: MachineEvent): string | undefined {
  return typeof by === 'string' ? by : undefined;
}

function reasonOf(value: unknown): string {
  const reason = typeof value === 'string' ? value.trim() : '';
  if (reason.length < 1 || reason.length > reasonMaxCharacters)
    throw invalid('reason', `needs a sentence of 1 to ${reasonMaxCharacters} characters: it is recorded`);
  return reason;
}
