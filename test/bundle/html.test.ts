// Lines into a page and out again: whole at any size of pieces, refused when too large, damaged, cut off or of the future.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bundleMaxBytes, readHtml, writeHtml } from '../../agent/bundle/html.ts';
import { verifyBundle } from '../../agent/bundle/verify.ts';
import { emptyPage, pieces } from './support/made.ts';

async function pageOf(lines: readonly string[]): Promise<string> {
  let page = '';
  const writer = await writeHtml(emptyPage, async (part) => {
    page += part;
  });
  for (const line of lines) await writer.line(`${line}\n`);
  expect(await writer.end()).toBe(page.length);
  return page;
}

it('what goes in comes out, line for line', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json(), { maxLength: 40 }), async (lines) => {
      const page = await pageOf(lines.map((line) => JSON.stringify(JSON.parse(line))));
      const read = await Array.fromAsync(readHtml(pieces(page)));
      expect(read).toEqual(lines.map((line) => JSON.stringify(JSON.parse(line))));
    }),
    { numRuns: 60 },
  );
});

it('a line can neither end the element nor begin another', async () => {
  const page = await pageOf([JSON.stringify('</script><script>alert(1)</script><!--')]);
  expect(page.match(/<script/g)).toHaveLength(1);
});

it('a bundle beyond the limit is refused while it is written, with --since named', async () => {
  const writer = await writeHtml(emptyPage, async () => {});
  const noise = () => Array.from({ length: 40_000 }, () => Math.random().toString(36)).join('');
  const write = async () => {
    for (let i = 0; i < 2 * (bundleMaxBytes / 400_000); i++) await writer.line(noise());
    await writer.end();
  };
  await expect(write()).rejects.toMatchObject({
    code: 'TENDER_BUNDLE_TOO_LARGE',
    message: expect.stringContaining('--since'),
  });
}, 60_000);

it.each([
  ['nothing', '', 'not one'],
  ['another page', '<html>hello</html>', 'not one'],
  ['one that was cut off', '<script id="tender-bundle">H4sIAAAA', 'cut off'],
  ['one with damaged data', '<script id="tender-bundle">aGVsbG8gaGVsbG8gaGVsbG8=</script>', 'damaged'],
])('%s is refused in words', async (_, text, words) => {
  await expect(verifyBundle(readHtml(pieces(text)))).rejects.toMatchObject({
    code: 'TENDER_BUNDLE_INVALID',
    message: expect.stringContaining(words),
  });
});

it('a bundle of a newer format is refused, one with a changed line is not whole', async () => {
  const header = {
    tender: 'bundle',
    format: 1,
    made: 0,
    versions: {},
    logId: 'x',
    from: 1,
    to: 0,
    machines: [],
    redacted: 'all',
    files: {},
  };
  const newer = await pageOf([JSON.stringify({ ...header, format: 2 })]);
  await expect(verifyBundle(readHtml(pieces(newer)))).rejects.toMatchObject({
    code: 'TENDER_BUNDLE_INVALID',
    message: expect.stringContaining('newer release'),
  });
  const end = {
    end: { lines: 1, sha256: 'not this', original: { chain: true, replays: true, problems: [] } },
  };
  const changed = await pageOf([JSON.stringify(header), JSON.stringify(end)]);
  expect(await verifyBundle(readHtml(pieces(changed)))).toMatchObject({ whole: false });
});
