import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../cloud/db/database.ts';
import { addYacht, offerOf, storeDocument } from '../contracts/cloud-fixture.ts';
import { type PostgresCloud, postgresCloud } from '../support/postgres-cloud.ts';

describe('only yours, in the database itself', () => {
  let cloud: PostgresCloud;
  let app: pg.Client;
  let tables: string[];
  let tenants: string[];

  beforeAll(async () => {
    cloud = await postgresCloud();
    tables = (
      await cloud.owner<{ name: string }>(
        `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'tender'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id'
           and not a.attisdropped`,
      )
    ).map((row) => row.name);
    tenants = [];
    for (const name of ['one', 'two']) {
      const scope = await addYacht(cloud);
      tenants.push(scope.tenantId);
      await cloud.registry.addToken(scope.tenantId, {
        tokenId: scope.deviceId,
        hash: Buffer.from(name),
        name,
        scopes: ['search'],
        expiresMs: null,
      });
      const receipt = await storeDocument(cloud.store, scope, offerOf(name), `words of ${name}`);
      const work = await cloud.store.takeIndexWork(receipt.documentId, 1);
      await cloud.store.recordIndexed(work!, { passages: [`words of ${name}`], reason: '' });
      await cloud.store.offerDocument(scope, offerOf('open'));
      await cloud.owner('insert into tender.device_log (device_id, log_id, tenant_id) values ($1, $2, $3)', [
        scope.deviceId,
        'old',
        scope.tenantId,
      ]);
      await cloud.owner(
        `insert into tender.open_part (device_id, upload_id, tenant_id, entries)
         select device_id, upload_id, tenant_id, '' from tender.open_upload where device_id = $1`,
        [scope.deviceId],
      );
    }
    app = new pg.Client({ connectionString: cloud.fresh.appUrl });
    await app.connect();
  });
  afterAll(async () => {
    await app.end();
    await cloud.close();
  });

  test('every table with a tenant has row-level security, forced, with one policy for the app', async () => {
    expect(tables.length).toBeGreaterThanOrEqual(12);
    const rows = await cloud.owner<{ name: string; enabled: boolean; forced: boolean; policies: string[] }>(
      `select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
         array (select p.polname::text from pg_policy p where p.polrelid = c.oid
           and 'tender_app'::regrole::oid = any (p.polroles)) as policies
       from pg_class c where c.relnamespace = 'tender'::regnamespace and c.relname = any ($1)`,
      [tables],
    );
    expect(rows).toHaveLength(tables.length);
    for (const row of rows)
      expect(row).toEqual({ name: row.name, enabled: true, forced: true, policies: ['one_tenant'] });
  });

  test('every other table of ours holds nothing of a tenant', async () => {
    const others = await cloud.owner<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'tender'::regnamespace and relkind in ('r', 'p')
         and not relname = any ($1)`,
      [tables],
    );
    expect(others.map((row) => row.name)).toEqual(['migration']);
  });

  test('without the setting every table is empty, though each holds rows of two tenants', async () => {
    for (const table of tables) {
      const all = await cloud.owner<{ tenants: number }>(
        `select count(distinct tenant_id)::int as tenants from tender.${table}`,
      );
      expect({ table, tenants: all[0]!.tenants }).toEqual({ table, tenants: 2 });
      const seen = await app.query(`select * from tender.${table}`);
      expect({ table, seen: seen.rowCount }).toEqual({ table, seen: 0 });
    }
  });

  test("with one tenant's setting only its rows are there, and it ends with the transaction", async () => {
    for (const tenantId of tenants) {
      await app.query('begin');
      await app.query(`select set_config('tender.tenant', $1, true)`, [tenantId]);
      for (const table of tables) {
        const seen = await app.query<{ tenant_id: string }>(`select distinct tenant_id from tender.${table}`);
        expect({ table, seen: seen.rows }).toEqual({ table, seen: [{ tenant_id: tenantId }] });
      }
      await app.query('commit');
      expect((await app.query('select * from tender.document')).rowCount).toBe(0);
    }
  });

  test("a row for another tenant cannot be written, and another's cannot be touched", async () => {
    const [mine, theirs] = tenants as [string, string];
    await app.query('begin');
    await app.query(`select set_config('tender.tenant', $1, true)`, [mine]);
    const touched = await app.query('update tender.device set name = $2 where tenant_id = $1', [
      theirs,
      'mine now',
    ]);
    expect(touched.rowCount).toBe(0);
    const write = app.query(
      `insert into tender.token (token_id, tenant_id, hash, name, scopes)
       values (gen_random_uuid(), $1, 'x', 'forged', '{admin}')`,
      [theirs],
    );
    await expect(write).rejects.toThrow(/row-level security/);
    await app.query('rollback');
  });

  test('no role of ours at run time is superuser or may bypass row-level security, and none owns a table', async () => {
    const roles = await cloud.owner(
      `select rolname, rolsuper, rolbypassrls, rolcreaterole,
         exists (select from pg_class where relowner = pg_roles.oid) as owns
       from pg_roles where rolname in ('tender_app', 'tender_jobs', 'tender_lookup') order by rolname`,
    );
    const harmless = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, owns: false };
    expect(roles).toEqual([
      { rolname: 'tender_app', ...harmless },
      { rolname: 'tender_jobs', ...harmless },
      { rolname: 'tender_lookup', ...harmless },
    ]);
  });

  test('a view shows no more than its tables do', async () => {
    const views = await cloud.owner<{ name: string; options: string[] | null }>(
      `select relname as name, reloptions as options from pg_class
       where relnamespace = 'tender'::regnamespace and relkind = 'v'`,
    );
    expect(views).toEqual([{ name: 'segment', options: ['security_invoker=true'] }]);
    expect((await cloud.owner('select * from tender.segment')).length).toBeGreaterThan(1);
    expect((await app.query('select * from tender.segment')).rowCount).toBe(0);
  });

  test('the pool acts as tender_app whoever logs in', async () => {
    const database = await openDatabase({ url: cloud.fresh.ownerUrl, connectionsMax: 1 });
    const [row] = await database.ask<{ name: string }>(
      { name: 'who', sql: 'select current_user as name' },
      [],
    );
    expect(row).toEqual({ name: 'tender_app' });
    await database.close();
  });

  test('the functions that look across tenants are the known ones, and the public may call none', async () => {
    const functions = await cloud.owner<{ name: string; owner: string; public: boolean }>(
      `select p.proname as name, p.proowner::regrole::text as owner, has_function_privilege('public', p.oid, 'execute')
         as public from pg_proc p where p.pronamespace = 'tender'::regnamespace and p.prosecdef order by 1`,
    );
    expect(functions.filter((row) => row.public)).toEqual([]);
    expect(functions.filter((row) => row.owner === 'tender_lookup').map((row) => row.name)).toEqual([
      'counts',
      'search',
      'tenant_named',
      'tenant_of_code',
      'tenant_of_device',
      'tenant_of_document',
      'tenant_of_token',
    ]);
    expect(functions.filter((row) => row.owner !== 'tender_lookup').map((row) => row.name)).toEqual([
      'add_index_job',
      'queue_counts',
    ]);
  });

  test('the queue belongs to tender_jobs: it sees jobs and no document, the app sees no job', async () => {
    const jobs = new pg.Client({ connectionString: cloud.fresh.jobsUrl });
    await jobs.connect();
    expect((await jobs.query('select * from graphile_worker.jobs')).rowCount).toBe(2);
    await expect(jobs.query('select * from tender.document')).rejects.toThrow(/permission denied/);
    await expect(app.query('select * from graphile_worker.jobs')).rejects.toThrow(/permission denied/);
    await jobs.end();
  });

  test("search under one tenant's setting finds nothing of the other, whatever is asked", async () => {
    const [one, two] = tenants as [string, string];
    expect((await cloud.library.search(one, { text: 'words', limit: 10 })).hits).toMatchObject([
      { name: 'one' },
    ]);
    expect((await cloud.library.search(two, { text: 'one', limit: 10 })).hits).toEqual([]);
    await expect(
      app.query("select * from tender.search('words'::tsquery, ''::tsquery, null, null, 9)"),
    ).resolves.toMatchObject({ rowCount: 0 });
  });

  test('search reads the index, not every passage', async () => {
    await cloud.owner(
      `insert into tender.passage (document_id, ordinal, tenant_id, text)
       select d.document_id, n, d.tenant_id, 'filler number ' || n from tender.document d, generate_series(100, 4100) n`,
    );
    await cloud.owner('analyze tender.passage');
    const lookup = new pg.Client({ connectionString: cloud.fresh.ownerUrl });
    await lookup.connect();
    await lookup.query('begin; set local role tender_lookup');
    const explain = await lookup.query<{ 'QUERY PLAN': string }>(
      `explain select p.document_id, p.ordinal from tender.passage p
       where p.search @@ 'words'::tsquery and p.tenant_id = tender.tenant_id()`,
    );
    await lookup.query('rollback');
    await lookup.end();
    expect(explain.rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('passage_search');
  });
});
