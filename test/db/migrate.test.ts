import pg from 'pg';
import { expect, test } from 'vitest';
import { openDatabase } from '../../cloud/db/database.ts';
import { migrate } from '../../cloud/db/migrate.ts';
import { createPostgresRegistry } from '../../cloud/db/postgres-registry.ts';
import { createPostgresStore } from '../../cloud/db/postgres-store.ts';
import { addYacht, offerOf, storeDocument } from '../contracts/cloud-fixture.ts';
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
  await expect(openDatabase({ url: database.appUrl })).rejects.toMatchObject({
    code: 'TENDER_SCHEMA_TOO_NEW',
  });
  await client.end();
  await database.drop();
});

test('API and worker refuse a database that nobody migrated', async () => {
  const database = await freshDatabase({ migrated: false });
  await expect(openDatabase({ url: database.appUrl })).rejects.toMatchObject({
    code: 'TENDER_SCHEMA_TOO_OLD',
  });
  await database.drop();
});

test('of migrators at the same moment one migrates, and all succeed', async () => {
  const database = await freshDatabase({ migrated: false });
  const numbers = await Promise.all([1, 2, 3].map(() => migrate(database.ownerUrl)));
  expect(new Set(numbers).size).toBe(1);
  await database.drop();
});

test('an owner without superuser can migrate, and the app then works as everywhere', async () => {
  const database = await freshDatabase({ migrated: false });
  const admin = new pg.Client({ connectionString: database.ownerUrl });
  await admin.connect();
  const name = `plain_owner_${process.pid}`;
  await admin.query(`create role ${name} login createrole`);
  await admin.query(`grant tender_app, tender_jobs, tender_lookup to ${name} with admin option`);
  await admin.query(
    `do $$ begin execute format('alter database %I owner to ${name}', current_database()); end $$`,
  );
  await migrate(database.ownerUrl.replace('//tender@', `//${name}@`));
  const app = await openDatabase({ url: database.appUrl, connectionsMax: 2 });
  const cloud = { store: createPostgresStore(app), registry: createPostgresRegistry(app) };
  const scope = await addYacht(cloud);
  const receipt = await storeDocument(cloud.store, scope, offerOf('plain'), 'plain');
  const work = await cloud.store.takeIndexWork(receipt.documentId, 1);
  expect(await cloud.store.recordIndexed(work!, { passages: ['plain'], reason: '' })).toBe(true);
  await app.close();
  await admin.end();
  await database.drop();
});
