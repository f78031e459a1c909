import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isUlid } from '../../cloud/contract/ids.ts';
import { type CliRun, yacht } from './aboard.ts';

const last = (run: CliRun) =>
  run.json.at(-1) as Record<string, unknown> & { items: Record<string, unknown>[] };

async function withDocuments(...names: string[]) {
  const ship = await yacht();
  await ship.start();
  const ids: string[] = [];
  for (const name of names) {
    await ship.file(name, `content of ${name}`);
    const run = await ship.tender('add', name, '--json');
    ids.push(String(last(run).items[0]?.id));
  }
  return { ship, ids };
}

describe('tender add', () => {
  test('queues a file and says so only when it is in the log and in the spool', async () => {
    const ship = await yacht();
    await ship.start();
    await ship.file('report.pdf', 'text');
    const run = await ship.tender('add', 'report.pdf', '--priority', '2', '--json');
    expect(run.code).toBe(0);
    const [item] = last(run).items;
    expect(item).toMatchObject({
      name: 'added/report.pdf',
      state: 'sending',
      priority: 2,
      sizeBytes: 4,
      glance: 'uploading',
    });
    expect(isUlid(String(item?.id))).toBe(true);
    expect(await readFile(join(ship.directory, 'state', 'spool', `${item?.id}.bytes`), 'utf8')).toBe('text');
    const log = await ship.tender('log', '--actor', `upload/${item?.id}`, '--json');
    expect(log.json[0]).toMatchObject({
      type: 'record',
      actor: `upload/${item?.id}`,
      n: 1,
      state: 'sending',
    });
  });

  test('several files, one of them missing: the others go, and the exit code tells', async () => {
    const ship = await yacht();
    await ship.start();
    await ship.file('a.txt', 'a');
    await ship.file('c.txt', 'c');
    const run = await ship.tender('add', 'a.txt', 'b.txt', 'c.txt');
    expect(run.code).toBe(66);
    expect(run.out.match(/^queued/gm)).toHaveLength(2);
    expect(run.err).toContain('b.txt cannot be added: there is no such file. (TENDER_FILE_UNREADABLE)');
  });

  test('a folder and a name that is no file are refused with what to do instead', async () => {
    const ship = await yacht();
    await ship.start();
    await mkdir(join(ship.directory, 'folder'));
    const run = await ship.tender('add', 'folder', '--json');
    expect(run.code).toBe(66);
    expect(run.json[0]).toMatchObject({ type: 'refused', code: 'TENDER_FILE_UNREADABLE' });
    expect(String(run.json[0]?.message)).toContain('watch it in the configuration instead');
  });

  test('the same name again is the next version', async () => {
    const { ship } = await withDocuments('a.txt');
    await ship.file('a.txt', 'new content');
    expect(last(await ship.tender('add', 'a.txt', '--json')).items[0]).toMatchObject({ version: 2 });
  });

  test('an empty file is a document, too', async () => {
    const ship = await yacht();
    await ship.start();
    await ship.file('empty', '');
    expect(last(await ship.tender('add', 'empty', '--json')).items[0]).toMatchObject({ sizeBytes: 0 });
  });

  test('names are bytes: what no terminal may see is kept exactly and shown harmless', async () => {
    const ship = await yacht();
    await ship.start();
    const names = [
      Buffer.from('new\nline'),
      Buffer.from('\u001b[2Jclear'),
      Buffer.from([0x66, 0xff, 0xfe]),
      Buffer.from('e\u0301'),
      Buffer.from('é'),
    ];
    for (const name of names) await ship.file(name, 'x');
    // Names that are not UTF-8 cannot stand on a command line of Node; the API takes them.
    for (const name of names.filter((one) => one.toString().includes('\ufffd') === false))
      expect((await ship.tender('add', name.toString())).code).toBe(0);
    const human = await ship.tender('ls');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(human.out.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f]/);
    expect(human.out).toContain('added/new\ufffdline');
    const kept = last(await ship.tender('ls', '--json')).items.map((item) => item.nameBytes);
    expect(kept.sort()).toEqual(
      ['added/\u001b[2Jclear', 'added/e\u0301', 'added/new\nline', 'added/é'].sort(),
    );
  });

  test('a path is meant from where the person stands, also under npm run', async () => {
    const ship = await yacht();
    await ship.start();
    await ship.file('scans/here.txt', 'x');
    const environment = { npm_lifecycle_event: 'tender', INIT_CWD: join(ship.directory, 'scans') };
    expect((await ship.tenderIn({ environment }, 'add', 'here.txt')).code).toBe(0);
    expect(
      (await ship.tenderIn({ environment: { INIT_CWD: '/nowhere' } }, 'add', 'scans/here.txt')).code,
    ).toBe(0);
  });

  test('beyond the limit of the spool it is refused, nothing is left behind, and a smaller one still goes', async () => {
    const ship = await yacht('[spool]\nmax = "1MB"');
    await ship.start();
    await ship.file('large', new Uint8Array(1_000_001));
    await ship.file('small', 'x');
    const run = await ship.tender('add', 'large');
    expect([run.code, run.err.includes('TENDER_SPOOL_FULL')]).toEqual([75, true]);
    expect((await ship.tender('add', 'small')).code).toBe(0);
    expect(last(await ship.tender('ls', '--json')).items).toHaveLength(1);
  });

  test('a disk without room refuses, says so in status, and the log goes on', async () => {
    const ship = await yacht('[spool]\nfree_min = "1TB"');
    await ship.start();
    await ship.file('a', 'x');
    const run = await ship.tender('add', 'a');
    expect([run.code, run.err.includes('TENDER_DISK_FULL')]).toEqual([75, true]);
    const status = last(await ship.tender('status', '--json'));
    expect(status).toMatchObject({
      queue: { accepting: false },
      log: { writing: 'open' },
      degradation: 'critical',
    });
  });
});

