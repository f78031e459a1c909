// Talks to the daemon over its unix socket: JSON both ways, files as bodies, events as a stream. A daemon that is not
// there, a socket we may not use and a problem the daemon reports each become a TenderError with its own exit code.

import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { request as httpRequest } from '../adapters/node-http.ts';
import { type AgentErrorCode, agentErrors, TenderError } from '../errors.ts';

export type Answer = Readonly<Record<string, unknown>>;

export interface StreamEvent {
  /** Sequence number of the log, where the event is a record. */
  readonly id?: string;
  readonly event: string;
  readonly data: Answer;
}

export interface ApiClient {
  get(path: string): Promise<Answer>;
  post(path: string, body?: Answer): Promise<Answer>;
  /** Streams a body; resolves with the daemon's answer, which comes only after the bytes are safe aboard. */
  send(path: string, headers: Readonly<Record<string, string>>, body: Readable): Promise<Answer>;
  /** Events until the daemon ends the stream or the signal fires. */
  events(path: string): AsyncIterable<StreamEvent>;
}

const answerMaxBytes = 64 * 1024 * 1024;

export function connectApi(socketPath: string, signal: AbortSignal): ApiClient {
  const start = (method: string, path: string, headers: Readonly<Record<string, string>>) =>
    httpRequest({ socketPath, method, path, headers, signal, agent: false });

  async function exchange(method: string, path: string, body?: Answer): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const call = start(method, path, body === undefined ? {} : { 'content-type': 'application/json' });
    call.end(text);
    return readAnswer(await respond(call, socketPath));
  }

  return {
    get: (path) => exchange('GET', path),
    post: (path, body = {}) => exchange('POST', path, body),
    async send(path, headers, body) {
      const call = start('POST', path, headers);
      const answer = respond(call, socketPath).then(readAnswer);
      // The daemon may refuse before it has read everything (disk full): its answer then says more than our EPIPE. A file
      // that cannot be read to its end breaks the call; then the file's own error says more than the call's.
      let unread: unknown;
      body.once('error', (error) => {
        unread = fileProblem(error);
      });
      pipeline(body, call).catch(() => {});
      return answer.catch((error: unknown) => {
        throw unread ?? error;
      });
    },
    async *events(path) {
      const call = start('GET', path, { accept: 'text/event-stream' });
      call.end();
      const response = await respond(call, socketPath);
      if (response.statusCode !== 200) await readAnswer(response);
      yield* parseEvents(response);
    },
  };
}

async function respond(call: ClientRequest, socketPath: string): Promise<IncomingMessage> {
  try {
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return response;
  } catch (error) {
    throw connectionProblem(error, socketPath);
  }
}

function connectionProblem(error: unknown, socketPath: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new TenderError(
      'TENDER_AGENT_NOT_RUNNING',
      `No agent answers on ${socketPath}: start it with \`tender agent\` (or \`systemctl start tender-agent\`), ` +
        'or name its socket with --socket.',
    );
  if (code === 'EACCES')
    return new TenderError(
      'TENDER_NOT_PERMITTED',
      `You may not use ${socketPath}: join the group that owns it, or run this as the agent's user.`,
    );
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return new TenderError(
      'TENDER_AGENT_STOPPING',
      'The agent went away in mid-answer: ask again in a moment.',
    );
  return error;
}

function fileProblem(error: Error): TenderError {
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  return new TenderError(
    'TENDER_FILE_UNREADABLE',
    `The file could not be read to its end (${code}): nothing was queued.`,
    {
      cause: error,
    },
  );
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > answerMaxBytes) throw new Error('the answer of the agent is too large');
    parts.push(part);
  }
  let answer: Answer;
  try {
    answer = JSON.parse(Buffer.concat(parts).toString('utf8')) as Answer;
  } catch {
    throw new TenderError('TENDER_AGENT_STOPPING', 'The agent broke off its answer: ask again in a moment.');
  }
  if ((response.statusCode ?? 500) < 400) return answer;
  const code =
    typeof answer.code === 'string' && Object.hasOwn(agentErrors, answer.code)
      ? answer.code
      : 'TENDER_INTERNAL';
  throw new TenderError(
    code as AgentErrorCode,
    typeof answer.title === 'string' ? answer.title : 'The agent refused.',
  );
}

/** The event-stream format, as far as our daemon writes it: id, event, data (one line), comments for keep-alive. */
export async function* parseEvents(chunks: AsyncIterable<Uint8Array>): AsyncIterable<StreamEvent> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true });
    for (let end = pending.indexOf('\n\n'); end >= 0; end = pending.indexOf('\n\n')) {
      const event = parseEvent(pending.slice(0, end));
      pending = pending.slice(end + 2);
      if (event) yield event;
    }
  }
}

function parseEvent(block: string): StreamEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  const id = fields.get('id');
  return {
    ...(id === undefined ? {} : { id }),
    event: fields.get('event') ?? 'message',
    data: JSON.parse(data) as Answer,
  };
}
