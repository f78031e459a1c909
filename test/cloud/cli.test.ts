// The office's commands as it runs them: a process each, one JSON line, an exit code that tells what kind of thing happened.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEnrolmentCode } from '../../cloud/contract/enrolment-code.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts';

const program = join(import.meta.dirname, '..', '..', 'cloud', 'cli', 'main.ts');
let fresh: FreshDatabase;
let folder: string;

beforeAll(async () => {
  fresh = await freshDatabase({ migrated: false });
  folder = mkdtempSync(join(tmpdir(), 'tender-cli-'));
});
afterAll(async () => {
  await fresh.drop();
  rmSync(folder, { recursive: true });
});

function tender(args: readonly string[], environment: Record<string, string> = {}) {
  const done = spawnSync(process.execPath, [program, ...args, '--data', folder, '--json'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', DATABASE_URL: fresh.ownerUrl, ...environment },
  });
  const lines = done.stdout.split('\n').filter((line) => line !== '');
  return { code: done.status, lines: lines.map((line) => JSON.parse(line)), stderr: done.stderr };
}

describe('tender cloud', () => {
  it('from an empty database to an enrolment code, a token, and their end', () => {
    expect(tender(['tenant', 'add', 'acme']).lines).toMatchObject([{ type: 'tenant', name: 'acme' }]);

    const [enrolment] = tender([
      'yacht',
      'add',
      'Aurelia',
      '--tenant',
      'acme',
      '--set',
      'public_url=https://fleet.example',
    ]).lines;
    expect(parseEnrolmentCode(enrolment.code)).toBeDefined();
    expect(enrolment).toMatchObject({ url: 'https://fleet.example', name: 'Aurelia' });

    const [token] = tender(['token', 'add', '--tenant', 'acme', '--scopes', 'search', '--days', '30']).lines;
    expect(token).toMatchObject({
      token: expect.stringMatching(/^tdr_[A-Za-z0-9_-]{43}$/),
      scopes: ['search'],
    });
    expect(tender(['token', 'revoke', token.tokenId, '--tenant', 'acme']).code).toBe(0);
    const listed = tender(['token', 'ls', '--tenant', 'acme']);
    expect(listed.lines).toMatchObject([{ tokenId: token.tokenId, revoked: true }]);
    expect(JSON.stringify(listed)).not.toContain(token.token);
    expect(statSync(join(folder, 'cloud.key')).mode & 0o777).toBe(0o600);
  });

  it.each<[string, readonly string[], Record<string, string>, number, string]>([
    ['a tenant nobody knows', ['yacht', 'ls', '--tenant', 'nobody'], {}, 65, 'TENDER_NOT_FOUND'],
    ['plain text for everybody', ['--listen', '0.0.0.0:0'], {}, 78, 'TENDER_CLOUD_CONFIG_INVALID'],
    [
      'a database that is away',
      ['migrate'],
      { DATABASE_URL: 'postgres://127.0.0.1:1/x' },
      69,
      'TENDER_STORE_UNAVAILABLE',
    ],
  ])('%s: one sentence, no stack, its own exit code', (_name, args, environment, code, problem) => {
    const done = tender(args, environment);
    expect(done.code).toBe(code);
    expect(done.lines.at(-1)).toMatchObject({ type: 'error', code: problem });
    expect(done.stderr).not.toMatch(/^ {4}at /m);
  });

  it('an unknown option is a usage error', () => {
    expect(tender(['tenant', 'add', 'x', '--colour', 'red'])).toMatchObject({ code: 64, lines: [] });
  });
});
