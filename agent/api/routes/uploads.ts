// Documents: add, list, show, why, and the commands of people. Called by the command line and, later, the crew's page.
import { isUlid } from '../../../cloud/contract/ids.ts';
import { nameFromBytes } from '../../../cloud/contract/name.ts';
import type { Json } from '../../../machines/json.ts';
import type { MachineEvent } from '../../../machines/kernel.ts';
import { TenderError } from '../../errors.ts';
import type { Aboard, UploadVerb } from '../aboard.ts';
import type { ApiRequest } from '../http.ts';
import type { Route } from '../router.ts';
import type { Fields } from '../shape.ts';
import { invalid, jsonBody, lengthOf, onlyQuery, priorityOf, wholeNumber, wordOf } from '../validate.ts';

const listMax = 1000;
const idsMax = 200;
const searchMaxCharacters = 200;
const nameMaxBytes = 255;
const byMaxCharacters = 64;
/** The longest pause: longer than a year is a cancel. */
const pauseMaxMs = 366 * 86_400_000;

export const uploadStates = [
  'sighted',
  'settling',
  'sending',
  'confirming',
  'waiting',
  'paused',
  'parked',
  'stored',
  'indexed',
  'cancelled',
] as const;

export function uploadRoutes(aboard: Aboard): readonly Route[] {
  const { uploads } = aboard;
  const verbs: readonly UploadVerb[] = ['pause', 'resume', 'cancel', 'retry'];
  return [
    {
      method: 'GET',
      path: 'v1/uploads',
      role: 'viewer',
      summary: 'Documents: those on their way in the order they will go, then the ended ones, newest first.',
      query: { state: 'text?', q: 'text?', ids: 'text?', limit: 'number?', after: 'text?' },
      answers: { items: ['@Upload'], gone: 'json?', more: 'flag', next: 'text or null', head: 'number' },
      async answer(request) {
        onlyQuery(request, ['state', 'limit', 'ids', 'q', 'after']);
        // Before anything is read: whoever follows the feed from here on misses nothing.
        const head = aboard.changes.head;
        const ids = request.query.get('ids');
        if (ids !== null) {
          const { items, gone } = await uploads.items(idsOf(ids));
          return { status: 200, json: { items, gone, more: false, next: null, head } };
        }
        const state = wordOf(request.query.get('state'), 'state', uploadStates);
        const limit = wholeNumber(request.query.get('limit'), 'limit', {
          least: 1,
          most: listMax,
          fallback: 200,
        });
        const q = request.query.get('q');
        if (q !== null && (q.length < 1 || q.length > searchMaxCharacters))
          throw invalid('q', `needs 1 to ${searchMaxCharacters} characters`);
        const after = request.query.get('after');
        const page = await uploads.list({
          limit,
          ...(state === undefined ? {} : { state }),
          ...(q === null ? {} : { q }),
          ...(after === null ? {} : { after }),
        });
        return { status: 200, json: { ...page, head } };
      },
    },
    {
      method: 'POST',
      path: 'v1/uploads',
      role: 'crew',
      summary: 'Takes a file in; answers when it is safe aboard and queued.',
      query: { priority: 'number?' },
      headers: { 'tender-name': 'text', 'tender-size': 'number?' },
      body: 'bytes',
      answers: '@Upload',
      status: 201,
      async answer(request) {
        onlyQuery(request, ['priority']);
        const priority = priorityOf(request.query.get('priority'), 5);
        const size = request.header('tender-size');
        const sizeBytes = wholeNumber(size, 'tender-size', {
          least: 0,
          most: Number.MAX_SAFE_INTEGER,
          fallback: 0,
        });
        const about = {
          name: nameFromBytes(fileName(request)),
          priority,
          ...(size === undefined ? {} : { sizeBytes }),
        };
        const id = await aboard.add(about, exactly(request.body, size === undefined ? undefined : sizeBytes));
        return { status: 201, json: await uploads.get(id) };
      },
    },
    {
      method: 'GET',
      path: 'v1/uploads/*',
      role: 'viewer',
      summary: 'One document.',
      answers: '@Upload',
      async answer(request, id = '') {
        onlyQuery(request, []);
        return { status: 200, json: await uploads.get(await uploads.resolve(id)) };
      },
    },
    {
      method: 'GET',
      path: 'v1/uploads/*/why',
      role: 'viewer',
      summary: 'Why a document stands where it does, until when, and what to do.',
      answers: 'object',
      async answer(request, id = '') {
        onlyQuery(request, []);
        return { status: 200, json: await uploads.why(await uploads.resolve(id)) };
      },
    },
    ...verbs.flatMap((verb): Route[] => [
      {
        method: 'POST',
        path: `v1/uploads/all/${verb}`,
        role: 'crew',
        summary: `Gives ${verb} to every document that can take it.`,
        body: verbBody(verb),
        answers: { verb: 'text', accepted: 'number', refused: 'number' },
        async answer(request) {
          const event = await verbEvent(request, verb);
          const counts = liftsAll(request, verb)
            ? await uploads.resumeAll(event.by)
            : await uploads.commandAll(verb, event);
          return { status: 200, json: { ...counts } };
        },
      },
      {
        method: 'POST',
        path: `v1/uploads/*/${verb}`,
        role: 'crew',
        summary: `Gives ${verb} to a document.`,
        body: verbBody(verb),
        answers: '@Upload',
        async answer(request, id = '') {
          const uploadId = await uploads.resolve(id);
          const event = await verbEvent(request, verb);
          if (liftsAll(request, verb)) await uploads.resume(uploadId, event.by);
          else await uploads.command(uploadId, event);
          return { status: 200, json: await uploads.get(uploadId) };
        },
      },
    ]),
    {
      method: 'POST',
      path: 'v1/uploads/*/prioritise',
      role: 'crew',
      summary: 'Changes the priority of a document: 1 critical, 5 normal, 10 low.',
      body: { by: 'text?', priority: 'number' },
      answers: '@Upload',
      async answer(request, id = '') {
        const body = await jsonBody(request, ['by', 'priority']);
        const uploadId = await uploads.resolve(id);
        const priority = priorityOf(body.priority);
        await uploads.command(uploadId, { type: 'prioritise', by: whoOf(request, body.by), priority });
        return { status: 200, json: await uploads.get(uploadId) };
      },
    },
  ];
}