describe('tender ls, show, why', () => {
  test('ls lists what is on its way first, by priority, then age; ended ones newest first', async () => {
    const { ship, ids } = await withDocuments('a', 'b', 'c', 'd');
    await ship.tender('prioritise', ids[2]!, '1');
    await ship.tender('cancel', ids[0]!, ids[1]!);
    const listed = last(await ship.tender('ls', '--json')).items.map((item) => item.id);
    expect(listed).toEqual([ids[2], ids[3], ids[1], ids[0]]);
    expect(
      last(await ship.tender('ls', '--state', 'cancelled', '--json')).items.map((item) => item.id),
    ).toEqual([ids[1], ids[0]]);
    const human = (await ship.tender('ls')).out.split('\n');
    expect(human[0]).toMatch(/^ID +NAME +SIZE +DONE +LEFT +PRIO +STATE +WHY$/);
    expect(human[1]).toMatch(
      new RegExp(`^${ids[2]!.slice(-6)}  added/c .* sending +There is no|^${ids[2]!.slice(-6)}  added/c`),
    );
  });

  test('an empty ship says what to do; under --json it is an empty list', async () => {
    const ship = await yacht();
    await ship.start();
    expect((await ship.tender('ls')).out).toContain('tender add FILE');
    expect((await ship.tender('ls', '--json')).json).toMatchObject([
      { type: 'result', ok: true, items: [], more: false, next: null },
    ]);
  });

  test('a list longer than its limit says so', async () => {
    const { ship, ids } = await withDocuments('a', 'b', 'c');
    const answer = last(await ship.tender('ls', '--limit', '2', '--json'));
    expect([answer.items.map((item) => item.id), answer.more]).toEqual([ids.slice(0, 2), true]);
  });

  test('a mistyped state is refused, not answered with nothing', async () => {
    const ship = await yacht();
    await ship.start();
    const run = await ship.tender('ls', '--state', 'sendign', '--json');
    expect(run.code).toBe(65);
    expect(run.json).toEqual([expect.objectContaining({ ok: false, code: 'TENDER_COMMAND_INVALID' })]);
  });

  test('show tells everything and the history; why tells one sentence and what to do', async () => {
    const { ship, ids } = await withDocuments('a.txt');
    await ship.tender('pause', ids[0]!, '--for', '2h');
    const shown = last(await ship.tender('show', ids[0]!, '--json'));
    expect(shown.upload).toMatchObject({ id: ids[0], state: 'paused', name: 'added/a.txt' });
    expect((shown.history as Record<string, unknown>[]).map((record) => record.state)).toEqual([
      'sending',
      'paused',
    ]);
    expect((await ship.tender('show', ids[0]!)).out).toMatch(/^state +paused \(pending\)$/m);
    const human = (await ship.tender('why', ids[0]!)).out;
    expect(human).toMatch(/^added\/a\.txt: Paused by anna\.\nuntil {3}\d{4}-/);
    const why = last(await ship.tender('why', ids[0]!, '--json'));
    expect(why).toMatchObject({
      sentence: 'Paused by anna.',
      todo: expect.stringContaining('resume it'),
      state: 'paused',
    });
  });

  test.each(['beginning', 'end', 'small letters', 'upload/ in front'])(
    'an id may be given by its %s',
    async (how) => {
      const { ship, ids } = await withDocuments('a');
      const id = ids[0]!;
      const text = {
        beginning: id.slice(0, 12),
        end: id.slice(-4),
        'small letters': id.toLowerCase(),
        'upload/ in front': `upload/${id}`,
      }[how]!;
      expect(last(await ship.tender('show', text, '--json')).upload).toMatchObject({ id });
    },
  );

  test('an id of several, of none, or too short is refused, each with its own code', async () => {
    const { ship, ids } = await withDocuments('a', 'b');
    const run = async (id: string) => {
      const { code, json } = await ship.tender('why', id, '--json');
      return [code, json[0]?.code];
    };
    expect(await run(ids[0]!.slice(0, 6))).toEqual([64, 'TENDER_UPLOAD_AMBIGUOUS']);
    expect(await run('ZZZZZZ')).toEqual([66, 'TENDER_NO_SUCH_UPLOAD']);
    expect(await run('01A')).toEqual([66, 'TENDER_NO_SUCH_UPLOAD']);
    expect(await run('../../etc')).toEqual([66, 'TENDER_NO_SUCH_UPLOAD']);
  });
});

