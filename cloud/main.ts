// Wiring of a real shore: key file, PostgreSQL, disk, sockets. Start order: database and schema, blobs, worker, then the
// door; stop order is the reverse. Called by cloud/cli/serve.ts and by tests that want it all in their own process.
import { readFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { openLog } from './adapters/json-log.ts';
import { makePrivateDirectory, openCloudKey } from './adapters/key-file.ts';
import { attachLine } from './adapters/line-upgrade.ts';
import { runSandboxed } from './adapters/sandbox.ts';
import { systemClock, systemRandom } from './adapters/system-clock.ts';
import { openDiskBlobs } from './blobs/disk.ts';
import { type CloudConfig, printable } from './config.ts';
import { CloudConfigError } from './config-error.ts';
import { migrated, openDatabaseServer } from './database-server.ts';
import { openDatabase } from './db/database.ts';
import { createPostgresLibrary } from './db/postgres-library.ts';
import { createPostgresRegistry } from './db/postgres-registry.ts';
import { createPostgresStore } from './db/postgres-store.ts';
import { createPostgresWakes } from './db/wakes.ts';
import { openJobsPool } from './jobs/pool.ts';
import type { CloudLog } from './log.ts';
import { type Shore, startShore } from './shore.ts';

export interface Cloud {
  /** Where the API listens; empty for a worker alone. */
  readonly url: string;
  readonly database: 'embedded' | 'external';
  /** Resolves with the reason when it cannot go on. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

export async function startCloud(config: CloudConfig): Promise<Cloud> {
  const { log, pino } = openLog(config.log_level);
  const failed = watchProcess(log);
  log.info({ code: 'cloud.starting', settings: printable(config) }, 'starting');
  const tls = readTls(config);
  makePrivateDirectory(config.data_directory);
  const key = openCloudKey(`${config.data_directory}/cloud.key`, systemRandom);
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of undo.reverse())
      await step().catch((error) => log.warn({ code: 'cloud.stop', err: error }, 'stopping'));
    undo.length = 0;
    log.info({ code: 'cloud.stopped' }, 'stopped');
  };
  try {
    const server = await openDatabaseServer(config, log);
    undo.push(() => server.close());
    if (config.migrate) await migrated(server.url);
    const onBroken = (error: Error) =>
      log.warn({ code: 'database.broken', err: error }, 'a connection broke');
    const database = await openDatabase({ url: server.url, connectionsMax: 20, onBroken });
    undo.push(() => database.close());
    const blobDirectory = config.blob_directory || `${config.data_directory}/blobs`;
    const blobs = await openDiskBlobs({ directory: blobDirectory, random: systemRandom });
    undo.push(() => blobs.close());
    let shore: Shore | undefined;
    const wakes = createPostgresWakes({
      url: server.url,
      clock: systemClock,
      onListening: () => shore?.wakesReturned(),
    });
    undo.push(() => wakes.close());
    const jobs = config.only === 'api' ? undefined : openJobsPool(server.url, config.worker_concurrency, log);
    if (jobs) undo.push(() => jobs.end());
    shore = await startShore({
      config,
      store: createPostgresStore(database),
      registry: createPostgresRegistry(database),
      library: createPostgresLibrary(database),
      wakes,
      blobs,
      blobsUsable: () => access(blobDirectory, constants.R_OK | constants.W_OK | constants.X_OK),
      jobs,
      key,
      clock: systemClock,
      random: systemRandom,
      log,
      // Fastify's own small talk is not ours; what goes wrong is.
      requestLog: pino.child({}, config.log_level === 'info' ? { level: 'warn' } : {}),
      ...(tls ? { tls } : {}),
      rssBytes: () => process.memoryUsage.rss(),
      sandbox: runSandboxed,
      attachLine,
    });
    const running = shore;
    undo.push(() => within(config.stop_max, running.stop()));
    log.info({ code: 'cloud.ready', url: shore.url, keyId: key.keyId, database: server.kind }, 'ready');
    return { url: shore.url ?? '', database: server.kind, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readTls(config: CloudConfig): { readonly cert: string; readonly key: string } | undefined {
  if (!config.tls_certificate) return undefined;
  try {
    return {
      cert: readFileSync(config.tls_certificate, 'utf8'),
      key: readFileSync(config.tls_key, 'utf8'),
    };
  } catch (error) {
    const { path, code } = error as NodeJS.ErrnoException;
    throw new CloudConfigError(`The TLS file ${path} cannot be read (${code}).`);
  }
}

/** A database connection that dies under a library rejects promises nobody holds: that must not end the process. */
function watchProcess(log: CloudLog): Promise<string> {
  return new Promise((resolve) => {
    process.on('unhandledRejection', (error) => {
      log.error({ code: 'cloud.rejection', err: error }, 'a promise was rejected and nobody listened');
    });
    process.on('uncaughtException', (error) => {
      log.error({ code: 'TENDER_CLOUD_INTERNAL', err: error }, 'an error nobody expected: stopping');
      resolve('an error nobody expected, see the log');
    });
  });
}

function within(maxMs: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, maxMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
