import { stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listenOnSocket } from '../../../agent/adapters/unix-http.ts';
import type { ApiRequest } from '../../../agent/api/http.ts';
import { createRouter, type Route } from '../../../agent/api/router.ts';
import { jsonBody, onlyQuery } from '../../../agent/api/validate.ts';
import { TenderError } from '../../../agent/errors.ts';
import type { LogLine } from '../../../agent/log-line.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const canary = 'canary-3f9a';

const plain = { role: 'viewer', summary: 'For tests.', answers: 'object' } as const;

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: 'v1/fine',
    ...plain,
    answer: async (request) => {
      onlyQuery(request, ['a']);
      return { status: 200, json: { fine: true } };
    },
  },
  {
    method: 'GET',
    path: 'v1/things/*/part',
    ...plain,
    answer: async (_request, id = '') => ({ status: 200, json: { id } }),
  },
  {
    method: 'POST',
    path: 'v1/body',
    ...plain,
    answer: async (request) => ({ status: 200, json: { got: String((await jsonBody(request, ['x'])).x) } }),
  },
  {
    method: 'GET',
    path: 'v1/expected',
    ...plain,
    answer: async () => {
      throw new TenderError('TENDER_SPOOL_FULL', 'Full: wait.');
    },
  },
  {
    method: 'GET',
    path: 'v1/bug',
    ...plain,
    answer: async () => {
      throw new Error(`a bug with ${canary}`);
    },
  },
  {
    method: 'GET',
    path: 'v1/endless',
    ...plain,
    answer: async (request: ApiRequest) => ({ status: 200, events: endless(request.signal) }),
  },
];

let ended = 0;
async function* endless(signal: AbortSignal): AsyncIterable<string> {
  try {
    yield ': hello\n\n';
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    ended++;
  }
}

async function listening() {
  const path = join(await temporaryDirectory(), 'agent.sock');
  const lines: LogLine[] = [];
  const api = await listenOnSocket(
    path,
    createRouter(routes, (line) => lines.push(line)),
  );
  onTestFinished(() => api.close());
  return { path, api, lines };
}

function call(socketPath: string, method: string, path: string, body = '') {
  return new Promise<{ status: number; type: string; json: Record<string, unknown> }>((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          json: text.startsWith('{') ? JSON.parse(text) : {},
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('the socket', () => {
  test('is open to owner and group alone', async () => {
    const { path } = await listening();
    expect((await stat(path)).mode & 0o777).toBe(0o660);
  });

  test('of a living agent is not taken over; that of a dead one is', async () => {
    const { path, api } = await listening();
    const nobody = createRouter([], () => {});
    await expect(listenOnSocket(path, nobody)).rejects.toMatchObject({ code: 'TENDER_SOCKET_IN_USE' });
    expect((await call(path, 'GET', '/v1/fine')).status).toBe(200);
    await api.close();
    // What a killed process leaves behind: the file of a socket nobody listens on.
    const dead = createServer().listen(path);
    await new Promise((resolve) => dead.once('listening', resolve));
    const handle = (dead as unknown as { _handle: { close(): void } })._handle;
    handle.close();
    const next = await listenOnSocket(
      path,
      createRouter(routes, () => {}),
    );
    onTestFinished(() => next.close());
    expect((await call(path, 'GET', '/v1/fine')).status).toBe(200);
  });

  test('a file that is no socket is never removed', async () => {
    const path = join(await temporaryDirectory(), 'precious');
    await writeFile(path, 'keep me');
    await expect(
      listenOnSocket(
        path,
        createRouter([], () => {}),
      ),
    ).rejects.toMatchObject({ code: 'TENDER_SOCKET_IN_USE' });
    expect((await stat(path)).size).toBe(7);
  });

  test('a directory that is missing is named', async () => {
    const path = join(await temporaryDirectory(), 'missing', 'agent.sock');
    await expect(
      listenOnSocket(
        path,
        createRouter([], () => {}),
      ),
    ).rejects.toThrow('make its directory');
  });
});

describe('answers', () => {
  test('a route gets its free segments decoded', async () => {
    const { path } = await listening();
    expect((await call(path, 'GET', '/v1/things/a%2Fb/part')).json).toEqual({ id: 'a/b' });
  });

  test.each([
    ['an unknown address', 'GET', '/v1/nothing', '', 404, 'TENDER_ROUTE_UNKNOWN'],
    ['another method', 'DELETE', '/v1/fine', '', 404, 'TENDER_ROUTE_UNKNOWN'],
    ['an unknown parameter', 'GET', '/v1/fine?b=1', '', 400, 'TENDER_COMMAND_INVALID'],
    ['an unknown field', 'POST', '/v1/body', '{"x":1,"y":2}', 400, 'TENDER_COMMAND_INVALID'],
    ['a body that is no object', 'POST', '/v1/body', '[1]', 400, 'TENDER_COMMAND_INVALID'],
    ['half a body', 'POST', '/v1/body', '{"x":', 400, 'TENDER_COMMAND_INVALID'],
    ['a body that is a text', 'POST', '/v1/body', '"\xff"', 400, 'TENDER_COMMAND_INVALID'],
    [
      'a body beyond the limit',
      'POST',
      '/v1/body',
      `{"x":"${'y'.repeat(70_000)}"}`,
      400,
      'TENDER_COMMAND_INVALID',
    ],
    ['an expected failure', 'GET', '/v1/expected', '', 507, 'TENDER_SPOOL_FULL'],
    ['a bug', 'GET', '/v1/bug', '', 500, 'TENDER_INTERNAL'],
  ])('%s is a problem with a code', async (_what, method, address, body, status, code) => {
    const { path } = await listening();
    const answer = await call(path, method, address, body);
    expect(answer).toMatchObject({ status, type: 'application/problem+json', json: { status, code } });
    expect(String(answer.json.title).length).toBeGreaterThan(10);
  });

  test('what was not foreseen goes to the log and never to the client', async () => {
    const { path, lines } = await listening();
    expect(JSON.stringify(await call(path, 'GET', '/v1/bug'))).not.toContain(canary);
    expect(lines).toMatchObject([{ level: 'error', code: 'TENDER_INTERNAL' }]);
    expect(lines[0]?.message).toContain(canary);
  });

  test('an address that cannot be decoded is refused, and the next request is served', async () => {
    const { path } = await listening();
    expect((await call(path, 'GET', '/v1/%ff')).status).toBe(400);
    expect((await call(path, 'GET', '/v1/fine')).status).toBe(200);
  });

  test('a stream ends when its client goes, and when the agent stops', async () => {
    const { path, api } = await listening();
    ended = 0;
    const open = () =>
      new Promise<{ destroy(): void }>((resolve) => {
        const request = httpRequest({ socketPath: path, path: '/v1/endless', agent: false }, (response) => {
          response.on('error', () => {});
          response.once('data', () => resolve(request));
        });
        request.on('error', () => {});
        request.end();
      });
    const first = await open();
    await open();
    first.destroy();
    await expect.poll(() => ended).toBe(1);
    await api.close();
    await expect.poll(() => ended).toBe(2);
  });
});
