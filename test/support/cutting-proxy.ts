// Stands between a PostgreSQL client and the server, on a unix socket, and cuts the line when the server has said a given
// word: the only way to learn what happens when an answer is lost on the way.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CuttingProxy {
  /** The same database through the proxy. */
  readonly url: string;
  /** The next time the server says this, the client hears nothing of it and loses its connection. */
  cutAt(word: string): void;
  /** How often it cut. */
  readonly cuts: number;
  close(): Promise<void>;
}

export async function cuttingProxy(url: string): Promise<CuttingProxy> {
  const host = decodeURIComponent(/@([^/]+)/.exec(url)![1]!);
  const directory = await mkdtemp(join(tmpdir(), 'tender-proxy-'));
  const sockets = new Set<Socket>();
  let word: string | undefined;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(join(host, '.s.PGSQL.5432'));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (word !== undefined && bytes.includes(word)) {
        word = undefined;
        cuts += 1;
        client.destroy();
      } else client.write(bytes);
    });
  });
  await new Promise<void>((listening) => server.listen(join(directory, '.s.PGSQL.5432'), listening));
  return {
    url: url.replace(/@[^/]+/, `@${encodeURIComponent(directory)}`),
    cutAt(said) {
      word = said;
    },
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
