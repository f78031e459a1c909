import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  prepareBinaries,
  reachable,
  reachableTemporaryDirectory,
  runAs,
} from '../../cloud/postgres/binaries.ts';
import { isPostgres, readRunning } from '../../cloud/postgres/left-over.ts';
import { startPostgres, stopPostgres } from '../../cloud/postgres/server.ts';

const asRoot = runAs().uid !== undefined;

describe('the PostgreSQL that comes along', () => {
  let folder: string;
  let dataDirectory: string;
  beforeEach(async () => {
    folder = await reachableTemporaryDirectory('tender-server-');
    dataDirectory = join(folder, 'data');
  });
  afterEach(async () => {
    await stopPostgres(dataDirectory);
    await rm(folder, { recursive: true });
  });
  const start = (over = {}) => startPostgres({ dataDirectory, durable: false, ...over });
  async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  test('it keeps its data between starts, listens on no network, and lets no other user in', async () => {
    const first = await start();
    expect(first.adopted).toBe(false);
    await ask(first.url(), 'create table kept (n int); insert into kept values (42)');
    const [settings] = await ask(
      first.url(),
      `select current_setting('listen_addresses') as addresses, current_setting('autovacuum_naptime') as naptime,
         current_setting('fsync') as fsync`,
    );
    expect(settings).toEqual({ addresses: '', naptime: '1s', fsync: 'off' });
    expect((await stat(dataDirectory)).mode & 0o777).toBe(0o700);
    if (asRoot) expect((await stat(dataDirectory)).uid).toBe(65_534);
    await first.stop();
    expect(await isPostgres(first.pid)).toBe(false);

    const second = await start({ durable: true });
    expect(await ask(second.url(), `select n, current_setting('fsync') as fsync from kept`)).toEqual([
      { n: 42, fsync: 'on' },
    ]);
    await second.stop();
  });

  test('a server left behind by a killed process is adopted, and stopped by whoever adopted it', async () => {
    const script = join(folder, 'starter.ts');
    const module = new URL('../../cloud/postgres/server.ts', import.meta.url).href;
    await writeFile(
      script,
      `import { startPostgres } from ${JSON.stringify(module)};
       const server = await startPostgres({ dataDirectory: ${JSON.stringify(dataDirectory)}, durable: false });
       console.log(server.pid);
       setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise<Buffer>((said) => child.stdout.once('data', said)));
    child.kill('SIGKILL');
    await new Promise((ended) => child.once('close', ended));
    expect(await isPostgres(pid)).toBe(true);
    const adopted = await start();
    expect(adopted).toMatchObject({ pid, adopted: true });
    expect(await ask(adopted.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
    await adopted.stop();
    expect(await readRunning(dataDirectory)).toBeUndefined();
  });

  test('two starts at the same moment are one server', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(one.pid).toBe(two.pid);
    await one.stop();
  });

  test('two starts at the same moment, just after a crash, are one server', async () => {
    let pid = (await start()).pid;
    for (let crashes = 0; crashes < 3; crashes++) {
      process.kill(pid, 'SIGKILL');
      while (await isPostgres(pid)) await new Promise((go) => setTimeout(go, 5));
      const started = await Promise.all([start(), start(), start()]);
      expect(new Set(started.map((server) => server.pid)).size).toBe(1);
      expect(started[0]!.pid).not.toBe(pid);
      pid = started[0]!.pid;
    }
    await (await start()).stop();
  });

  test('a left-over server without fsync is not adopted by one who needs it', async () => {
    const careless = await start();
    const careful = await start({ durable: true });
    expect(careful.adopted).toBe(false);
    expect(await isPostgres(careless.pid)).toBe(false);
    expect(await ask(careful.url(), `select current_setting('fsync') as fsync`)).toEqual([{ fsync: 'on' }]);
    await careful.stop();
  });

  test('a data directory whose path is too long for a socket works all the same, and keeps its address over a crash', async () => {
    const long = join(folder, 'x'.repeat(120), 'data');
    const server = await startPostgres({ dataDirectory: long, durable: false });
    expect(await ask(server.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
    process.kill(server.pid, 'SIGKILL');
    while (await isPostgres(server.pid)) await new Promise((go) => setTimeout(go, 5));
    const again = await startPostgres({ dataDirectory: long, durable: false });
    expect(again.url()).toBe(server.url());
    expect(await ask(again.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
    await again.stop();
  });

  test('a broken data directory is a clear failure that names the log', async () => {
    await (await start()).stop();
    await rm(join(dataDirectory, 'global'), { recursive: true });
    await expect(start()).rejects.toMatchObject({
      code: 'TENDER_POSTGRES_FAILED',
      message: expect.stringContaining(`${dataDirectory}.log`),
    });
  });

  test.runIf(asRoot)(
    'a folder that the unprivileged uid cannot enter is refused with what to do',
    async () => {
      const shut = join(folder, 'shut');
      await mkdir(shut, { mode: 0o700 });
      await expect(startPostgres({ dataDirectory: join(shut, 'data') })).rejects.toThrow(
        /chmod o\+x.*DATABASE_URL/,
      );
      expect(await readdir(shut)).toEqual([]);
    },
  );

  test.runIf(asRoot)(
    'binaries in a folder that the server may not enter are copied once, links and all',
    async () => {
      const shut = join(folder, 'shut');
      const root = join(shut, 'package');
      await mkdir(join(root, 'native/lib'), { recursive: true });
      await chmod(shut, 0o700);
      await writeFile(join(root, 'package.json'), '{"version":"1.2.3"}');
      await writeFile(join(root, 'native/lib/libx.so.1.0'), 'a library');
      await writeFile(
        join(root, 'native/pg-symlinks.json'),
        '[{"source":"native/lib/libx.so.1.0","target":"native/lib/libx.so.1"}]',
      );
      const cache = join(folder, 'cache');
      const copies = await Promise.all([1, 2].map(() => prepareBinaries(root, cache)));
      expect(copies).toEqual([join(cache, 'postgres-1.2.3/native'), join(cache, 'postgres-1.2.3/native')]);
      expect(await reachable(copies[0]!)).toBe(true);
      expect(await readFile(join(copies[0]!, 'lib/libx.so.1'), 'utf8')).toBe('a library');
      expect(await readdir(cache)).toEqual(['postgres-1.2.3']);
    },
  );
});
