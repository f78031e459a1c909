// Starts and stops the PostgreSQL that comes with tender, for the demo, small installations and tests; a fleet's cloud
// sets DATABASE_URL instead. It listens on a unix socket in its own 0700 directory only: nothing outside this machine,
// and no other user of it, can connect. The server is not our child for life: killed without warning, we leave it
// running and the next start adopts it. Data stays between starts.
import { spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { CloudError } from '../cloud-error.ts';
import { findBinaries, reachable, runAs } from './binaries.ts';
import { isPostgres, type Running, readRunning } from './left-over.ts';
import { placeSocket, urlOf } from './socket.ts';

export interface PostgresOptions {
  /** Created when absent. As root every folder above it must let uid 65534 pass. */
  readonly dataDirectory: string;
  /** false: no fsync, for tests only. */
  readonly durable?: boolean;
  readonly maxConnections?: number;
  /** Where the binaries are copied when they cannot be reached; /var/cache/tender by default. */
  readonly cacheDirectory?: string;
}

export interface PostgresServer {
  readonly pid: number;
  /** It ran before: somebody was killed before stopping it. */
  readonly adopted: boolean;
  /** A connection string for this user and database; the owner and `tender` by default. */
  url(database?: string, user?: string): string;
  /** Ends it within stopMaxMs, sessions and all. */
  stop(): Promise<void>;
}

export const ownerName = 'tender';
const databaseName = 'tender';
const startMaxMs = 30_000;
/** A fast shutdown writes a checkpoint; after this long the server is told to quit at once and recovers next time. */
const stopMaxMs = 10_000;
const pollMs = 10;
const logMaxBytes = 4 * 1024 * 1024;

export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const data = resolve(options.dataDirectory);
  const binaries = await findBinaries(options.cacheDirectory);
  await initialise(binaries, data, options.durable !== false);

  const before = await adopt(data, options);
  const running = before ?? (await launch(binaries, data, options));
  await createDatabase(urlOf(running.socketDirectory, 'postgres', ownerName));
  return {
    pid: running.pid,
    adopted: before !== undefined,
    url: (database = databaseName, user = ownerName) => urlOf(running.socketDirectory, database, user),
    stop: () => stop(running, data),
  };
}

/** Ends whatever server runs on this data directory, also one that a killed process left behind. */
export async function stopPostgres(dataDirectory: string): Promise<void> {
  const data = resolve(dataDirectory);
  const running = await readRunning(data);
  if (running) await stop(running, data);
}

/** The server that runs here already, unless it was started for tests and we need one that keeps its promises. */
async function adopt(data: string, options: PostgresOptions): Promise<Running | undefined> {
  if (!(await readRunning(data))) return undefined;
  const running = await untilReady(data);
  const careless = await withClient(urlOf(running.socketDirectory, 'postgres', ownerName), async (client) => {
    const found = await client.query<{ fsync: string }>('show fsync');
    return found.rows[0]?.fsync === 'off';
  });
  if (options.durable === false || !careless) return running;
  await stop(running, data);
  return undefined;
}

/** initdb into a draft beside it, then one rename: a start cut short leaves nothing half-made to start from. */
async function initialise(binaries: string, data: string, durable: boolean): Promise<void> {
  if (await stat(join(data, 'PG_VERSION')).catch(() => undefined)) return;
  await mkdir(dirname(data), { recursive: true });
  const { uid, gid } = runAs();
  if (uid !== undefined && !(await reachable(dirname(data))))
    throw new CloudError(
      'TENDER_POSTGRES_FAILED',
      `PostgreSQL does not run as root, and uid ${uid} cannot enter ${dirname(data)}: ` +
        'choose a data directory below folders that everybody may pass (chmod o+x), or set DATABASE_URL.',
    );
  const draft = await mkdtemp(`${data}.init-`);
  try {
    if (uid !== undefined && gid !== undefined) await chown(draft, uid, gid);
    await initdb(binaries, draft, durable);
    await rename(draft, data);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process made it meanwhile.
    if (!(await stat(join(data, 'PG_VERSION')).catch(() => undefined))) throw error;
  }
}

/** The builtin C.UTF-8 locale folds all of Unicode and is the same on every system. */
async function initdb(binaries: string, directory: string, durable: boolean): Promise<void> {
  const child = spawn(
    join(binaries, 'bin/initdb'),
    [
      ...['-D', directory, '-U', ownerName, '-A', 'trust', '-E', 'UTF8'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
      ...(durable ? [] : ['--no-sync']),
    ],
    { ...runAs(), cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], env: environment(binaries) },
  );
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString('utf8')).slice(-2000);
  });
  const code = await new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  if (code !== 0)
    throw new CloudError(
      'TENDER_POSTGRES_FAILED',
      `PostgreSQL could not be set up in ${directory}: ${said.trim()}`,
    );
}

