// The door to PostgreSQL at run time: a pool that acts as one role, transactions that act for one tenant, and the
// driver's failures sorted into "ask again later" and "our mistake". Used by postgres-store, -registry and -library.
import pg from 'pg';
import { CloudError } from '../cloud-error.ts';
import { isUuid } from '../uuid.ts';
import { requireSchema } from './migrate.ts';

/** A question: `name` is its prepared statement (unique per text), rows have the type `Row`. */
export interface Question<Row> {
  readonly name: string;
  readonly sql: string;
  /** Never set: carries the row's type. */
  readonly row?: Row;
}

export function question<Row>(name: string, sql: string): Question<Row> {
  return { name, sql };
}

/** Asks within the running transaction. */
export type Ask = <Row>(question: Question<Row>, values: readonly unknown[]) => Promise<readonly Row[]>;

export interface Database {
  /**
   * One transaction that sees and writes this tenant's rows only. `work` may run again after a deadlock or a
   * serialization failure, so it must do nothing but ask. Commits when it resolves, rolls back when it rejects.
   */
  asTenant<T>(tenantId: string, work: (ask: Ask) => Promise<T>): Promise<T>;
  /** One question outside a tenant: the narrow functions only, every table is empty here. */
  ask: Ask;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connections held at most. Each is one server process. */
  readonly connectionsMax?: number;
  /** How long a caller waits for a free connection before it hears BUSY. */
  readonly acquireMaxMs?: number;
  /** A statement that runs longer is ended by the server. */
  readonly statementMaxMs?: number;
  /** Told about idle connections that broke; they are replaced by themselves. */
  readonly onBroken?: (error: Error) => void;
}

export const appRole = 'tender_app';
const attemptsMax = 3;

/**
 * Opens a pool as tender_app, whoever the url logs in as. Throws TENDER_SCHEMA_TOO_OLD or _TOO_NEW,
 * TENDER_DATABASE_ROLE_UNSAFE, TENDER_STORE_UNAVAILABLE.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax ?? 10,
    connectionTimeoutMillis: options.acquireMaxMs ?? 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementMaxMs ?? 30_000,
    // A process frozen in mid-transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: 30_000,
    application_name: 'tender',
    options: `-c role=${appRole}`,
    types: { getTypeParser },
  });
  pool.on('error', (error) => options.onBroken?.(error));
  try {
    await requireSafe(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    asTenant: (tenantId, work) => asTenant(pool, tenantId, work),
    ask: (asked, values) => withClient(pool, (client) => askWith(client)(asked, values)),
    close: () => pool.end(),
  };
}

async function requireSafe(pool: pg.Pool): Promise<void> {
  await withClient(pool, async (client) => {
    const found = await client.query<{ unsafe: boolean }>(
      'select rolsuper or rolbypassrls as unsafe from pg_roles where rolname = current_user',
    );
    if (found.rows[0]?.unsafe !== false) throw new CloudError('TENDER_DATABASE_ROLE_UNSAFE');
    await requireSchema(client);
  });
}

async function asTenant<T>(pool: pg.Pool, tenantId: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  // The id goes into the text of the first statement, which saves a round trip in every transaction.
  if (!isUuid(tenantId)) throw new CloudError('TENDER_NOT_FOUND');
  for (let attempt = 1; ; attempt += 1)
    try {
      return await withClient(pool, async (client) => {
        await client.query(`begin; select set_config('tender.tenant', '${tenantId}', true)`);
        try {
          const result = await work(askWith(client));
          await client.query('commit');
          return result;
        } catch (error) {
          if (!isConnectionLost(error)) await client.query('rollback');
          throw error;
        }
      });
    } catch (error) {
      if (!isConflict(error) || attempt === attemptsMax) throw error;
    }
}

/** Lends a client; one whose connection failed is thrown away, not lent again. */
async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (cause) {
    throw new CloudError('TENDER_STORE_UNAVAILABLE', undefined, { cause });
  }
  // A lent client tells of a broken connection twice: by the question under way, which is how we learn of it, and by
  // this event, which would end the process if nobody listened.
  client.on('error', ignore);
  const giveBack = (lost: boolean) => {
    client.off('error', ignore);
    client.release(lost);
  };
  try {
    const result = await work(client);
    giveBack(false);
    return result;
  } catch (error) {
    const lost = isConnectionLost(error);
    giveBack(lost);
    throw lost || isUnavailable(error)
      ? new CloudError('TENDER_STORE_UNAVAILABLE', undefined, { cause: error })
      : error;
  }
}

function ignore(): void {}

function askWith(client: pg.PoolClient): Ask {
  return async <Row>(asked: Question<Row>, values: readonly unknown[]) => {
    const found = await client.query({ name: asked.name, text: asked.sql, values: [...values] });
    return found.rows as readonly Row[];
  };
}

/** bigint (20) as a number: our counters, times and lengths stay far below 2^53. Everything else as the driver does. */
function getTypeParser(id: number, format?: 'text' | 'binary'): (text: never) => unknown {
  if (id === 20 && format !== 'binary') return Number;
  return (
    format === 'binary' ? pg.types.getTypeParser(id, 'binary') : pg.types.getTypeParser(id, 'text')
  ) as (text: never) => unknown;
}

/** Not an answer of the server but a broken line to it, or the server's last word before closing it. */
function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|57P)/.test(error.code ?? '');
  return error instanceof Error && !(error instanceof CloudError) && isFromConnection(error);
}

function isFromConnection(error: Error): boolean {
  return (
    /^Connection terminated|^Client (has encountered|was closed)|timeout exceeded|Query read timeout/.test(
      error.message,
    ) ||
    ('code' in error && /^E(CONN|PIPE|NOENT|TIMEDOUT|HOST|NET)/.test(String(error.code)))
  );
}

/** Classes 53 (resources), 57 (shut down, cancelled), 58 (its disk), 25006 (read-only): later, not never. */
function isUnavailable(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(53|57|58|25006)/.test(error.code ?? '');
}

function isConflict(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01');
}
