// The cloud as separate processes that are killed: worker in mid-index, PostgreSQL under a running API and worker, and an
// orderly stop. Nothing is mocked; waits are for conditions, with a bound.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../cloud/adapters/system-clock.ts';
import { openDiskBlobs } from '../../cloud/blobs/disk.ts';
import { openDatabase } from '../../cloud/db/database.ts';
import { createPostgresRegistry } from '../../cloud/db/postgres-registry.ts';
import { createPostgresStore } from '../../cloud/db/postgres-store.ts';
import { createDevices } from '../../cloud/decide/devices.ts';
import { createDocuments } from '../../cloud/decide/documents.ts';
import type { DeviceScope } from '../../cloud/ports.ts';
import { startPostgres } from '../../cloud/postgres/server.ts';
import { until } from './support/test-shore.ts';

const program = join(import.meta.dirname, '..', '..', 'cloud', 'cli', 'main.ts');
let folder: string;
const running: Cloud[] = [];

interface Cloud {
  readonly child: ChildProcess;
  readonly out: () => readonly Record<string, unknown>[];
  readonly log: () => string;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tender-processes-'));
  // PostgreSQL runs as another user when we are root.
  await chmod(folder, 0o755);
});
afterEach(async () => {
  for (const cloud of running.splice(0)) {
    if (cloud.child.exitCode === null && cloud.child.signalCode === null) {
      const gone = new Promise((resolve) => cloud.child.once('exit', resolve));
      cloud.child.kill('SIGTERM');
      await gone;
    }
  }
  const { stop } = await startPostgres({ dataDirectory: join(folder, 'data', 'postgres') });
  await stop();
  await rm(folder, { recursive: true, force: true });
});

const data = () => ['--data', join(folder, 'data')];

/** Runs an errand of the office to its end and answers its JSON line. */
function errand(...args: string[]): Record<string, string> {
  const done = spawnSync(process.execPath, [program, ...args, ...data(), '--json'], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout.trim()) as Record<string, string>;
}

