import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../cloud/adapters/system-clock.ts';
import { codeOf } from '../../cloud/cloud-error.ts';
import { openDatabase } from '../../cloud/db/database.ts';
import { migrate } from '../../cloud/db/migrate.ts';
import { createPostgresRegistry } from '../../cloud/db/postgres-registry.ts';
import { createPostgresStore } from '../../cloud/db/postgres-store.ts';
import { createPostgresWakes } from '../../cloud/db/wakes.ts';
import { reachableTemporaryDirectory } from '../../cloud/postgres/binaries.ts';
import { startPostgres } from '../../cloud/postgres/server.ts';
import { addYacht, comparable, offerOf, placed, storeDocument } from '../contracts/cloud-fixture.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import { type PostgresCloud, postgresCloud } from '../support/postgres-cloud.ts';

/** Asks until it answers, at most `maxMs`; only for what a real process does in real time. */
async function until<T>(maxMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + maxMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${maxMs} ms`);
    await new Promise((go) => setTimeout(go, 20));
  }
}

describe('when PostgreSQL is not what it was', () => {
  let cloud: PostgresCloud;
  beforeAll(async () => {
    cloud = await postgresCloud();
  });
  afterAll(() => cloud.close());

  test('a commit whose answer is lost is BUSY, and asked again it is the same receipt and one job', async () => {
    const proxy = await cuttingProxy(cloud.fresh.appUrl);
    const database = await openDatabase({ url: proxy.url, connectionsMax: 1 });
    const store = createPostgresStore(database);
    const scope = await addYacht(cloud);
    const offer = offerOf('lost answer');
    await store.offerDocument(scope, offer);
    const entry = placed(0, 'content');
    await store.recordChunks(scope, offer.uploadId, [entry]);
    const finish = { uploadId: offer.uploadId, lengthBytes: 7, sha256: entry.id, entries: [entry] };
    proxy.cutAt('COMMIT');
    await expect(store.finishVersion(scope, finish)).rejects.toMatchObject({
      code: 'TENDER_STORE_UNAVAILABLE',
      class: 'BUSY',
    });
    expect(proxy.cuts).toBe(1);
    const committed = await cloud.store.receipt(scope, offer.uploadId);
    expect(committed).toBeDefined();
    expect(comparable(await store.finishVersion(scope, finish))).toEqual(comparable(committed!));
    expect((await cloud.jobs()).filter((job) => job.documentId === committed!.documentId)).toHaveLength(1);
    await database.close();
    await proxy.close();
  });

  test('a transaction cut before its commit has changed nothing', async () => {
    const proxy = await cuttingProxy(cloud.fresh.appUrl);
    const database = await openDatabase({ url: proxy.url, connectionsMax: 1 });
    const store = createPostgresStore(database);
    const scope = await addYacht(cloud);
    const offer = offerOf('cut');
    await store.offerDocument(scope, offer);
    proxy.cutAt('add_index_job');
    const entry = placed(0, 'cut');
    await store.recordChunks(scope, offer.uploadId, [entry]);
    const finish = { uploadId: offer.uploadId, lengthBytes: 3, sha256: entry.id, entries: [entry] };
    await expect(store.finishVersion(scope, finish)).rejects.toMatchObject({ class: 'BUSY' });
    expect(await cloud.store.receipt(scope, offer.uploadId)).toBeUndefined();
    expect(await cloud.store.openEntries(scope, offer.uploadId)).toHaveLength(1);
    await store.finishVersion(scope, finish);
    await database.close();
    await proxy.close();
  });

  test('a notice in a slow transaction is never skipped, and one rolled back leaves no gap', async () => {
    const scope = await addYacht(cloud);
    const works = [];
    for (let i = 0; i < 10; i += 1) {
      const receipt = await storeDocument(cloud.store, scope, offerOf(`slow ${i}`), `slow ${i}`);
      works.push((await cloud.store.takeIndexWork(receipt.documentId, 1))!);
    }
    const slow = new pg.Client({ connectionString: cloud.fresh.ownerUrl });
    await slow.connect();
    await slow.query('begin');
    await slow.query('update tender.notice_counter set last = last + 1 where device_id = $1', [
      scope.deviceId,
    ]);
    const done: boolean[] = [];
    const waiting = works.map(async (work) =>
      done.push(await cloud.store.recordIndexed(work, { passages: [], reason: '' })),
    );
    // Whoever waits for the counter is seen by the server as waiting for a lock.
    await until(5_000, async () => {
      const [row] = await cloud.owner<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row!.waiting >= 7 ? true : undefined;
    });
    expect(done).toEqual([]);
    await slow.query('rollback');
    await slow.end();
    await Promise.all(waiting);
    const notices = await cloud.store.noticesAfter(scope, 0, 100);
    expect(notices.map((notice) => notice.sequence)).toEqual(works.map((_, i) => i + 1));
  });

  test('an idle connection that breaks is reported and replaced', async () => {
    const broken: Error[] = [];
    const database = await openDatabase({
      url: cloud.fresh.appUrl,
      connectionsMax: 1,
      onBroken: (error) => broken.push(error),
    });
    const backend = { name: 'backend', sql: 'select pg_backend_pid() as pid' };
    const [before] = (await database.ask(backend, [])) as readonly { pid: number }[];
    await cloud.owner('select pg_terminate_backend($1)', [before!.pid]);
    await until(5_000, async () => broken[0]);
    const [after] = (await database.ask(backend, [])) as readonly { pid: number }[];
    expect(after!.pid).not.toBe(before!.pid);
    await database.close();
  });

  test('no connection free in time is BUSY, not an endless wait', async () => {
    const database = await openDatabase({ url: cloud.fresh.appUrl, connectionsMax: 1, acquireMaxMs: 50 });
    const scope = await addYacht(cloud);
    let release = () => {};
    const holding = new Promise<void>((go) => {
      release = go;
    });
    const held = database.asTenant(scope.tenantId, () => holding);
    await expect(createPostgresStore(database).inventory(scope, null, 1)).rejects.toMatchObject({
      class: 'BUSY',
    });
    release();
    await held;
    await database.close();
  });

  test('a statement over its time is ended and BUSY; the connection serves on', async () => {
    const database = await openDatabase({ url: cloud.fresh.appUrl, connectionsMax: 1, statementMaxMs: 50 });
    const sleep = database.ask({ name: 'sleep', sql: 'select pg_sleep(10)' }, []);
    await expect(sleep).rejects.toMatchObject({ class: 'BUSY' });
    await database.ask({ name: 'ping', sql: 'select 1' }, []);
    await database.close();
  });

  test('a transaction that the server ended to break a deadlock runs again and comes through', async () => {
    const scope = await addYacht(cloud);
    let tries = 0;
    let arrived = 0;
    let meet = () => {};
    const met = new Promise<void>((go) => {
      meet = go;
    });
    const cross = (first: number, second: number) =>
      cloud.database.asTenant(scope.tenantId, async (ask) => {
        tries += 1;
        await ask({ name: `lock-${first}`, sql: `select pg_advisory_xact_lock(${first})` }, []);
        arrived += 1;
        if (arrived === 2) meet();
        await met;
        await ask({ name: `lock-${second}`, sql: `select pg_advisory_xact_lock(${second})` }, []);
        return 'through';
      });
    expect(await Promise.all([cross(1, 2), cross(2, 1)])).toEqual(['through', 'through']);
    expect(tries).toBe(3);
  });
});

describe('when PostgreSQL is killed', () => {
  test('calls under way are BUSY, and within seconds of its return everything works again, hints included', async () => {
    const folder = await reachableTemporaryDirectory('tender-kill-');
    const options = { dataDirectory: join(folder, 'data') };
    let server = await startPostgres(options);
    try {
      await migrate(server.url());
      const database = await openDatabase({ url: server.url(undefined, 'tender_app'), connectionsMax: 4 });
      const cloud = { store: createPostgresStore(database), registry: createPostgresRegistry(database) };
      const scope = await addYacht(cloud);
      const kept = await storeDocument(cloud.store, scope, offerOf('before'), 'before');
      let returns = 0;
      const told: string[] = [];
      const wakes = createPostgresWakes({
        url: server.url(undefined, 'tender_app'),
        clock: systemClock,
        onListening: () => {
          returns += 1;
        },
      });
      await until(5_000, async () => (returns === 1 ? true : undefined));
      wakes.onNotice((deviceId) => told.push(deviceId));

      const slow = database.ask({ name: 'sleep', sql: 'select pg_sleep(30)' }, []);
      const outcome = slow.then(
        () => 'answered',
        (error) => codeOf(error),
      );
      process.kill(server.pid, 'SIGKILL');
      expect(await outcome).toBe('TENDER_STORE_UNAVAILABLE');
      await expect(cloud.store.device(scope.deviceId)).rejects.toMatchObject({ class: 'BUSY' });

      server = await startPostgres(options);
      expect(server.adopted).toBe(false);
      await until(10_000, () => cloud.store.device(scope.deviceId).catch(() => undefined));
      expect(comparable((await cloud.store.receipt(scope, kept.uploadId))!)).toEqual(comparable(kept));
      await until(10_000, async () => (returns === 2 ? true : undefined));
      const work = await cloud.store.takeIndexWork(kept.documentId, 1);
      await cloud.store.recordIndexed(work!, { passages: [], reason: '' });
      await until(5_000, async () => (told.includes(scope.deviceId) ? true : undefined));
      await wakes.close();
      await database.close();
    } finally {
      await server.stop();
      await rm(folder, { recursive: true });
    }
  });
});
