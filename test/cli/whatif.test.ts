// `tender whatif` and `tender inspect` on a running agent, on a stopped one and on a bundle: the same answers, and no trace.
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { type Yacht, yacht } from './aboard.ts';

async function withDocument(): Promise<{ aboard: Yacht; id: string }> {
  const aboard = await yacht();
  await aboard.start();
  await aboard.file('survey.pdf', 'x'.repeat(5_000));
  await aboard.tender('add', 'survey.pdf');
  const { json } = await aboard.tender('ls', '--json');
  return { aboard, id: String((json.at(-1)!.items as { id: string }[])[0]!.id) };
}

async function head(aboard: Yacht): Promise<number> {
  const { json } = await aboard.tender('log', '--json', '--last', '1');
  return Math.max(...json.map((line) => Number(line.seq ?? 0)));
}

it('a dry run says where an event leads and what it would start, and the log stays as it is', async () => {
  const { aboard, id } = await withDocument();
  const before = await head(aboard);
  const run = await aboard.tender(
    'whatif',
    '--actor',
    id,
    '--event',
    'pause',
    '--set',
    'by=bridge',
    '--json',
  );
  expect(run.code, run.out).toBe(0);
  expect(run.json.at(-1)).toMatchObject({ accepted: true, from: 'sending', to: 'paused', present: true });
  expect(run.json.at(-1)!.event).toMatchObject({ type: 'pause', by: 'bridge' });
  expect(await head(aboard)).toBe(before);
  const { json } = await aboard.tender('show', id, '--json');
  expect(json.at(-1)!.upload).toMatchObject({ state: 'sending' });
});

it('an event that would be refused says why and ends with 65', async () => {
  const { aboard, id } = await withDocument();
  const run = await aboard.tender('whatif', '--actor', id.slice(-6), '--event', 'resume', '--json');
  expect(run.code).toBe(65);
  expect(run.json.at(-1)).toMatchObject({ ok: false, accepted: false, from: 'sending' });
  expect(String(run.json.at(-1)!.message).length).toBeGreaterThan(10);
});

it('without an event it lists those that are possible', async () => {
  const { aboard, id } = await withDocument();
  const run = await aboard.tender('whatif', '--actor', id);
  expect(run.code, run.err).toBe(0);
  expect(run.out).toMatch(/pause +cmd .*→ paused/);
});

it('a stopped agent and a bundle answer as the running one did', async () => {
  const { aboard, id } = await withDocument();
  await aboard.tender('bundle', '-o', 'b.html');
  const ask = async (...where: string[]) => {
    const run = await aboard.tender('whatif', ...where, '--actor', id, '--event', 'cancel', '--json');
    expect(run.code, run.out + run.err).toBe(0);
    const { from, to, ops } = run.json.at(-1) as { from: string; to: string; ops: { op: string }[] };
    return { from, to, ops: ops.map(({ op }) => op) };
  };
  const live = await ask();
  const saved = await ask('b.html');
  await aboard.stop();
  expect(await ask()).toEqual(live);
  expect(saved).toEqual(live);
});

it('inspect tells one machine at one moment, live and in a bundle', async () => {
  const { aboard, id } = await withDocument();
  await aboard.tender('pause', id);
  await aboard.tender('bundle', '-o', 'b.html');
  for (const where of [[], ['b.html']]) {
    const now = await aboard.tender('inspect', ...where, '--actor', id, '--json');
    expect(now.json.at(-1), now.err).toMatchObject({ ok: true, state: 'paused', why: { state: 'paused' } });
    const seq = Number((now.json.at(-1)!.record as { seq: number }).seq);
    const then = await aboard.tender('inspect', ...where, '--actor', id, '--at', String(seq - 1), '--json');
    expect(then.json.at(-1)).toMatchObject({ ok: true, state: 'sending', present: false });
    expect(Object.keys(then.json.at(-1)!.effects as object)).toHaveLength(1);
  }
});

it('inspect --verify says yes to a whole bundle and no to one that was cut or changed', async () => {
  const { aboard } = await withDocument();
  await aboard.tender('bundle', '-o', 'b.html');
  const good = await aboard.tender('inspect', '--verify', 'b.html', '--json');
  expect(good.code, good.out + good.err).toBe(0);
  expect(good.json.at(-1)).toMatchObject({
    ok: true,
    whole: true,
    replay: { replays: true },
    chain: { holds: true },
  });
  const text = await readFile(`${aboard.directory}/b.html`, 'utf8');
  await aboard.file('cut.html', text.slice(0, text.indexOf('id="tender-bundle">') + 3_000));
  const cut = await aboard.tender('inspect', '--verify', 'cut.html', '--json');
  expect(cut.code).toBe(65);
  expect(cut.json.at(-1)).toMatchObject({ ok: false, code: 'TENDER_BUNDLE_INVALID' });
  await aboard.file('other.html', '<html>nothing</html>');
  expect((await aboard.tender('inspect', 'other.html', '--json')).json.at(-1)).toMatchObject({
    code: 'TENDER_BUNDLE_INVALID',
  });
  expect((await aboard.tender('inspect', 'none.html', '--json')).code).toBe(66);
});

it('a bundle with another page than ours is opened in ours', async () => {
  const { aboard } = await withDocument();
  await aboard.tender('bundle', '-o', 'b.html');
  const text = await readFile(`${aboard.directory}/b.html`, 'utf8');
  await aboard.file('foreign.html', text.replace('<body>', '<body><script>alert(1)</script>'));
  const mine = await aboard.tender('inspect', 'b.html', '--print', '--json');
  expect(String(mine.json.at(-1)!.url)).toBe(pathToFileURL(`${aboard.directory}/b.html`).href);
  const foreign = await aboard.tender('inspect', 'foreign.html', '--print', '--json');
  const copy = fileURLToPath(String(foreign.json.at(-1)!.url));
  expect(await readFile(copy, 'utf8')).toBe(text);
  await rm(dirname(copy), { recursive: true });
});

it('inspect without a file prints the link of the live page', async () => {
  const { aboard } = await withDocument();
  const run = await aboard.tender('inspect', '--print', '--json');
  expect(run.json.at(-1)).toSatisfy((line: { ok: boolean; url?: string; code?: string }) =>
    line.ok
      ? /^http:\/\/127\.0\.0\.1:\d+\/open\/[\w-]+#\/machines$/.test(line.url!)
      : line.code === 'TENDER_PAGE_OFF',
  );
});