function start(...args: string[]): Cloud {
  const child = spawn(
    process.execPath,
    [
      program,
      ...data(),
      '--json',
      '--listen',
      '127.0.0.1:0',
      '--set',
      'worker_sweep=500ms',
      '--set',
      'worker_poll=200ms',
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let log = '';
  child.stdout?.on('data', (part: Buffer) => {
    out += part.toString('utf8');
  });
  child.stderr?.on('data', (part: Buffer) => {
    log += part.toString('utf8');
  });
  const cloud = {
    child,
    out: () =>
      out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    log: () => log,
  };
  running.push(cloud);
  return cloud;
}

const ready = (cloud: Cloud) =>
  until('a ready line', () => {
    if (cloud.child.exitCode !== null) throw new Error(cloud.log());
    return cloud.out().find((line) => line.type === 'ready') as { url: string } | undefined;
  });

/** The database as a yacht's line uses it, beside the processes under test. */
async function openBeside() {
  const server = await startPostgres({ dataDirectory: join(folder, 'data', 'postgres') });
  const database = await openDatabase({ url: server.url() });
  const store = createPostgresStore(database);
  const registry = createPostgresRegistry(database);
  const blobs = await openDiskBlobs({ directory: join(folder, 'data', 'blobs'), random: systemRandom });
  const documents = createDocuments({ store, blobs });
  const devices = createDevices({ store, registry, clock: systemClock, random: systemRandom });
  return {
    server,
    store,
    async yacht(tenantId: string): Promise<DeviceScope> {
      const { secret } = await devices.issueCode(tenantId, 'Aurelia');
      const { deviceId } = await devices.enrol({ secret, publicKey: systemRandom.bytes(32) });
      const grant = await devices.beginSession(deviceId, {
        logId: 'a'.repeat(32),
        boot: 1,
        sessionId: 'b'.repeat(32),
      });
      if (!grant.granted) throw new Error(grant.code);
      return { tenantId, deviceId, epoch: grant.epoch };
    },
    async put(scope: DeviceScope, name: string, bytes: Buffer, n: number) {
      const uploadId = `01JD00000000000000000000${String(n).padStart(2, '0')}`;
      await documents.offer(scope, { uploadId, name, version: 1, priority: 5, modifiedMs: 0 });
      const chunks = [];
      for (let at = 0; at < bytes.length; at += 262_144)
        chunks.push({ index: chunks.length, bytes: new Uint8Array(bytes.subarray(at, at + 262_144)) });
      await documents.store(scope, uploadId, chunks, []);
      const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
      await documents.finish(scope, { uploadId, lengthBytes: bytes.length, sha256, chunks: chunks.length });
    },
    async close() {
      await database.close();
      await blobs.close();
    },
  };
}

const notices = (beside: Awaited<ReturnType<typeof openBeside>>, scope: DeviceScope, count: number) =>
  until(
    `${count} notices`,
    async () => {
      const found = await beside.store.noticesAfter(scope, 0, 50).catch(() => []);
      return found.length >= count && found;
    },
    20_000,
  );

describe('processes that are killed', () => {
  it('a worker killed in mid-index: another takes the document over at once, and it is told once', async () => {
    const tenant = errand('tenant', 'add', 'acme');
    const beside = await openBeside();
    const scope = await beside.yacht(tenant.tenantId!);
    const first = start('--only', 'worker', '--set', 'extract_text_max=256KB');
    await ready(first);
    // Text enough to keep a reader busy for a while.
    await beside.put(scope, 'long.html', Buffer.from('<p>deck log &amp; more</p>'.repeat(400_000)), 1);
    await until('a reader at work', () => childrenOf(first.child.pid!).length > 0);
    const orphans = childrenOf(first.child.pid!);
    first.child.kill('SIGKILL');
    const second = start('--only', 'worker', '--set', 'extract_text_max=256KB');
    await ready(second);
    const found = await notices(beside, scope, 1);
    expect(found).toMatchObject([{ sequence: 1, kind: 'indexed' }]);
    expect(second.log()).toContain('worker.unlocked');
    // The dead worker's reader has nobody to answer to and ends by itself.
    await until('the orphaned reader to end', () => orphans.every((pid) => !isAlive(pid)));
    expect(await beside.store.noticesAfter(scope, 0, 50)).toHaveLength(1);
    await beside.close();
  });

  it('PostgreSQL killed under API and worker: both heal, and what was stored is indexed', async () => {
    const tenant = errand('tenant', 'add', 'acme');
    const token = errand('token', 'add', '--tenant', 'acme').token!;
    const cloud = start();
    const { url } = await ready(cloud);
    const beside = await openBeside();
    const scope = await beside.yacht(tenant.tenantId!);
    await beside.put(scope, 'before.txt', Buffer.from('before the fall'), 1);
    await notices(beside, scope, 1);
    const ask = () => fetch(`${url}/v1/documents?q=fall`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);

    process.kill(beside.server.pid, 'SIGKILL');
    await until('the API to say that it is away', async () => {
      const answer = await ask();
      const body = (await answer.json()) as { code?: string; retry_after?: number };
      return answer.status === 503 && body.code === 'TENDER_STORE_UNAVAILABLE' && body.retry_after;
    });
    await until('the API to answer again', async () => (await ask()).status === 200);
    await until('storing to work again', () =>
      beside.put(scope, 'after.txt', Buffer.from('after the fall'), 2).then(
        () => true,
        () => false,
      ),
    );
    const found = await notices(beside, scope, 2);
    expect(found.map((notice) => notice.sequence)).toEqual([1, 2]);
    const hits = (await (await ask()).json()) as { hits: unknown[] };
    expect(hits.hits).toHaveLength(2);
    const health = await until('good health', async () => {
      const report = (await (await fetch(`${url}/v1/health`)).json()) as { state: string };
      return report.state === 'ok' && report;
    });
    expect(health.state).toBe('ok');
    expect(cloud.log()).not.toContain(token);
    await beside.close();
  });

  it('an orderly stop ends everything it started, says so, and keeps the key', async () => {
    errand('tenant', 'add', 'acme');
    const key = readFileSync(join(folder, 'data', 'cloud.key'), 'utf8');
    const cloud = start();
    await ready(cloud);
    const server = await startPostgres({ dataDirectory: join(folder, 'data', 'postgres') });
    // A second cloud on the same address fails, and takes nothing down with it.
    const { url } = cloud.out()[0] as { url: string };
    const second = start('--listen', new URL(url).host);
    await until('the second cloud to give up', () => second.child.exitCode !== null);
    expect(second.child.exitCode).toBe(69);
    expect(second.out()).toMatchObject([{ type: 'error', code: 'TENDER_ADDRESS_IN_USE' }]);
    expect(second.log()).not.toContain('worker.failed');
    expect(isAlive(server.pid)).toBe(true);
    cloud.child.kill('SIGTERM');
    const code = await new Promise((resolve) => cloud.child.once('exit', resolve));
    expect(code).toBe(0);
    expect(cloud.out().at(-1)).toEqual({ type: 'stopped', reason: 'SIGTERM' });
    expect(isAlive(server.pid)).toBe(false);
    expect(readFileSync(join(folder, 'data', 'cloud.key'), 'utf8')).toBe(key);
    expect(cloud.log()).not.toContain(key.trim());
  });
});

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
