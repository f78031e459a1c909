// A real shore for tests: its own migrated database, a blob store on disk in a folder of its own, API and worker as asked,
// and a way to put documents ashore without a line. Everything goes with `close`.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachLine } from '../../../cloud/adapters/line-upgrade.ts';
import { runSandboxed } from '../../../cloud/adapters/sandbox.ts';
import { systemClock, systemRandom } from '../../../cloud/adapters/system-clock.ts';
import { tokenHash } from '../../../cloud/api/policy.ts';
import { openDiskBlobs } from '../../../cloud/blobs/disk.ts';
import { mintCloudKey, readCloudKey } from '../../../cloud/cloud-key.ts';
import { type CloudConfig, readCloudConfig } from '../../../cloud/config.ts';
import { mintUlid } from '../../../cloud/contract/ids.ts';
import type { Name } from '../../../cloud/contract/name.ts';
import { openDatabase } from '../../../cloud/db/database.ts';
import { createPostgresLibrary } from '../../../cloud/db/postgres-library.ts';
import { createPostgresRegistry } from '../../../cloud/db/postgres-registry.ts';
import { createPostgresStore } from '../../../cloud/db/postgres-store.ts';
import { createPostgresWakes } from '../../../cloud/db/wakes.ts';
import { createDevices } from '../../../cloud/decide/devices.ts';
import { createDocuments } from '../../../cloud/decide/documents.ts';
import { openJobsPool } from '../../../cloud/jobs/pool.ts';
import type { CloudLog } from '../../../cloud/log.ts';
import type { BlobStore, CloudStore, DeviceScope } from '../../../cloud/ports.ts';
import type { TokenScope } from '../../../cloud/registry.ts';
import { type Shore, type ShorePorts, startShore } from '../../../cloud/shore.ts';
import { uuidFrom } from '../../../cloud/uuid.ts';
import { freshDatabase } from '../../support/postgres.ts';

export interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export type TestShore = Awaited<ReturnType<typeof openTestShore>>;

/** Settings as in the file, over ones that make waiting short. */
export function testConfig(settings: Readonly<Record<string, string>> = {}): CloudConfig {
  return readCloudConfig({
    environment: {},
    flags: {
      listen: '127.0.0.1:0',
      index_retry_delays: '50ms',
      index_second_try: '10ms',
      extract_wall_max: '10s',
      extract_cpu_max: '5s',
      extract_memory_max: '256MB',
      worker_poll: '200ms',
      worker_sweep: '500ms',
      ...settings,
    },
    dataDirectory: '/nowhere',
  });
}

export async function openTestShore(
  options: {
    readonly settings?: Readonly<Record<string, string>>;
    readonly worker?: boolean;
    readonly wrapBlobs?: (blobs: BlobStore) => BlobStore;
    readonly wrapStore?: (store: CloudStore) => CloudStore;
  } = {},
) {
  const fresh = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'tender-shore-'));
  const database = await openDatabase({ url: fresh.appUrl, connectionsMax: 6 });
  const disk = await openDiskBlobs({ directory: folder, random: systemRandom });
  const blobs = options.wrapBlobs?.(disk) ?? disk;
  const plainStore = createPostgresStore(database);
  const store = options.wrapStore?.(plainStore) ?? plainStore;
  const registry = createPostgresRegistry(database);
  const library = createPostgresLibrary(database);
  const wakes = createPostgresWakes({ url: fresh.appUrl, clock: systemClock });
  const config = testConfig(options.settings);
  const lines: Line[] = [];
  const keep =
    (level: Line['level']) =>
    (fields: Line['fields'], message: string): void =>
      void lines.push({ level, fields, message });
  const log: CloudLog = { info: keep('info'), warn: keep('warn'), error: keep('error') };
  const jobs = options.worker ? openJobsPool(fresh.jobsUrl, 2, log) : undefined;
  const key = readCloudKey(mintCloudKey(systemRandom))!;
  const ports: ShorePorts = {
    config,
    store,
    registry,
    library,
    wakes,
    blobs,
    blobsUsable: async () => {},
    jobs,
    key,
    clock: systemClock,
    random: systemRandom,
    log,
    rssBytes: () => process.memoryUsage.rss(),
    sandbox: runSandboxed,
    attachLine,
  };
  let shore: Shore = await startShore(ports);
  const documents = createDocuments({ store: plainStore, blobs: disk });
  const devices = createDevices({ store: plainStore, registry, clock: systemClock, random: systemRandom });

  /** A tenant with one device and a running session. */
  async function addYacht(name: string) {
    const tenant = await registry.addTenant(uuidFrom(systemRandom), name);
    const { secret } = await devices.issueCode(tenant.tenantId, `${name} I`);
    const device = await devices.enrol({ secret, publicKey: systemRandom.bytes(32) });
    const claim = { logId: 'a'.repeat(32), boot: 1, sessionId: 'b'.repeat(32) };
    const grant = await devices.beginSession(device.deviceId, claim);
    if (!grant.granted) throw new Error(grant.code);
    const scope: DeviceScope = { tenantId: tenant.tenantId, deviceId: device.deviceId, epoch: grant.epoch };
    return { tenantId: tenant.tenantId, deviceId: device.deviceId, scope };
  }

  async function addToken(tenantId: string, scopes: readonly TokenScope[], expiresMs: number | null = null) {
    const token = `tdr_${Buffer.from(systemRandom.bytes(32)).toString('base64url')}`;
    const tokenId = uuidFrom(systemRandom);
    await registry.addToken(tenantId, { tokenId, hash: tokenHash(token), name: 'test', scopes, expiresMs });
    return { token, tokenId };
  }

  /** Puts a document ashore as the line does: offer, chunks, finish. */
  async function put(scope: DeviceScope, name: Name, bytes: Buffer, version = 1, chunkBytes = 64 * 1024) {
    const uploadId = mintUlid(systemClock.wallMs(), systemRandom.bytes(10));
    await documents.offer(scope, { uploadId, name, version, priority: 5, modifiedMs: 1_700_000_000_000 });
    const chunks = [];
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      chunks.push({ index: chunks.length, bytes: new Uint8Array(bytes.subarray(at, at + chunkBytes)) });
    }
    await documents.store(scope, uploadId, chunks, []);
    const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
    const answer = await documents.finish(scope, {
      uploadId,
      lengthBytes: bytes.length,
      sha256,
      chunks: chunks.length,
    });
    if (!('receipt' in answer)) throw new Error(JSON.stringify(answer));
    return answer.receipt;
  }

  async function get(path: string, token?: string, headers: Record<string, string> = {}) {
    const response = await fetch(`${shore.url}${path}`, {
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
    });
    return response;
  }

  return {
    ...{ fresh, database, store: plainStore, registry, library, devices, documents, blobs: disk, key },
    ...{ shore, lines, url: shore.url ?? '', addYacht, addToken, put, get },
    /** After `shore.stop()`: the same rows and bytes, a new shore. */
    async restart() {
      shore = await startShore(ports);
    },
    async close() {
      await shore.stop();
      await jobs?.end();
      await wakes.close();
      await database.close();
      await disk.close();
      await fresh.drop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Polls until `look` answers something; fails after `maxMs` with what was hoped for. */
export async function until<T>(
  hope: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  maxMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + maxMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`not in ${maxMs} ms: ${hope}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
