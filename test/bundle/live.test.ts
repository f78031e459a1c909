// A bundle made by the real command line of a real agent, running and stopped: it replays, and nothing of ours is in it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type Yacht, yacht } from '../cli/aboard.ts';

async function linesOf(aboard: Yacht, name: string): Promise<string> {
  const html = await readFile(join(aboard.directory, name), 'utf8');
  const data = /id="tender-bundle">([^<]+)</.exec(html)![1]!;
  return gunzipSync(Buffer.from(data, 'base64')).toString();
}

async function withDocuments(): Promise<Yacht> {
  const aboard = await yacht('[folders.charters]\npath = "$HERE/scans"\n');
  await aboard.start();
  await aboard.file('Smith passport.pdf', 'x'.repeat(5_000));
  await aboard.tender('add', 'Smith passport.pdf');
  const { json } = await aboard.tender('ls', '--json');
  const id = String((json.at(-1)!.items as { id: string }[])[0]!.id);
  await aboard.tender('pause', id, '--for', '2h');
  return aboard;
}

it('a bundle of a running agent replays to the same states, and holds no name', async () => {
  const aboard = await withDocuments();
  const made = await aboard.tender('bundle', '-o', 'out.html', '--json');
  expect(made.code, made.out + made.err).toBe(0);
  expect(made.json.at(-1)).toMatchObject({
    ok: true,
    replays: true,
    original: { chain: true, replays: true },
  });
  const text = await linesOf(aboard, 'out.html');
  for (const secret of ['Smith', 'passport', 'anna', 'charters', aboard.directory, 'tender-test'])
    expect(text.toLowerCase(), secret).not.toContain(secret.toLowerCase());
});

it('a bundle of a stopped agent holds the same records', async () => {
  const aboard = await withDocuments();
  await aboard.tender('bundle', '-o', 'live.html', '--reveal', 'names');
  await aboard.stop();
  const made = await aboard.tender('bundle', '-o', 'dead.html', '--reveal', 'names', '--json');
  expect(made.code, made.out + made.err).toBe(0);
  expect(made.json.at(-1)).toMatchObject({
    ok: true,
    replays: true,
    original: { chain: true, replays: true },
  });
  const records = (text: string) => text.split('\n').filter((line) => line.startsWith('{"record"'));
  const live = records(await linesOf(aboard, 'live.html')).map((line) => JSON.parse(line).record.hash);
  const dead = records(await linesOf(aboard, 'dead.html')).map((line) => JSON.parse(line).record.hash);
  expect(dead.slice(0, live.length)).toEqual(live);
});

it('a slice begins with the cells that were there before it', async () => {
  const aboard = await withDocuments();
  const { json } = await aboard.tender('log', '--json');
  const head = Math.max(...json.map((line) => Number(line.seq ?? 0)));
  const made = await aboard.tender('bundle', '-o', 'out.html', '--since', String(head), '--json');
  expect(made.code, made.out + made.err).toBe(0);
  expect(made.json.at(-1)).toMatchObject({ from: head, replays: true });
  expect(await linesOf(aboard, 'out.html')).toContain('{"base":{"actor":"upload/');
});

it('a bundle made while documents come in holds a whole slice of the log', async () => {
  const aboard = await withDocuments();
  for (let i = 0; i < 12; i++) await aboard.file(`paper-${i}.pdf`, `x${i}`.repeat(500));
  const adding = Promise.all(Array.from({ length: 12 }, (_, i) => aboard.tender('add', `paper-${i}.pdf`)));
  const made = await Promise.all([1, 2, 3].map((i) => aboard.tender('bundle', '-o', `${i}.html`, '--json')));
  await adding;
  for (const [i, run] of made.entries()) {
    expect(run.json.at(-1), run.out).toMatchObject({ ok: true, replays: true, original: { problems: [] } });
    const seen = await aboard.tender('inspect', '--verify', `${i + 1}.html`, '--json');
    expect(seen.json.at(-1)).toMatchObject({ ok: true, whole: true });
  }
});

it('a target that is a folder, or lies in none, is refused and leaves nothing behind', async () => {
  const aboard = await withDocuments();
  expect((await aboard.tender('bundle', '-o', 'scans', '--json')).json.at(-1)).toMatchObject({
    code: 'TENDER_USAGE',
  });
  const run = await aboard.tender('bundle', '-o', 'nowhere/b.html', '--json');
  expect(run.json.at(-1)).toMatchObject({ ok: false, code: 'TENDER_FILE_UNREADABLE' });
  const wrong = await aboard.tender('bundle', '--reveal', 'everything', '--json');
  expect(wrong).toMatchObject({ code: 64 });
  expect((await readdir(aboard.directory)).filter((name) => name.includes('.part'))).toEqual([]);
});
