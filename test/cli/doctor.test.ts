// `tender doctor` on a running agent, a stopped one, none at all, and with broken settings: it always answers, names the fix,
// and gives no secret away.
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { nodeRandom } from '../../agent/adapters/node-random.ts';
import { linkCheck } from '../../agent/cli/doctor/ashore-checks.ts';
import { within } from '../../agent/cli/doctor/report.ts';
import { loadConfig } from '../../agent/config.ts';
import { writeDevice } from '../../agent/identity/device-file.ts';
import { mintKeyFile } from '../../agent/identity/device-key.ts';
import { type CliRun, type Yacht, yacht } from './aboard.ts';

interface Found {
  readonly name: string;
  readonly verdict: string;
  readonly message: string;
  readonly fix: string;
}

function found(run: CliRun): Record<string, Found> {
  const { checks } = run.json.at(-1) as unknown as { checks: Found[] };
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

it('a running agent that is not enrolled fails on exactly that', async () => {
  const aboard = await yacht('[folders.charters]\npath = "$HERE/scans"\n');
  await aboard.start();
  const run = await aboard.tender('doctor', '--json');
  const checks = found(run);
  expect(checks, run.out).toMatchObject({
    config: { verdict: 'ok' },
    state: { verdict: 'ok' },
    log: { verdict: 'ok', message: expect.stringContaining('chain') },
    spool: { verdict: 'ok' },
    folders: { verdict: 'ok', message: expect.stringContaining('rescan') },
    link: { verdict: 'skipped' },
    cloud: { verdict: 'failed', fix: expect.stringContaining('tender enrol') },
    versions: { verdict: 'ok' },
  });
  for (const { verdict, message, fix } of Object.values(checks)) {
    expect(message).toMatch(/\.$/);
    if (verdict === 'failed' || verdict === 'warning') expect(fix).not.toBe('');
  }
});

it('a stopped agent’s log is read whole, and what it needs is said', async () => {
  const aboard = await yacht();
  await aboard.start();
  await aboard.stop();
  const run = await aboard.tender('doctor', '--json');
  expect(run.code).toBe(1);
  expect(found(run)).toMatchObject({
    agent: { verdict: 'failed', fix: expect.stringContaining('Start it') },
    log: { verdict: 'ok', message: expect.stringContaining('closed in order') },
    page: { verdict: 'skipped' },
  });
});

it('without an agent that ever ran there is nothing to be sure of, and no crash', async () => {
  const aboard = await yacht();
  const run = await aboard.tender('doctor');
  expect(run.code).toBe(1);
  expect(run.out).toContain('✗ agent');
  expect(run.out).toMatch(/\d+ checks: \d+ ok/);
});

it('the agent’s own settings count, and that they are others is said', async () => {
  const aboard = await yacht();
  await aboard.start();
  await writeFile(join(aboard.directory, 'tender.toml'), `[api]\nsocket = "${aboard.socket}"\n`);
  const checks = found(await aboard.tender('doctor', '--json'));
  expect(checks.config).toMatchObject({
    verdict: 'warning',
    message: expect.stringContaining('state.directory'),
  });
  expect(checks.state).toMatchObject({ verdict: 'ok', message: expect.stringContaining(aboard.directory) });
});

it('broken settings are one finding among the others', async () => {
  const aboard = await yacht();
  await writeFile(join(aboard.directory, 'tender.toml'), '[link]\nprofil = "geo"\n');
  const run = await aboard.tender('doctor', '--json');
  expect(run.code).toBe(1);
  expect(found(run)).toMatchObject({
    config: { verdict: 'failed', message: expect.stringContaining('link.profile') },
    log: { verdict: 'skipped' },
    versions: { verdict: 'ok' },
  });
});

it('a state directory open to others is a warning with its chmod', async () => {
  const aboard = await yacht();
  await aboard.start();
  await chmod(join(aboard.directory, 'state'), 0o755);
  const { state } = found(await aboard.tender('doctor', '--json'));
  expect(state).toMatchObject({ verdict: 'warning', fix: expect.stringMatching(/^chmod 700 /) });
});

it('a folder that is gone fails, with what to do', async () => {
  const aboard = await yacht('[folders.nas]\npath = "$HERE/not-mounted"\n');
  const { folders } = found(await aboard.tender('doctor', '--json'));
  expect(folders).toMatchObject({ verdict: 'failed', message: expect.stringContaining('does not exist') });
});

it('a portal in the way is told from a cloud', async () => {
  const portal = createServer((_, response) => response.end('<html>Welcome to Port Wi-Fi</html>'));
  await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void portal.close());
  const { port } = portal.address() as AddressInfo;
  const aboard = await yacht();
  await enrolled(aboard, port);
  const checks = found(await aboard.tender('doctor', '--json'));
  expect(checks.link).toMatchObject({ verdict: 'ok' });
  expect(checks.clock).toMatchObject({ verdict: 'ok', message: expect.stringContaining('nobody signed') });
  expect(checks.cloud).toMatchObject({ verdict: 'failed', fix: expect.stringContaining('portal') });
});

