// The cloud's rows on a fresh PostgreSQL database, as the contract suites and tests of decisions take them.
import pg from 'pg';
import { type Database, openDatabase } from '../../cloud/db/database.ts';
import { createPostgresLibrary } from '../../cloud/db/postgres-library.ts';
import { createPostgresRegistry } from '../../cloud/db/postgres-registry.ts';
import { createPostgresStore } from '../../cloud/db/postgres-store.ts';
import type { Library } from '../../cloud/library.ts';
import type { CloudFixture } from '../contracts/cloud-fixture.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';

export interface PostgresCloud extends CloudFixture {
  readonly library: Library;
  readonly database: Database;
  readonly fresh: FreshDatabase;
  /** As the owner: behind the curtain of row-level security. */
  owner<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
}

export async function postgresCloud(): Promise<PostgresCloud> {
  const fresh = await freshDatabase();
  const database = await openDatabase({ url: fresh.appUrl, connectionsMax: 8 });
  const owners = new pg.Pool({ connectionString: fresh.ownerUrl, max: 1 });
  // A pool's end() does not wait for the server's goodbye: dropping the database may still end that connection.
  owners.on('error', () => undefined);
  const owner = async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    (await owners.query<Row>(sql, values)).rows;
  return {
    store: createPostgresStore(database),
    registry: createPostgresRegistry(database),
    library: createPostgresLibrary(database),
    database,
    fresh,
    owner,
    jobs: async () =>
      (
        await owner<{ payload: { documentId: string; version: number } }>(
          'select payload from graphile_worker._private_jobs order by id',
        )
      ).map((row) => row.payload),
    async close() {
      await database.close();
      await owners.end();
      await fresh.drop();
    },
  };
}
