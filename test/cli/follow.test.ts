import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../agent/cli/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const record = (seq: number) => ({
  seq,
  actor: 'connection/main',
  n: seq,
  wall: 0,
  event: { type: 'start' },
});

/** A socket on which an agent of the test's making answers, and `tender log --follow` on it. */
async function follow(agent: RequestListener) {
  const socket = join(await temporaryDirectory(), 'agent.sock');
  const server = createServer(agent).listen(socket);
  await new Promise((listening) => server.once('listening', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const enough = new AbortController();
  let out = '';
  const code = await runCli(['log', '--follow', '--json', '--socket', socket], {
    streams: {
      out: (part) => {
        out += part;
        if (out.includes('"seq":3')) enough.abort(new Error('enough'));
      },
      err: () => undefined,
      terminal: false,
      columns: 120,
    },
    environment: {},
    workingDirectory: '/',
    version: '0.0.0-test',
    signal: enough.signal,
  });
  const seen = out.split('\n').filter(Boolean);
  return { code, seqs: seen.map((line) => (JSON.parse(line) as { seq?: number }).seq) };
}

describe('tender log --follow', () => {
  test('an agent that goes away in its very first answer is waited for, and every record is told once', async () => {
    let calls = 0;
    const { code, seqs } = await follow((request, response) => {
      calls += 1;
      if (calls === 1) {
        request.socket.destroy();
        return;
      }
      if (request.url?.startsWith('/v1/log')) {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ items: [record(1), record(2)], next: 2, more: false }));
        return;
      }
      expect(request.url).toContain('after=2');
      response.setHeader('content-type', 'text/event-stream');
      response.write(`id: 3\nevent: record\ndata: ${JSON.stringify(record(3))}\n\n`);
    });
    expect([code, seqs]).toEqual([0, [1, 2, 3]]);
  });
});
