import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { nodeRandom } from '../../../../agent/adapters/node-random.ts';
import { nodeScrypt } from '../../../../agent/adapters/node-scrypt.ts';
import { createLogin } from '../../../../agent/api/access/login.ts';
import { cost, createPasswords, type Scrypt } from '../../../../agent/api/access/passwords.ts';
import { socketWho } from '../../../../agent/api/access/roles.ts';
import { createSessions } from '../../../../agent/api/access/sessions.ts';
import { createThrottle } from '../../../../agent/api/access/throttle.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { memoryRows } from './support.ts';

/** Quick, and counts how many run at once. */
function quickScrypt() {
  const seen = { runs: 0, atOnce: 0, most: 0 };
  const scrypt: Scrypt = async (password, salt, { N }) => {
    seen.runs++;
    seen.most = Math.max(seen.most, ++seen.atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    seen.atOnce--;
    return new Uint8Array(createHash('sha256').update(`${password} ${N}`).update(salt).digest());
  };
  return { scrypt, seen };
}

async function opened(rows = memoryRows(), { scrypt, seen } = quickScrypt()) {
  const passwords = createPasswords({ rows, random: nodeRandom(), scrypt });
  await passwords.open();
  return { rows, passwords, seen };
}

describe('passwords', () => {
  test('tell the role, after a restart too', async () => {
    const { passwords, rows } = await opened();
    await passwords.change('crew', 'mooring lines');
    await passwords.change('viewer', 'lighthouse');
    const after = (await opened(rows)).passwords;
    expect([await after.roleOf('mooring lines'), await after.roleOf('lighthouse')]).toEqual([
      'crew',
      'viewer',
    ]);
    expect(await after.roleOf('mooring line')).toBeUndefined();
    expect(after.set()).toEqual(['viewer', 'crew']);
  });
  test('never stand on disk; parameters and salt do', async () => {
    const { passwords, rows } = await opened();
    await passwords.change('crew', 'mooring lines');
    const [text] = [...rows.kept.values()];
    expect(text).not.toContain('mooring');
    expect(JSON.parse(text!)).toMatchObject({ v: 1, scrypt: cost });
  });
  test('two of one word do not look alike', async () => {
    const { passwords, rows } = await opened();
    await passwords.change('crew', 'mooring lines');
    const first = rows.kept.get('ui/password/crew');
    await passwords.change('crew', 'mooring lines');
    expect(rows.kept.get('ui/password/crew')).not.toBe(first);
  });
  test.each(['', 'short', '1234567', 'x'.repeat(257)])('%j is refused', async (password) => {
    const { passwords, rows } = await opened();
    await expect(passwords.change('crew', password)).rejects.toMatchObject({
      code: 'TENDER_COMMAND_INVALID',
    });
    expect(rows.kept.size).toBe(0);
  });
  test('one word cannot open two roles', async () => {
    const { passwords } = await opened();
    await passwords.change('viewer', 'mooring lines');
    await expect(passwords.change('engineer', 'mooring lines')).rejects.toThrow('viewer');
    expect(passwords.set()).toEqual(['viewer']);
  });
  test('taking one away takes it away', async () => {
    const { passwords, rows } = await opened();
    await passwords.change('crew', 'mooring lines');
    await passwords.change('crew', null);
    expect([passwords.set(), rows.kept.size, await passwords.roleOf('mooring lines')]).toEqual([
      [],
      0,
      undefined,
    ]);
  });
  test('the same letters typed as one sign or as two are the same', async () => {
    const { passwords } = await opened();
    await passwords.change('crew', 'Zu\u0308rich am See');
    expect(await passwords.roleOf('Z\u00fcrich am See')).toBe('crew');
  });
  test('one is computed at a time, and who waits too long in line is sent away', async () => {
    const { passwords, seen } = await opened();
    await passwords.change('crew', 'mooring lines');
    const tries = Array.from({ length: 12 }, () => Promise.resolve().then(() => passwords.roleOf('guess')));
    const ends = await Promise.allSettled(tries);
    expect(seen.most).toBe(1);
    expect(ends.filter(({ status }) => status === 'fulfilled').length).toBe(8);
    expect(await passwords.roleOf('mooring lines')).toBe('crew');
  });
  test('every password is compared, whichever fits', async () => {
    const { passwords, seen } = await opened();
    await passwords.change('crew', 'mooring lines');
    await passwords.change('engineer', 'wrench and oil');
    for (const word of ['mooring lines', 'wrench and oil', 'neither']) {
      const before = seen.runs;
      await passwords.roleOf(word);
      expect(seen.runs - before).toBe(2);
    }
  });
  test('a row of another make opens nothing', async () => {
    const rows = memoryRows();
    rows.kept.set('ui/password/crew', '{"v":1,"scrypt":{"N":2},"salt":"","hash":""}');
    rows.kept.set('ui/password/owner', '{}');
    expect((await opened(rows)).passwords.set()).toEqual([]);
  });
  test('real scrypt, in a process of its own, agrees with itself and takes its salt', async () => {
    const { passwords, rows } = await opened(memoryRows(), { scrypt: nodeScrypt, seen: quickScrypt().seen });
    await passwords.change('crew', 'mooring lines');
    expect(await passwords.roleOf('mooring lines')).toBe('crew');
    expect(await passwords.roleOf('mooring line')).toBeUndefined();
    expect(Buffer.from(JSON.parse(rows.kept.get('ui/password/crew')!).hash, 'base64url').length).toBe(32);
  });
});

describe('logging in', () => {
  async function door() {
    const clock = new FakeClock();
    const { passwords, rows, seen } = await opened();
    await passwords.change('crew', 'mooring lines');
    const sessions = createSessions({ rows, clock, random: nodeRandom(), log: () => {}, lifeMs: 1e9 });
    const login = createLogin({ clock, passwords, sessions, throttle: createThrottle(clock), log: () => {} });
    const enter = (password: unknown, from = '10.0.0.7', more = {}) =>
      login(
        {
          ...{ method: 'POST', path: [], query: new URLSearchParams(), header: () => undefined },
          ...{ signal: new AbortController().signal, who: { ...socketWho, via: 'page' } },
          body: (async function* () {
            yield Buffer.from(JSON.stringify({ password, ...more }));
          })(),
        },
        from,
      ).then(
        ({ session }) => session.by,
        (error: { code: string }) => error.code,
      );
    return { clock, enter, seen };
  }

  test('gives a name for the log: the role, and what the device is called', async () => {
    const { enter } = await door();
    expect(await enter('mooring lines', '10.0.0.7', { label: 'bridge tablet' })).toBe('crew@bridge tablet');
    expect(await enter('mooring lines')).toBe('crew@10.0.0.7');
  });
  test.each(['', 'a\nb', '<b>', 'x'.repeat(41), 7])('a device is not called %j', async (label) => {
    const { enter } = await door();
    expect(await enter('mooring lines', '10.0.0.7', { label })).toBe('TENDER_COMMAND_INVALID');
  });
  test('a third wrong word costs a wait that doubles, in which not even the right one is looked at', async () => {
    const { enter, clock, seen } = await door();
    for (let index = 0; index < 3; index++) expect(await enter('wrong')).toBe('TENDER_NO_SESSION');
    const runs = seen.runs;
    expect(await enter('mooring lines')).toBe('TENDER_TOO_MANY_TRIES');
    await clock.advance(999);
    expect(await enter('mooring lines')).toBe('TENDER_TOO_MANY_TRIES');
    expect(seen.runs).toBe(runs);
    await clock.advance(1);
    expect(await enter('wrong')).toBe('TENDER_NO_SESSION');
    await clock.advance(1_999);
    expect(await enter('mooring lines')).toBe('TENDER_TOO_MANY_TRIES');
    await clock.advance(1);
    expect(await enter('mooring lines')).toBe('crew@10.0.0.7');
    expect(await enter('wrong')).toBe('TENDER_NO_SESSION');
  });
  test('tries side by side count like tries one after the other', async () => {
    const { enter } = await door();
    const ends = await Promise.all(Array.from({ length: 8 }, () => enter('wrong')));
    expect(ends.filter((end) => end === 'TENDER_NO_SESSION').length).toBeLessThanOrEqual(3);
  });
  test('a body that does not come is not waited for', async () => {
    const clock = new FakeClock();
    const { passwords, rows } = await opened();
    const sessions = createSessions({ rows, clock, random: nodeRandom(), log: () => {}, lifeMs: 1e9 });
    const login = createLogin({ clock, passwords, sessions, throttle: createThrottle(clock), log: () => {} });
    const entering = login(
      {
        ...{ method: 'POST', path: [], query: new URLSearchParams(), header: () => undefined },
        ...{ signal: new AbortController().signal, who: { ...socketWho, via: 'page' } },
        body: (async function* () {
          yield Buffer.from('{');
          await new Promise(() => {});
        })(),
      },
      '10.0.0.7',
    );
    const refused = expect(entering).rejects.toMatchObject({ code: 'TENDER_COMMAND_INVALID' });
    await clock.advance(10_000);
    await refused;
  });
});