async function launch(binaries: string, data: string, options: PostgresOptions): Promise<Running> {
  const socketDirectory = await placeSocket(data);
  const log = await open(`${data}.log`, (await sizeOf(`${data}.log`)) > logMaxBytes ? 'w' : 'a', 0o600);
  try {
    const deadline = performance.now() + startMaxMs;
    for (;;) {
      const child = spawn(join(binaries, 'bin/postgres'), argumentsOf(data, socketDirectory, options), {
        ...runAs(),
        cwd: '/',
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: environment(binaries),
      });
      let ended = false;
      child.once('exit', () => {
        ended = true;
      });
      child.once('error', () => {
        ended = true;
      });
      child.unref();
      while (!ended && performance.now() < deadline) {
        const running = await readRunning(data);
        if (running?.ready) return running;
        await wait(pollMs);
      }
      // It ended: another starter was faster (adopt that one), or a killed server's last children still hold its
      // shared memory for a moment (try again).
      if (await readRunning(data)) return await untilReady(data);
      if (performance.now() >= deadline) throw await startFailure(data);
      await wait(pollMs * 20);
      if (!(await stillHeld(data, child.pid ?? 0))) throw await startFailure(data);
    }
  } finally {
    await log.close();
  }
}

function argumentsOf(data: string, socketDirectory: string, options: PostgresOptions): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: '',
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: '0700',
    max_connections: options.maxConnections ?? 100,
    shared_buffers: '32MB',
    wal_level: 'minimal',
    max_wal_senders: 0,
    // The job queue leaves dead rows faster than the default minute: rounds of 10,000 jobs fell to a fifth of the rate.
    autovacuum_naptime: '1s',
    log_min_messages: 'warning',
    log_statement: 'none',
    timezone: 'UTC',
    jit: 'off',
    ...(options.durable === false
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : undefined),
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
}

/** Nothing of ours leaks into the server: no secrets of the cloud's environment. */
function environment(binaries: string): Record<string, string> {
  return { LD_LIBRARY_PATH: join(binaries, 'lib'), LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: 'UTC' };
}

async function untilReady(data: string): Promise<Running> {
  const deadline = performance.now() + startMaxMs;
  while (performance.now() < deadline) {
    const running = await readRunning(data);
    if (running?.ready) return running;
    if (!running) break;
    await wait(pollMs);
  }
  throw await startFailure(data);
}

async function stop(running: Running, data: string): Promise<void> {
  const ends = async (signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL') => {
    try {
      process.kill(running.pid, signal);
    } catch {
      return true;
    }
    const deadline = performance.now() + stopMaxMs;
    while (performance.now() < deadline) {
      if (!(await isPostgres(running.pid))) return true;
      await wait(pollMs);
    }
    return false;
  };
  if (await isPostgres(running.pid))
    (await ends('SIGINT')) || (await ends('SIGQUIT')) || (await ends('SIGKILL'));
  if (running.socketDirectory !== data) await rm(running.socketDirectory, { recursive: true, force: true });
}

async function createDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [databaseName]);
    if (found.rowCount === 0) await client.query(`create database ${databaseName}`);
  }).catch((error: unknown) => {
    // Another starter created it between the two queries.
    if (!(error instanceof pg.DatabaseError && (error.code === '42P04' || error.code === '23505')))
      throw error;
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function lastLines(data: string, saidBy = ''): Promise<string> {
  const text = await readFile(`${data}.log`, 'utf8').catch(() => '');
  const lines = text.trim().split('\n');
  return lines
    .filter((line) => line.includes(saidBy))
    .slice(-3)
    .join(' / ');
}

/**
 * What our own attempt said: another starter writes into the same log, and may be getting ready just now. One that said
 * nothing never came to run (a machine out of processes for a moment), and one that found the lock file empty came between
 * another's making it and writing into it.
 */
async function stillHeld(data: string, pid: number): Promise<boolean> {
  const said = await lastLines(data, `[${pid}]`);
  return said === '' || /shared memory block|is still in use|already exists|lock file .* is empty/.test(said);
}

async function startFailure(data: string): Promise<CloudError> {
  return new CloudError(
    'TENDER_POSTGRES_FAILED',
    `PostgreSQL did not start on ${data}: ${await lastLines(data)} (its log is ${data}.log).`,
  );
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0,
  );
}
