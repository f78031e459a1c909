import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Link, openLink } from '../../agent/cli/demo/link/link.ts';
import type { LinkProfile } from '../../agent/cli/demo/link/profiles.ts';
import { noise } from '../../agent/cli/demo/samples/pdf.ts';

const quick: LinkProfile = { upBitsPerSecond: 16_000_000, downBitsPerSecond: 64_000_000, roundTripMs: 40 };
let link: Link | undefined;
let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  await link?.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  if (server) await new Promise((resolve) => server?.close(resolve));
});

/** A shore that answers each connection's end with the SHA-256 of all it got. */
async function openShore(): Promise<number> {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const hash = createHash('sha256');
    socket.on('data', (bytes) => hash.update(bytes));
    socket.on('end', () => socket.end(hash.digest('hex')));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  sockets.add(socket);
  return socket;
}

async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = dial(port);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  socket.end(bytes);
  await once(socket, 'close');
  return answer;
}

describe('the demo’s link', () => {
  it('carries every byte in order, on several connections at once', async () => {
    link = await openLink(
      quick,
      await openShore(),
      () => 0.5,
      () => undefined,
    );
    const payloads = [1, 2, 3].map((seed) => noise(700_000, seed));
    const port = link.port;
    const answers = await Promise.all(payloads.map((bytes) => exchange(port, bytes)));
    expect(answers).toEqual(payloads.map((bytes) => createHash('sha256').update(bytes).digest('hex')));
  });

  it('takes as long as its rate and round trip say', async () => {
    link = await openLink(
      quick,
      await openShore(),
      () => 0.5,
      () => undefined,
    );
    const started = performance.now();
    await exchange(link.port, noise(400_000, 4));
    // 400 kB at 16 Mbit/s are 200 ms, and 40 ms there and back; a busy machine may add, nothing may take away.
    expect(performance.now() - started).toBeGreaterThan(235);
  });

  it('counts what left the modem', async () => {
    link = await openLink(
      quick,
      await openShore(),
      () => 0.5,
      () => undefined,
    );
    await exchange(link.port, noise(100_000, 5));
    expect(link.counters()).toMatchObject({ upBytes: 100_000, downBytes: 64, lostBytes: 0, cuts: 0 });
  });

  it('while cut it swallows without a word, and a stream with a hole never carries another byte', async () => {
    const changes: boolean[] = [];
    link = await openLink(
      quick,
      await openShore(),
      () => 0.5,
      (up) => changes.push(up),
    );
    const socket = dial(link.port);
    let heard = '';
    socket.setEncoding('utf8').on('data', (text) => {
      heard += text;
    });
    await once(socket, 'connect');
    link.cut(100);
    socket.end(noise(10_000, 6));
    while (!link.up) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await exchange(link.port, Buffer.from('after'))).toHaveLength(64);
    expect(heard).toBe('');
    expect(changes).toEqual([false, true]);
    expect(link.counters()).toMatchObject({ cuts: 1, lostBytes: 10_000 });
  });

  it('closes at once, also while the end of a connection is still on its way', async () => {
    const far: LinkProfile = { ...quick, roundTripMs: 600_000 };
    const port = await openShore();
    const opened = await openLink(
      far,
      port,
      () => 0.5,
      () => undefined,
    );
    const shoreSide = once(server as Server, 'connection');
    const socket = dial(opened.port);
    await once(socket, 'connect');
    const [ashore] = (await shoreSide) as [Socket];
    ashore.resetAndDestroy();
    await once(ashore, 'close');
    // The relay lives in this process: some turns of the event loop later it has noticed, too.
    for (let turn = 0; turn < 100; turn++) await new Promise((next) => setImmediate(next));
    await opened.close();
    await once(socket, 'close');
  });
});
