// The morning that docs/inspector.md explains goes the same way each time, and what the page says of it is so.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openBundleLog } from '../../agent/cli/saved/bundle-log.ts';
import { whyActor } from '../../machines/why.ts';
import { writeExample } from '../example/main.ts';
import { survey } from '../example/morning.ts';
import { temporaryDirectory } from '../support/temporary.ts';

async function example() {
  const path = join(await temporaryDirectory(), 'example.html');
  await writeExample(path);
  const { source, seen } = await openBundleLog(path);
  const records = await Array.fromAsync(source.records(0, source.head));
  return { source, seen, records };
}

it('the example goes the same way each time and replays', async () => {
  const [one, other] = [await example(), await example()];
  const story = ({ records }: typeof one) =>
    records.map(({ seq, actor, type, state, at }) => `#${seq} ${at} ${actor} ${type} ${state}`);
  expect(story(one)).toEqual(story(other));
  expect(one.seen).toMatchObject({ whole: true, replay: { replays: true }, chain: { holds: true } });
});

it('every record that the page of the inspector names is what it is said to be', async () => {
  const { records, source } = await example();
  const page = await readFile(join(import.meta.dirname, '../../docs/inspector.md'), 'utf8');
  const named = [...page.matchAll(/`#(\d+)`[^|\n]*?`([a-z]+\.[a-zA-Z]+)`/g)];
  expect(named.length).toBeGreaterThan(5);
  for (const [, seq, type] of named) expect(records[Number(seq) - 1], seq).toMatchObject({ type });
  const last = records.findLast(({ actor }) => actor === survey)!;
  const { cell } = (await source.base(survey, last.n))!;
  const { sentence } = whyActor('upload', cell, null);
  expect(cell.value).toBe('waiting');
  expect(page).toContain(sentence);
});
