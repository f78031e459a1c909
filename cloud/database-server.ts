// Where the rows are: the server that the settings name, or the embedded one, which is then ours to start and to stop.
// Used by cloud/main.ts and cloud/office.ts.
import { keepPostgres } from './adapters/embedded-postgres.ts';
import { CloudError } from './cloud-error.ts';
import type { CloudConfig } from './config.ts';
import { migrate } from './db/migrate.ts';
import type { CloudLog } from './log.ts';

export interface DatabaseServer {
  readonly url: string;
  readonly kind: 'embedded' | 'external';
  /** An embedded server is stopped by whoever uses it last. */
  close(): Promise<void>;
}

export async function openDatabaseServer(config: CloudConfig, log?: CloudLog): Promise<DatabaseServer> {
  if (config.database_url) {
    return { url: config.database_url, kind: 'external', close: async () => {} };
  }
  const kept = await keepPostgres(`${config.data_directory}/postgres`, log);
  return { url: kept.url, kind: 'embedded', close: () => kept.close() };
}

/** Brings the schema up to date; a driver's failure becomes one that says what to do. */
export async function migrated(url: string): Promise<number> {
  try {
    return await migrate(url);
  } catch (error) {
    if (error instanceof CloudError) throw error;
    throw new CloudError(
      'TENDER_STORE_UNAVAILABLE',
      `The database cannot be migrated (${error instanceof Error ? error.message : String(error)}): check DATABASE_URL, ` +
        'and that its login owns the database.',
      { cause: error },
    );
  }
}