function verbBody(verb: UploadVerb): Fields {
  return verb === 'pause' ? { by: 'text?', for: 'duration?' } : { by: 'text?' };
}

function idsOf(text: string): readonly string[] {
  const ids = text.split(',');
  if (ids.length > idsMax || !ids.every(isUlid)) throw invalid('ids', `needs 1 to ${idsMax} whole ids`);
  return ids;
}

/** On the page "resume" means that it goes on, whoever paused it; the command line names whose pause ends (--as). */
function liftsAll({ who }: ApiRequest, verb: UploadVerb): boolean {
  return verb === 'resume' && who.via === 'page';
}

async function verbEvent(request: ApiRequest, verb: UploadVerb): Promise<MachineEvent & { by: string }> {
  const body = await jsonBody(request, verb === 'pause' ? ['by', 'for'] : ['by']);
  const untilMs = lengthOf(body.for, 'for');
  if (untilMs !== undefined && (untilMs < 1 || untilMs > pauseMaxMs))
    throw invalid('for', 'must lie between 1ms and 366d');
  const event: { type: string; by: string; [field: string]: Json } = {
    type: verb,
    by: whoOf(request, body.by),
  };
  if (untilMs !== undefined) event.untilMs = untilMs;
  return event;
}

/** Over the page's port the session says who acts, whatever the body says. */
function whoOf({ who }: ApiRequest, given: unknown): string {
  return who.by ?? byOf(given);
}

export function byOf(value: unknown): string {
  if (value === undefined) return 'somebody';
  if (typeof value !== 'string' || value.length < 1 || value.length > byMaxCharacters)
    throw invalid('by', `needs a name of 1 to ${byMaxCharacters} characters`);
  return value;
}

/** The file's own name, as bytes in base64url: names need not be UTF-8 and header lines are not for them. */
function fileName(request: ApiRequest): Uint8Array {
  const text = request.header('tender-name');
  if (text === undefined || !/^[\w-]{1,400}$/.test(text))
    throw invalid('tender-name', 'needs a file name in base64url');
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'));
  const plain = Buffer.from(bytes).toString('latin1');
  if (
    bytes.length === 0 ||
    bytes.length > nameMaxBytes ||
    plain === '.' ||
    plain === '..' ||
    /[/\0]/.test(plain)
  )
    throw invalid('tender-name', `must be a single file name of at most ${nameMaxBytes} bytes`);
  return bytes;
}

/** A body that ends early or late is not the file that was announced: it must not be queued. */
async function* exactly(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number | undefined,
): AsyncIterable<Uint8Array> {
  let received = 0;
  for await (const part of body) {
    received += part.length;
    yield part;
  }
  if (sizeBytes !== undefined && received !== sizeBytes)
    throw new TenderError(
      'TENDER_FILE_UNREADABLE',
      `${received} bytes came instead of ${sizeBytes}: the file changed while it was being added. Add it again.`,
    );
}
