// The cloud of a test file: API and worker as processes of their own over an embedded PostgreSQL, and the office's desk
// beside them. A killed half comes back on the same address, as under systemd.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { openCloudKey } from '../../../cloud/adapters/key-file.ts';
import { systemClock, systemRandom } from '../../../cloud/adapters/system-clock.ts';
import { tokenHash } from '../../../cloud/api/policy.ts';
import { formatEnrolmentCode } from '../../../cloud/contract/enrolment-code.ts';
import { fingerprint } from '../../../cloud/contract/keys.ts';
import { openDatabase } from '../../../cloud/db/database.ts';
import { createPostgresRegistry } from '../../../cloud/db/postgres-registry.ts';
import { createPostgresStore } from '../../../cloud/db/postgres-store.ts';
import { createDevices, type Devices } from '../../../cloud/decide/devices.ts';
import { reachableTemporaryDirectory } from '../../../cloud/postgres/binaries.ts';
import { startPostgres, stopPostgres } from '../../../cloud/postgres/server.ts';
import type { Registry } from '../../../cloud/registry.ts';
import { uuidFrom } from '../../../cloud/uuid.ts';
import { type Program, startProgram } from './program.ts';

/** Quick where production is patient; everything else as it is by default. */
const settings = [
  'worker_sweep=500ms',
  'worker_poll=200ms',
  'index_retry_delays=1s,1s,1s,1s,1s,1s',
  'enrolments_per_minute_address=1000000',
  'requests_per_minute_address=1000000',
  'requests_per_minute_token=1000000',
  'connects_per_minute_device=1000000',
  'log_level=info',
];

export interface VersionAshore {
  readonly version: number;
  readonly upload_id: string;
  readonly length_bytes: number;
  readonly sha256: string;
  readonly index: { readonly state: string; readonly passages: number; readonly attempt: number };
}

export interface DocumentAshore {
  readonly document_id: string;
  readonly device_id: string;
  readonly display_name: string;
}

export interface Shore {
  readonly folder: string;
  readonly data: string;
  readonly url: string;
  readonly port: number;
  /** The halves that run now. */
  readonly running: { readonly api?: Program; readonly worker?: Program };
  start(half: 'api' | 'worker', ...more: string[]): Promise<Program>;
  /** A code for a new yacht; `agoMs`: issued that long ago. */
  enrolmentCode(yacht: string, agoMs?: number): Promise<string>;
  /** A whole code of this cloud that was never issued. */
  unknownCode(): string;
  /** GET with the office's token. */
  get<T>(path: string): Promise<T>;
  /** All documents of one device. */
  documents(deviceId: string): Promise<readonly DocumentAshore[]>;
  versions(documentId: string): Promise<readonly VersionAshore[]>;
  /** SHA-256 of the bytes as the office would download them. */
  hash(documentId: string, version: number): Promise<string>;
  /** Notices ever written for a device; their numbers have no gaps. */
  noticesEver(deviceId: string): Promise<number>;
  /** How many sessions a device was ever granted. */
  epoch(deviceId: string): Promise<number>;
  postgresPid(): Promise<number>;
  close(): Promise<void>;
}

