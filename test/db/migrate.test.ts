import pg from 'pg';
import { expect, test } from 'vitest';
import { migrate } from '../../cloud/db/migrate.ts';
import { freshDatabase } from '../support/postgres.ts';

test('migrating twice changes nothing', async () => {
  const database = await freshDatabase();
  expect(await migrate(database.ownerUrl)).toBe(1);
  await database.drop();
});

test('a database that a newer release migrated is refused and left alone', async () => {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
  await client.query('insert into tender.migration (number) values (999999)');
  await expect(migrate(database.ownerUrl)).rejects.toMatchObject({ code: 'TENDER_SCHEMA_TOO_NEW' });
  await client.end();
  await database.drop();
});
