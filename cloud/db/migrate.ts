// Brings a database to this release's schema: roles, graphile-worker's queue, our numbered migrations, grants. Run by the
// owner role before API and worker start. One transaction a migration, one migrator at a time (advisory lock); a
// database that a newer release has migrated is refused, because its rows may mean what we do not know.
import { readdir, readFile } from 'node:fs/promises';
import { Logger, runMigrations } from 'graphile-worker';
import pg from 'pg';
import { CloudError } from '../cloud-error.ts';

/** Any fixed number: 'tend' in ASCII. */
const advisoryLock = 0x74656e64;

/** graphile-worker reports failures by throwing; its progress lines are of no use to anyone. */
const silent = new Logger(() => () => {});

interface Migration {
  readonly number: number;
  readonly sql: string;
}

/** Answers the schema's number. Throws TENDER_SCHEMA_TOO_NEW; anything else is the database's own error. */
export async function migrate(ownerUrl: string): Promise<number> {
  const migrations = await readMigrations();
  const newest = migrations.at(-1)?.number ?? 0;
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'tender migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [advisoryLock]);
    const current = await schemaNumber(client);
    if (current > newest) throw tooNew(current, newest);
    await client.query(await readText('roles.sql'));
    await runMigrations({ connectionString: ownerUrl, logger: silent });
    for (const migration of migrations.filter(({ number }) => number > current))
      await apply(client, migration);
    await client.query(await readText('grants.sql'));
    return newest;
  } finally {
    // Ends the session, and with it the advisory lock.
    await client.end();
  }
}

/** For API and worker at their start, which may not migrate: exactly this release's schema, or a clear refusal. */
export async function requireSchema(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  const newest = (await readMigrations()).at(-1)?.number ?? 0;
  const current = await schemaNumber(client);
  if (current > newest) throw tooNew(current, newest);
  if (current < newest)
    throw new CloudError(
      'TENDER_SCHEMA_TOO_OLD',
      `The database has schema ${current}, this release needs ${newest}: run \`tender cloud migrate\` as the owner.`,
    );
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into tender.migration (number) values ($1)', [migration.number]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** 0 for an empty database. */
async function schemaNumber(client: Pick<pg.ClientBase, 'query'>): Promise<number> {
  const known = await client.query<{ exists: boolean }>(
    `select to_regclass('tender.migration') is not null as exists`,
  );
  if (!known.rows[0]?.exists) return 0;
  const found = await client.query<{ number: number }>(
    'select coalesce(max(number), 0)::int as number from tender.migration',
  );
  return found.rows[0]?.number ?? 0;
}

async function readMigrations(): Promise<Migration[]> {
  const folder = new URL('./migrations/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => /^\d{6}\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      number: Number.parseInt(name, 10),
      sql: await readFile(new URL(name, folder), 'utf8'),
    })),
  );
}

async function readText(name: string): Promise<string> {
  return readFile(new URL(`./${name}`, import.meta.url), 'utf8');
}

function tooNew(current: number, newest: number): CloudError {
  return new CloudError(
    'TENDER_SCHEMA_TOO_NEW',
    `The database has schema ${current}, this release knows up to ${newest}: run the newer release, or restore a backup.`,
  );
}
