// Off loopback everything is TLS. Here the cloud ends TLS itself with a certificate of a private authority, as a fleet
// office without a public name would; the agent must be told to trust it, and trusts nobody else.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noise } from './support/content.ts';
import { expectDelivered } from './support/delivered.ts';
import { type Program, runCommand, startProgram } from './support/program.ts';
import { commission } from './support/ship.ts';
import { openShore, type Shore } from './support/shore.ts';
import { until } from './support/until.ts';

const tls = join(import.meta.dirname, 'support', 'tls');
const certificate = join(tls, 'localhost.certificate.pem');
const key = join(tls, 'localhost.key.pem');

let shore: Shore;
let api: Program;
let url = '';
beforeAll(async () => {
  shore = await openShore();
  api = startProgram('cloud', [
    ...['--data', shore.data, '--only', 'api', '--listen', '127.0.0.1:0'],
    ...['--tls-certificate', certificate, '--tls-key', key],
  ]);
  const ready = await api.said('ready');
  url = String(ready.url).replace('127.0.0.1', 'localhost');
});
afterAll(async () => {
  if (api?.alive) await api.stop();
  await shore?.close();
});

describe('TLS', () => {
  test('a document goes through to "indexed" over TLS of a private authority that the agent was told to trust', async () => {
    expect(url).toMatch(/^https:/);
    const ship = await commission(shore, url, { settings: [`cloud.ca_file=${certificate}`] });
    await ship.start();
    await ship.put('chart.bin', noise('tls', 400_000));
    await expectDelivered(shore, ship, new Map([['scans/chart.bin', noise('tls', 400_000)]]));
  });

  test('an agent that was not told sees an interceptor, and sends it nothing', async () => {
    const ship = await commission(shore, url);
    await ship.start();
    await ship.put('secret.bin', noise('secret', 10_000));
    const { connection } = await until('the agent to name the interceptor', async () => {
      const status = await ship.status();
      return status.connection.state === 'intercepted' ? status : undefined;
    });
    expect(connection.lastError?.class).toBe('INTERCEPTED');
    expect(await shore.documents(ship.deviceId)).toEqual([]);
  });

  test('plain text off loopback is refused at the start, with what to do', async () => {
    const { exit, lines } = await runCommand('cloud', ['--data', shore.data, '--listen', '0.0.0.0:0']);
    expect(exit).toBe(78);
    expect(String(lines.at(-1)?.message)).toMatch(/TLS/);
  });
});
