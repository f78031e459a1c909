// Requests to the daemon: JSON both ways, failures as one kind of error with the daemon's own code and sentence, and
// files streamed from disk with their progress. Everything on the page that asks the daemon for something goes through here.

/** Without an answer for this long the daemon counts as gone. */
const answerMaxMs = 30_000;

/** A refusal in the daemon's words, or one of ours: TENDER_DAEMON_GONE (no answer), TENDER_ANSWER_UNREADABLE, TENDER_STOPPED. */
export class ApiError extends Error {
  readonly code: string;
  /** HTTP status; 0 when nobody answered. */
  readonly status: number;
  constructor(code: string, message: string, status: number) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

export interface UploadOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Called while the file leaves the browser: bytes handed over so far. */
  readonly onProgress: (sentBytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface Http {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  put<T>(path: string, body?: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
  /** Sends a file's bytes as the body, read by the browser from disk piece by piece, never whole into memory. */
  upload<T>(method: 'POST' | 'PUT', path: string, file: Blob, options: UploadOptions): Promise<T>;
}

export type SentFile =
  | { readonly is: 'answered'; readonly status: number; readonly text: string }
  | { readonly is: 'gone' | 'stopped' };

/** Sends a file as the body of a request; send-file.ts does it in a browser. */
export type SendFile = (method: string, url: string, file: Blob, options: UploadOptions) => Promise<SentFile>;

/** `base` ends with a slash; paths are relative to it ("v1/status"). */
export function createHttp(base: string, sendFile: SendFile): Http {
  async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const timeout = AbortSignal.timeout(answerMaxMs);
    const init: RequestInit = {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    };
    if (body !== undefined) {
      init.headers = { 'content-type': 'application/json' };
      init.body = JSON.stringify(body);
    }
    let status: number;
    let text: string;
    try {
      const response = await fetch(base + path, init);
      status = response.status;
      text = await response.text();
    } catch {
      throw signal?.aborted ? stopped() : gone();
    }
    return read<T>(status, text);
  }

  return {
    get: (path, signal) => ask('GET', path, undefined, signal),
    post: (path, body = {}) => ask('POST', path, body),
    put: (path, body = {}) => ask('PUT', path, body),
    delete: (path) => ask('DELETE', path),
    async upload<T>(method: 'POST' | 'PUT', path: string, file: Blob, options: UploadOptions): Promise<T> {
      const answer = await sendFile(method, base + path, file, options);
      if (answer.is !== 'answered') throw answer.is === 'stopped' ? stopped() : gone();
      return read<T>(answer.status, answer.text);
    },
  };
}

function read<T>(status: number, text: string): T {
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch {
    if (status >= 200 && status < 300)
      throw new ApiError('TENDER_ANSWER_UNREADABLE', 'The answer was cut or is not JSON. Try again.', status);
  }
  if (status >= 200 && status < 300) return json as T;
  throw problemOf(status, json);
}

function problemOf(status: number, json: unknown): ApiError {
  const problem = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof problem[key] === 'string' ? (problem[key] as string) : undefined);
  return new ApiError(
    text('code') ?? `TENDER_HTTP_${status}`,
    text('title') ?? text('detail') ?? `The daemon answered with status ${status}.`,
    status,
  );
}

const gone = () =>
  new ApiError(
    'TENDER_DAEMON_GONE',
    'The daemon does not answer. It is tried again; nothing aboard is lost.',
    0,
  );
const stopped = () => new ApiError('TENDER_STOPPED', 'Stopped.', 0);