/** Starts API and worker; `blobs`: a directory for stored bytes other than the one in the data directory. */
export async function openShore(options: { readonly blobs?: string } = {}): Promise<Shore> {
  const folder = await reachableTemporaryDirectory('tender-end-to-end-');
  const data = join(folder, 'cloud');
  const postgres = { dataDirectory: join(data, 'postgres') };
  const running: { api?: Program; worker?: Program } = {};
  const all: Program[] = [];
  let port = 0;
  let tenantId = '';
  const token = `tdr_${Buffer.from(systemRandom.bytes(32)).toString('base64url')}`;

  async function start(half: 'api' | 'worker', ...more: string[]): Promise<Program> {
    const given = [...settings, ...(options.blobs ? [`blob_directory=${options.blobs}`] : []), ...more];
    const program = startProgram('cloud', [
      ...['--data', data, '--only', half, '--listen', `127.0.0.1:${port}`],
      ...given.flatMap((setting) => ['--set', setting]),
    ]);
    all.push(program);
    running[half] = program;
    const { url } = await program.said('ready');
    if (half === 'api') port = Number(new URL(String(url)).port);
    return program;
  }

  /** The rows, as the owner of the database sees them. */
  async function ask<Row extends pg.QueryResultRow>(
    sql: string,
    values: unknown[],
  ): Promise<Row | undefined> {
    const server = await startPostgres(postgres);
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows[0];
    } finally {
      await client.end();
    }
  }

  async function atDesk<T>(work: (desk: Desk) => Promise<T>, agoMs = 0): Promise<T> {
    const server = await startPostgres(postgres);
    const database = await openDatabase({ url: server.url(), connectionsMax: 1 });
    try {
      const clock = { ...systemClock, wallMs: () => systemClock.wallMs() - agoMs };
      const registry = createPostgresRegistry(database);
      const store = createPostgresStore(database);
      const devices = createDevices({ store, registry, clock, random: systemRandom });
      return await work({ registry, devices });
    } finally {
      await database.close();
    }
  }

  async function fetchOffice(path: string): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (response.status !== 200)
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response;
  }
  const get = async <T>(path: string): Promise<T> => (await (await fetchOffice(path)).json()) as T;

  function codeOf(secret: Uint8Array): string {
    const key = openCloudKey(join(data, 'cloud.key'), systemRandom);
    return formatEnrolmentCode({ secret, cloudFingerprint: fingerprint(key.publicKey) });
  }

  async function close(): Promise<void> {
    await Promise.all(all.filter((program) => program.alive).map((program) => program.stop()));
    await stopPostgres(postgres.dataDirectory);
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await start('api');
    const worker = start('worker');
    await atDesk(async ({ registry }) => {
      ({ tenantId } = await registry.addTenant(uuidFrom(systemRandom), 'fleet'));
      await registry.addToken(tenantId, {
        tokenId: uuidFrom(systemRandom),
        hash: tokenHash(token),
        name: 'office',
        scopes: ['search', 'content', 'admin'],
        expiresMs: null,
      });
    });
    await worker;
  } catch (error) {
    await close();
    throw error;
  }

  return {
    folder,
    data,
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    running: running as Shore['running'],
    start,
    enrolmentCode: (yacht, agoMs = 0) =>
      atDesk(async ({ devices }) => codeOf((await devices.issueCode(tenantId, yacht)).secret), agoMs),
    unknownCode: () => codeOf(systemRandom.bytes(16)),
    get,
    async documents(deviceId) {
      const found: DocumentAshore[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page: { documents: DocumentAshore[]; next: string | null } = await get(
          `/v1/documents?limit=100${after}`,
        );
        found.push(...page.documents);
        cursor = page.next;
      }
      return found.filter((document) => document.device_id === deviceId);
    },
    versions: async (documentId) =>
      (await get<{ versions: VersionAshore[] }>(`/v1/documents/${documentId}`)).versions,
    async hash(documentId, version) {
      const response = await fetchOffice(`/v1/documents/${documentId}/content?version=${version}`);
      const hash = createHash('sha256');
      for await (const piece of response.body!) hash.update(piece);
      return hash.digest('hex');
    },
    noticesEver: async (deviceId) =>
      Number(
        (
          await ask<{ last: string }>('select last from tender.notice_counter where device_id = $1', [
            deviceId,
          ])
        )?.last,
      ),
    epoch: async (deviceId) =>
      Number(
        (await ask<{ epoch: string }>('select epoch from tender.device where device_id = $1', [deviceId]))
          ?.epoch,
      ),
    postgresPid: async () => (await startPostgres(postgres)).pid,
    close,
  };
}

interface Desk {
  readonly registry: Registry;
  readonly devices: Devices;
}