describe('commands to documents', () => {
  test('pause, resume, prioritise, cancel: each is in the log with who asked', async () => {
    const { ship, ids } = await withDocuments('a');
    const id = ids[0]!;
    for (const args of [
      ['pause', id],
      ['resume', id],
      ['prioritise', id, '9'],
      ['cancel', id],
    ])
      expect((await ship.tender(...(args as string[]))).code).toBe(0);
    const log = await ship.tender('log', '--actor', id, '--json');
    const said = log.json
      .filter((line) => line.type === 'record')
      .map((line) => line.event as Record<string, unknown>);
    expect(said.slice(1, 5).map(({ type, by }) => [type, by])).toEqual([
      ['pause', 'anna'],
      ['resume', 'anna'],
      ['prioritise', 'anna'],
      ['cancel', 'anna'],
    ]);
  });

  test('asked for twice is not an error; what a state does not allow is, with the reason', async () => {
    const { ship, ids } = await withDocuments('a');
    const id = ids[0]!;
    expect((await ship.tender('pause', id)).code).toBe(0);
    expect((await ship.tender('pause', id)).code).toBe(0);
    await ship.tender('cancel', id);
    expect((await ship.tender('cancel', id)).code).toBe(0);
    const run = await ship.tender('retry', id);
    expect([run.code, run.err]).toEqual([65, expect.stringContaining('Cancelled by ')]);
  });

  test('what one person paused another resumes only by name', async () => {
    const { ship, ids } = await withDocuments('a');
    await ship.tenderIn({ environment: { USER: 'ben' } }, 'pause', ids[0]!);
    const run = await ship.tender('resume', ids[0]!);
    expect([run.code, run.err]).toEqual([65, expect.stringContaining('resume it with --as ben')]);
    expect((await ship.tender('resume', ids[0]!, '--as', 'ben')).code).toBe(0);
  });

  test('--all reaches every document that is not at its end', async () => {
    const { ship, ids } = await withDocuments('a', 'b', 'c');
    await ship.tender('cancel', ids[0]!);
    expect(last(await ship.tender('pause', '--all', '--json'))).toMatchObject({ accepted: 2, refused: 0 });
    const states = last(await ship.tender('status', '--json')).queue;
    expect(states).toMatchObject({ states: { paused: 2, cancelled: 1 } });
    expect((await ship.tender('resume', '--all')).out).toContain('2 documents: resume accepted.');
  });

  test.each([
    [['pause']],
    [['pause', 'x', '--all']],
    [['prioritise', 'x', '11']],
    [['pause', 'x', '--for', '2']],
    [['wait', '--max', 'soon']],
  ])('%j is a usage error', async (args) => {
    const ship = await yacht();
    await ship.start();
    expect((await ship.tender(...args)).code).toBe(64);
  });

  test('a cancelled document leaves the spool', async () => {
    const { ship, ids } = await withDocuments('a');
    const spooled = join(ship.directory, 'state', 'spool', `${ids[0]}.bytes`);
    await stat(spooled);
    await ship.tender('cancel', ids[0]!);
    await expect
      .poll(() =>
        stat(spooled).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone');
  });
});

describe('tender wait', () => {
  test('with nothing on its way it returns at once', async () => {
    const ship = await yacht();
    await ship.start();
    expect(await ship.tender('wait')).toMatchObject({ code: 0, out: 'Nothing is on its way.\n' });
  });

  test('gives up after --max with 75; the agent goes on', async () => {
    const { ship } = await withDocuments('a');
    const run = await ship.tender('wait', '--max', '50ms', '--json');
    expect([run.code, run.json.at(-1)?.code]).toEqual([75, 'TENDER_WAIT_ENDED']);
    expect(run.json[0]).toMatchObject({ type: 'progress', state: 'sending', bytes: 0 });
  });

  test('a document that was given up ends the wait and the exit code says so', async () => {
    const { ship, ids } = await withDocuments('a');
    const waiting = ship.tender('wait', ids[0]!, '--json');
    await ship.tender('cancel', ids[0]!);
    const run = await waiting;
    expect([run.code, last(run).ok]).toEqual([65, false]);
  });

  test('bars on a terminal, none in a pipe', async () => {
    const { ship } = await withDocuments('a');
    const piped = await ship.tender('wait', '--max', '50ms');
    expect(piped.err).not.toContain('░');
    const seen = await ship.tenderIn({ terminal: true }, 'wait', '--max', '50ms');
    expect(seen.err).toContain('░');
    expect(seen.out).not.toContain('░');
  });

  test('Ctrl-C ends it with 130', async () => {
    const { ship } = await withDocuments('a');
    const pressed = new AbortController();
    const waiting = ship.tenderIn({ signal: pressed.signal }, 'wait');
    setImmediate(() => pressed.abort(new Error('Ctrl-C')));
    expect((await waiting).code).toBe(130);
  });
});

describe('tender status, link, log, config', () => {
  test('status has the seed words beside ours, and tells an unenrolled device what to do', async () => {
    const ship = await yacht();
    await ship.start();
    const status = last(await ship.tender('status', '--json'));
    expect(status).toMatchObject({
      device: { enrolled: false },
      log: { writing: 'open', boot: 1 },
      queue: { states: {}, accepting: true },
      breakers: [{ actor: 'breaker/line', state: 'closed' }],
    });
    expect(['disconnected', 'connecting', 'error']).toContain(
      (status.connection as Record<string, unknown>).name,
    );
    expect((await ship.tender('status')).out).toContain('tender enrol URL CODE');
  });

  test('a stopped link stays stopped over a restart', async () => {
    const ship = await yacht();
    await ship.start();
    expect((await ship.tender('link', 'stop')).out).toMatch(/^stopped \(stopped\)/);
    await ship.stop();
    await ship.start();
    expect(last(await ship.tender('status', '--json')).connection).toMatchObject({ state: 'stopped' });
    expect((await ship.tender('link', 'start')).code).toBe(0);
    expect((await ship.tender('link', 'sideways')).code).toBe(64);
    expect((await ship.tender('link', 'rate', '500kbit')).out).toMatch(/^at most 500 kbit\/s .*set by hand/);
    expect((await ship.tender('status')).out).toMatch(/RATE +at most 500 kbit/);
    expect((await ship.tender('link', 'rate', 'fast')).code).not.toBe(0);
    expect((await ship.tender('link', 'rate', 'auto')).out).toMatch(/^no ceiling/);
  });

  test('log tells the last records, each once, in order', async () => {
    const { ship } = await withDocuments('a', 'b');
    const all = await ship.tender('log', '--json');
    const numbers = all.json.filter((line) => line.type === 'record').map((line) => Number(line.seq));
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    const tail = await ship.tender('log', '--limit', '2', '--json');
    expect(tail.json.filter((line) => line.type === 'record').map((line) => line.seq)).toEqual(
      numbers.slice(-2),
    );
    expect((await ship.tender('log')).out).toMatch(/^#1 {2}\S+Z {2}\S+ {2}\S+ {2}→ /);
  });

  test('log --follow survives a restart of the agent and tells every record once', async () => {
    const { ship, ids } = await withDocuments('a');
    const enough = new AbortController();
    let told = '';
    const seen = (out: string) => {
      told = out;
    };
    const following = ship.tenderIn(
      { signal: enough.signal, seen },
      'log',
      '--follow',
      '--actor',
      ids[0]!,
      '--json',
    );
    await ship.tender('pause', ids[0]!);
    await ship.stop();
    await ship.start();
    await ship.tender('resume', ids[0]!);
    await ship.tender('cancel', ids[0]!);
    await expect.poll(() => told, { timeout: 5_000 }).toContain('source.released');
    enough.abort(new Error('enough'));
    const run = await following;
    expect(run.code).toBe(0);
    expect(run.json.map((line) => (line.event as { type: string }).type)).toEqual([
      'actor.created',
      'pause',
      'resume',
      'cancel',
      'source.released',
    ]);
  });

  test('config show needs no agent, and tells where each value came from', async () => {
    const ship = await yacht('[link]\nprofile = "satellite"');
    const run = await ship.tender('config', 'show', '--origin', '--json', '--set', 'work.senders_max=2');
    const origin = (key: string) =>
      (last(run).settings as Record<string, unknown>[]).find((line) => line.key === key)?.origin;
    expect([origin('link.retry_base'), origin('work.senders_max'), origin('log.level')]).toEqual([
      'profile satellite',
      'flag',
      `file ${join(ship.directory, 'tender.toml')}`,
    ]);
    expect((await ship.tender('config', 'show')).out).toMatch(/^link\.profile +satellite$/m);
  });
});

describe('when something is wrong', () => {
  test('no agent: 69 and how to start one', async () => {
    const ship = await yacht();
    const run = await ship.tender('ls');
    expect([run.code, run.err]).toEqual([69, expect.stringContaining('start it with `tender agent`')]);
    expect((await ship.tender('ls', '--json')).json).toEqual([
      {
        type: 'result',
        ok: false,
        code: 'TENDER_AGENT_NOT_RUNNING',
        message: expect.stringContaining(ship.socket),
      },
    ]);
  });

  test('a second agent on the same directory ends with 75 and harms nothing', async () => {
    const { ship } = await withDocuments('a');
    const second = await ship.tender('agent');
    expect([second.code, second.err]).toEqual([75, expect.stringContaining('TENDER_STATE_LOCKED')]);
    const other = await ship.tender('agent', '--socket', join(ship.directory, 'other.sock'));
    expect(other.code).toBe(75);
    expect(last(await ship.tender('ls', '--json')).items).toHaveLength(1);
  });

  test('a config with a typo: 78 and the nearest name', async () => {
    const ship = await yacht('[link]\nretry_bsae = "1s"');
    const run = await ship.tender('ls');
    expect([run.code, run.err]).toEqual([78, expect.stringContaining('Did you mean link.retry_base?')]);
  });

  test.each([
    [['frobnicate']],
    [['ls', '--stat']],
    [['show']],
    [['add', 'x', '--priority', '0']],
    [['ls', '--set', 'nonsense']],
  ])('%j is a usage error, also under --json', async (args) => {
    const ship = await yacht();
    await ship.start();
    expect((await ship.tender(...args)).code).toBe(64);
    const run = await ship.tender(...args, '--json');
    expect([run.code, run.json.at(-1)]).toEqual([
      64,
      expect.objectContaining({ ok: false, code: 'TENDER_USAGE' }),
    ]);
  });

  test('search without a token says where to get one', async () => {
    const ship = await yacht();
    const run = await ship.tender('search', 'genoa');
    expect([run.code, run.err]).toEqual([77, expect.stringContaining('TENDER_SHORE_TOKEN')]);
  });

  test('a canary in token, code and environment reaches no output', async () => {
    const canary = 'canary-7d1c';
    const ship = await yacht();
    await ship.start();
    const environment = { TENDER_SHORE_TOKEN: canary };
    const runs = [
      await ship.tenderIn({ environment }, 'search', 'x', '--url', 'http://127.0.0.1:9'),
      await ship.tenderIn({ environment }, 'enrol', 'http://127.0.0.1:9', canary),
      await ship.tenderIn({ environment }, 'status', '--json'),
      await ship.tenderIn({ environment }, 'config', 'show', '--origin', '--json'),
    ];
    for (const run of runs) expect(run.out + run.err).not.toContain(canary);
    expect(runs.map((run) => run.code)).toEqual([69, 64, 0, 0]);
  });

  test('--version and --help end with 0', async () => {
    const ship = await yacht();
    expect(await ship.tender('--version')).toMatchObject({ code: 0, out: '0.0.0-test\n' });
    const help = await ship.tender('--help');
    expect(help.code).toBe(0);
    for (const command of [
      'enrol',
      'agent',
      'add',
      'ls',
      'show',
      'why',
      'pause',
      'resume',
      'cancel',
      'retry',
      'prioritise',
      'status',
      'wait',
      'search',
      'log',
      'demo',
      'config',
    ])
      expect(help.out).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  });
});
