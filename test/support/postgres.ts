// Real databases for tests: `freshDatabase()` answers an empty, migrated database of its own within about 100 ms, copied
// from a template. The cluster behind it belongs to the whole run (postgres-cluster.ts).
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../cloud/db/migrate.ts';
import { type PostgresServer, startPostgres } from '../../cloud/postgres/server.ts';
import { clusterVariable } from './postgres-cluster.ts';

export interface FreshDatabase {
  /** Owner: may everything. For migrations and for looking behind the curtain. */
  readonly ownerUrl: string;
  /** tender_app: what API and worker use. */
  readonly appUrl: string;
  /** tender_jobs: graphile-worker's own connections. */
  readonly jobsUrl: string;
  /** Ends every session in it and drops it. */
  drop(): Promise<void>;
}

const templateName = 'tender_template';
/** Any fixed number: makes one test worker prepare the template, the others wait. */
const templateLock = 4711;

let cluster: Promise<PostgresServer> | undefined;
let databases = 0;

/** The run's cluster, started by whoever asks first. Tests that kill a server start one of their own. */
export function testCluster(): Promise<PostgresServer> {
  cluster ??= start();
  return cluster;
}

async function start(): Promise<PostgresServer> {
  const folder = process.env[clusterVariable];
  if (!folder)
    throw new Error(`${clusterVariable} is not set: run the tests through vitest (see vitest.config.ts)`);
  return startPostgres({ dataDirectory: join(folder, 'data'), durable: false, maxConnections: 300 });
}

/** A migrated, empty database; `migrated: false` for one with nothing in it at all. */
export async function freshDatabase(options: { readonly migrated?: boolean } = {}): Promise<FreshDatabase> {
  const server = await testCluster();
  databases += 1;
  const name = `test_${process.pid}_${databases}`;
  await asOwner(server, async (client) => {
    if (options.migrated === false) return void (await client.query(`create database ${name}`));
    await client.query('select pg_advisory_lock($1)', [templateLock]);
    await prepareTemplate(server, client);
    await client.query(`create database ${name} template ${templateName}`);
  });
  return {
    ownerUrl: server.url(name),
    appUrl: server.url(name, 'tender_app'),
    jobsUrl: server.url(name, 'tender_jobs'),
    drop: () =>
      asOwner(
        server,
        async (client) => void (await client.query(`drop database if exists ${name} with (force)`)),
      ),
  };
}

async function prepareTemplate(server: PostgresServer, client: pg.Client): Promise<void> {
  const found = await client.query('select 1 from pg_database where datname = $1', [templateName]);
  if (found.rowCount) return;
  const draft = `${templateName}_draft`;
  await client.query(`drop database if exists ${draft} with (force)`);
  await client.query(`create database ${draft}`);
  await migrate(server.url(draft));
  await client.query(`alter database ${draft} rename to ${templateName}`);
}

async function asOwner<T>(server: PostgresServer, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
