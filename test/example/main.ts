// `npm run example`: writes the bundle that docs/inspector.md walks through. Made anew each time, by the same code that makes
// every bundle, so that it is never older than the page in it.
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../agent/adapters/node-clock.ts';
import { writeHtml } from '../../agent/bundle/html.ts';
import { makeBundle } from '../../agent/bundle/make.ts';
import { offlineSource } from '../../agent/bundle/offline-source.ts';
import { pageTemplate } from '../../agent/cli/saved/page-template.ts';
import { openOfflineLog } from '../../agent/daemon/offline-log.ts';
import { liveTheMorning, survey } from './morning.ts';

/** Answers where the page was written. Names are shown: they are made up. */
export async function writeExample(path: string): Promise<void> {
  const template = await pageTemplate();
  const state = await mkdtemp(join(tmpdir(), 'tender-example-'));
  try {
    await liveTheMorning(state);
    const log = await openOfflineLog(createLevelStorage(state, { existing: true }));
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w');
    try {
      const html = await writeHtml(template, async (text) => {
        await file.write(text);
      });
      await makeBundle({
        source: offlineSource(log, nodeClock()),
        from: log.oldest,
        reveal: 'names',
        salt: new Uint8Array(32),
        madeMs: log.at,
        versions: { example: 'docs/inspector.md' },
        notes: ['A made-up morning: see docs/inspector.md.'],
        write: html.line,
      });
      await html.end();
    } finally {
      await file.close();
      await log.close();
    }
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const path = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? 'tender-example.html');
  await writeExample(path);
  process.stdout.write(
    `${path}\nOpen it with a double-click; docs/inspector.md says where to look. It is about ${survey}.\n`,
  );
}
