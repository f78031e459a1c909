// One PostgreSQL for a whole run of the tests (vitest's globalSetup). It is started by the first test that asks for a
// database (postgres.ts), so a run without one pays nothing, and is ended and removed here.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reachableTemporaryDirectory } from '../../cloud/postgres/binaries.ts';
import { stopPostgres } from '../../cloud/postgres/server.ts';

/** Environment variable that carries the cluster's folder into the test workers. */
export const clusterVariable = 'TENDER_TEST_CLUSTER';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await reachableTemporaryDirectory('tender-tests-');
  process.env[clusterVariable] = folder;
  return async () => {
    await stopPostgres(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  };
}