it('a cloud that cannot be reached fails the link and says what to do', async () => {
  const aboard = await yacht('[cloud]\nurl = "http://127.0.0.1:1"\n');
  const checks = found(await aboard.tender('doctor', '--json'));
  expect(checks.link).toMatchObject({ verdict: 'failed', message: expect.stringContaining('ECONNREFUSED') });
});

it('what it finds travels in a bundle', async () => {
  const aboard = await yacht();
  await aboard.start();
  await aboard.tender('bundle', '-o', 'b.html');
  const { json } = await aboard.tender('inspect', '--verify', 'b.html', '--json');
  const { checks } = json.at(-1)!.doctor as { checks: Found[] };
  expect(checks.length).toBeGreaterThan(8);
  expect(JSON.stringify(checks)).not.toContain(aboard.directory);
});

it.skipIf(process.getuid?.() !== 0)('another user’s stopped log is left alone, also by root', async () => {
  const aboard = await yacht();
  await aboard.start();
  await aboard.stop();
  await chown(join(aboard.directory, 'state'), 12_345, 12_345);
  const { log } = found(await aboard.tender('doctor', '--json'));
  expect(log).toMatchObject({ verdict: 'skipped', message: expect.stringContaining('another user') });
  const run = await aboard.tender('bundle', '-o', 'b.html', '--json');
  expect(run.code).toBe(77);
  expect(run.json.at(-1)).toMatchObject({ ok: false, code: 'TENDER_NOT_PERMITTED' });
});

it('an enrolled device and a cloud that is well are said to be so, and no id or key is shown', async () => {
  const cloud = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/v1/health' ? { state: 'ok', components: {} } : {}));
  });
  await new Promise<void>((resolve) => cloud.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void cloud.close());
  const { port } = cloud.address() as AddressInfo;
  const aboard = await yacht();
  await aboard.start();
  await aboard.stop();
  const { record, keyFile } = await enrolled(aboard, port);
  const run = await aboard.tender('doctor', '--json');
  expect(found(run)).toMatchObject({
    link: { verdict: 'ok', message: expect.stringContaining('round trip') },
    cloud: { verdict: 'ok', message: expect.stringContaining('enrolled') },
    clock: { verdict: 'ok' },
  });
  const secrets = [record.deviceId, record.tenantId, Buffer.from(record.cloudKey).toString('base64')];
  for (const secret of [...secrets, ...Buffer.from(keyFile).toString().split(/\s+/)])
    if (secret.length > 7) expect(run.out).not.toContain(secret);
});

it('a cloud that takes the call and never answers is given up, not waited for', async () => {
  const cloud = createServer(() => {});
  await new Promise<void>((resolve) => cloud.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    cloud.closeAllConnections();
    cloud.close();
  });
  const { port } = cloud.address() as AddressInfo;
  const facts = {
    config: await loadConfig({ environment: {}, flags: { 'cloud.url': `http://127.0.0.1:${port}` } }),
    configProblem: undefined,
    status: undefined,
    statusProblem: undefined,
    settings: new Map<string, string>(),
    version: 'x',
    environment: {},
    signal: new AbortController().signal,
  };
  expect(await within({ ...linkCheck, limitMs: 200 }, facts)).toMatchObject({
    name: 'link',
    verdict: 'failed',
    message: 'There was no answer within 0.2 s.',
  });
});

/** As after `tender enrol`, without a cloud that would know of it. */
async function enrolled(aboard: Yacht, port: number) {
  const keyFile = mintKeyFile(nodeRandom());
  const record = {
    deviceId: '01J9DEV1CE0000000000000000',
    tenantId: 'tenant-of-mine',
    name: 'M/Y Example',
    cloudUrl: `http://127.0.0.1:${port}`,
    cloudKey: new Uint8Array(32).fill(9),
    keyFile: 'device-one.key',
    enrolledMs: 1,
  };
  const state = join(aboard.directory, 'state');
  await mkdir(state, { recursive: true, mode: 0o700 });
  await writeFile(join(state, 'device.json'), writeDevice(record), { mode: 0o600 });
  await writeFile(join(state, 'device-one.key'), keyFile, { mode: 0o600 });
  return { record, keyFile };
}
