import { describe, expect, test } from 'vitest';
import { runCli } from '../../agent/cli/program.ts';
import { followLink } from '../support/page-client.ts';
import { type Yacht, yacht } from './aboard.ts';

async function ship(ui = 'listen = "127.0.0.1:0"'): Promise<Yacht> {
  const one = await yacht(`[ui]\n${ui}\n`);
  await one.start();
  return one;
}

/** At a terminal, where somebody types these words one after the other. */
async function typing(one: Yacht, words: readonly string[], ...args: string[]) {
  let out = '';
  let err = '';
  const asked: string[] = [];
  const code = await runCli([...args, '--socket', one.socket], {
    streams: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      terminal: true,
      columns: 120,
      async secrets(questions) {
        asked.push(...questions);
        return questions.map((_, index) => words[index] ?? '');
      },
    },
    environment: { USER: 'anna' },
    workingDirectory: one.directory,
    version: 'test',
    signal: new AbortController().signal,
  });
  return { code, out, err, asked };
}

describe('tender ui', () => {
  test('prints a link that opens the page as the one who asked', async () => {
    const one = await ship();
    const { code, out } = await one.tender('ui');
    expect([code, out]).toEqual([0, expect.stringContaining('Opens the page once, within 1 min')]);
    const page = await followLink(/^http:\S+/m.exec(out)![0]);
    expect((await page.get('v1/session')).json).toMatchObject({ role: 'engineer', by: 'engineer@anna' });
  });
  test('gives a lesser role away', async () => {
    const one = await ship();
    const [line] = (await one.tender('ui', '--role', 'viewer', '--json')).json;
    expect(line).toMatchObject({ type: 'result', ok: true, expiresMs: 60_000 });
    expect((await (await followLink(String(line!.url))).get('v1/session')).json?.role).toBe('viewer');
  });
  test('says why there is no page', async () => {
    const one = await ship('listen = "off"');
    const { code, err } = await one.tender('ui');
    expect([code, err]).toEqual([69, expect.stringContaining('ui.listen is "off"')]);
    expect((await one.tender('status')).out).toMatch(/PAGE +ui\.listen is "off"/);
  });
  test('status tells where the page is', async () => {
    const one = await ship();
    expect((await one.tender('status')).out).toContain(one.page!);
  });
});

describe('tender ui password', () => {
  test('asks twice, shows nothing, and takes two words that agree', async () => {
    const one = await ship();
    const wrong = await typing(one, ['mooring lines', 'mooring line'], 'ui', 'password', '--role', 'crew');
    expect([wrong.code, wrong.err]).toEqual([64, expect.stringContaining('not the same')]);
    const right = await typing(one, ['mooring lines', 'mooring lines'], 'ui', 'password', '--role', 'crew');
    expect([right.code, right.asked.length]).toEqual([0, 2]);
    expect(right.out + right.err).not.toContain('mooring');
    expect((await one.tender('ui', 'sessions')).out).toContain('Passwords: crew.');
    expect((await one.tender('ui', 'password', '--role', 'crew', '--remove')).out).toContain('no password');
    expect((await one.tender('ui', 'sessions')).out).toContain('Passwords: none.');
  });
  test('needs a role that exists and a word that is long enough', async () => {
    const one = await ship();
    expect((await typing(one, [], 'ui', 'password')).code).toBe(64);
    expect((await typing(one, [], 'ui', 'password', '--role', 'owner')).code).toBe(64);
    const short = await typing(one, ['1234567', '1234567'], 'ui', 'password', '--role', 'crew');
    expect([short.code, short.err]).toEqual([65, expect.stringContaining('at least 8')]);
  });
});

describe('tender ui sessions and revoke', () => {
  test('list who is logged in, and end one or all', async () => {
    const one = await ship();
    expect((await one.tender('ui', 'sessions')).out).toContain('Nobody is logged in.');
    const open = async () => followLink(String((await one.tender('ui', '--json')).json[0]!.url));
    const [first, second] = [await open(), await open()];
    const { sessions } = (await one.tender('ui', 'sessions', '--json')).json[0] as unknown as {
      sessions: { id: string }[];
    };
    expect(sessions.length).toBe(2);
    expect((await one.tender('ui', 'sessions')).out).toContain(sessions[0]!.id);
    expect((await one.tender('ui', 'revoke', sessions[0]!.id)).code).toBe(0);
    const alive = [await first.get('v1/session'), await second.get('v1/session')].map(({ status }) => status);
    expect(alive.sort()).toEqual([200, 401]);
    expect((await one.tender('ui', 'revoke', sessions[0]!.id)).code).toBe(64);
    expect((await one.tender('ui', 'revoke', 'all')).out).toContain('Sessions ended: 1.');
    expect((await one.tender('ui', 'revoke')).code).toBe(64);
    expect((await one.tender('ui', 'dance')).code).toBe(64);
  });
});
