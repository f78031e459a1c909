// Writes an answer of the local API to a client of node:http: JSON, bytes, or a stream of events at the pace of the one who
// reads. Shared by the unix socket and the page's port.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiAnswer } from '../api/http.ts';

/** Resolves when the answer was handed over or the client has left; never rejects. `gone` fires when it left. */
export async function reply(
  answer: ApiAnswer,
  incoming: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  try {
    if ('events' in answer) return await stream(answer, response, gone);
    // An answer before the end of a body: the rest will not be read, so this connection is not used again.
    const early = incoming.complete ? {} : { connection: 'close' };
    if ('json' in answer) {
      const type = answer.status >= 400 ? 'application/problem+json' : 'application/json';
      const body = `${JSON.stringify(answer.json)}\n`;
      response.writeHead(answer.status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        ...answer.headers,
        ...early,
      });
      response.end(body);
      return;
    }
    const length = answer.bytes === null ? {} : { 'content-length': answer.bytes.length };
    response.writeHead(answer.status, { ...length, ...answer.headers, ...early });
    response.end(answer.bytes ?? undefined);
  } catch {
    // The client left in the middle of its answer; it knows.
    response.destroy();
  }
}

async function stream(
  answer: Extract<ApiAnswer, { events: unknown }>,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.flushHeaders();
  // One pair of listeners for the whole stream: a slow client may make us wait ten thousand times.
  let wake = () => {};
  response.on('drain', () => wake());
  gone.addEventListener('abort', () => wake(), { once: true });
  for await (const event of answer.events) {
    if (response.destroyed || gone.aborted) break;
    if (!response.write(event) && !gone.aborted)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  response.end();
}
