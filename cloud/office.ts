// The office's short errands: opens the database, does one thing, leaves everything as it was. Called by the commands of
// cloud/cli, beside a running cloud or without one.
import { makePrivateDirectory, openCloudKey } from './adapters/key-file.ts';
import { systemClock, systemRandom } from './adapters/system-clock.ts';
import { CloudError } from './cloud-error.ts';
import type { CloudKey } from './cloud-key.ts';
import type { CloudConfig } from './config.ts';
import { migrated, openDatabaseServer } from './database-server.ts';
import { openDatabase } from './db/database.ts';
import { createPostgresRegistry } from './db/postgres-registry.ts';
import { createPostgresStore } from './db/postgres-store.ts';
import { createDevices, type Devices } from './decide/devices.ts';
import type { Clock, Random } from './ports.ts';
import type { Registry, Tenant } from './registry.ts';

export interface Office {
  readonly registry: Registry;
  readonly devices: Devices;
  readonly key: CloudKey;
  readonly clock: Clock;
  readonly random: Random;
}

export async function withOffice<T>(config: CloudConfig, work: (office: Office) => Promise<T>): Promise<T> {
  const clock = systemClock;
  const random = systemRandom;
  makePrivateDirectory(config.data_directory);
  const key = openCloudKey(`${config.data_directory}/cloud.key`, random);
  const server = await openDatabaseServer(config);
  try {
    if (config.migrate) await migrated(server.url);
    const database = await openDatabase({ url: server.url, connectionsMax: 2 });
    try {
      const registry = createPostgresRegistry(database);
      const store = createPostgresStore(database);
      const devices = createDevices({ store, registry, clock, random });
      return await work({ registry, devices, key, clock, random });
    } finally {
      await database.close();
    }
  } finally {
    await server.close();
  }
}

export async function tenantNamed(registry: Registry, name: string): Promise<Tenant> {
  const tenant = await registry.tenantByName(name);
  if (tenant) return tenant;
  throw new CloudError(
    'TENDER_NOT_FOUND',
    `There is no tenant "${name}": add it with \`tender cloud tenant add\`.`,
  );
}

export async function migrateDatabase(config: CloudConfig): Promise<number> {
  makePrivateDirectory(config.data_directory);
  const server = await openDatabaseServer(config);
  try {
    return await migrated(server.url);
  } finally {
    await server.close();
  }
}
