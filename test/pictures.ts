// `npm run pictures`: takes the pictures of docs/pictures/ from the real page over a real voyage on a slow link with a cut in
// it, so that the documentation shows what there is. Look at them before you commit them.
import { randomFillSync } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { writeSamples } from '../agent/cli/demo/documents.ts';
import { type Stage, setStage } from '../agent/cli/demo/stage.ts';
import { openBrowser } from './browser/support/chromium.ts';
import { until } from './end-to-end/support/until.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'pictures');
const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
/** Time for a picture to come to rest: fonts, streams, the first layout. */
const restMs = 1_200;

type Palette = 'day' | 'dusk' | 'night';

interface Item {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

async function uploads(stage: Stage): Promise<readonly Item[]> {
  return (await stage.api.get('/v1/uploads?limit=100')).items as readonly Item[];
}

async function picture(
  browser: Browser,
  stage: Stage,
  shot: {
    name: string;
    route: string;
    palette: Palette;
    size?: typeof desktop;
    prepare?(page: Page): Promise<void>;
  },
): Promise<void> {
  const context = await browser.newContext({ viewport: shot.size ?? desktop });
  try {
    const page = await context.newPage();
    await page.addInitScript((palette) => {
      (
        globalThis as unknown as { localStorage: { setItem(k: string, v: string): void } }
      ).localStorage.setItem('palette', palette);
    }, shot.palette);
    const { url } = await stage.api.post('/v1/ui/link', { label: 'pictures' });
    await page.goto(String(url));
    await page.evaluate((hash) => {
      (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
    }, `#${shot.route}`);
    await page.waitForTimeout(restMs);
    await shot.prepare?.(page);
    await page.screenshot({ path: join(folder, `${shot.name}.png`) });
    process.stdout.write(`docs/pictures/${shot.name}.png\n`);
  } finally {
    await context.close();
  }
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const options = { link: 'geo', files: undefined, stay: true, json: false, seed: 1, help: false } as const;
  const stage = await setStage(
    options,
    () => undefined,
    () => undefined,
    new AbortController().signal,
  );
  const browser = await openBrowser();
  try {
    await writeSamples(stage.folder);
    // Bytes nobody can compress, so that there is something on its way in the picture.
    writeFileSync(join(stage.folder, 'Engine room survey.zip'), randomFillSync(Buffer.alloc(14_000_000)));
    writeFileSync(join(stage.folder, 'Charter agreement.pdf'), randomFillSync(Buffer.alloc(3_400_000)));
    writeFileSync(join(stage.folder, 'Passport scans.pdf'), randomFillSync(Buffer.alloc(6_200_000)));
    writeFileSync(join(stage.folder, 'Invoice 2291.xlsx'), randomFillSync(Buffer.alloc(400_000)));
    const named = async (part: string): Promise<string> =>
      until(
        `${part} to be aboard`,
        async () => (await uploads(stage)).find(({ name }) => name.includes(part))?.id,
      );
    await stage.api.post(`/v1/uploads/${await named('Passport')}/pause`, { by: 'bridge tablet', for: '2h' });
    await stage.api.post(`/v1/uploads/${await named('Charter')}/prioritise`, { by: 'captain', priority: 1 });
    const invoice = await named('Invoice');
    rmSync(join(stage.folder, 'Invoice 2291.xlsx'));
    await stage.api.post(`/v1/uploads/${invoice}/pause`, { by: 'engineer' }).catch(() => undefined);
    await stage.api.post(`/v1/uploads/${invoice}/resume`, { by: 'engineer' }).catch(() => undefined);
    await until(
      'some documents to be indexed',
      async () => (await uploads(stage)).filter(({ state }) => state === 'indexed').length >= 3,
      180_000,
    );
    for (const palette of ['day', 'dusk', 'night'] as const) {
      await picture(browser, stage, { name: `queue-${palette}`, route: '/', palette });
      await picture(browser, stage, { name: `queue-phone-${palette}`, route: '/', palette, size: phone });
    }
    stage.link.cut(45_000);
    await until(
      'the cut to be noticed',
      async () => {
        const { connection } = (await stage.api.get('/v1/status')) as {
          connection: { isAvailable: boolean };
        };
        return !connection.isAvailable;
      },
      60_000,
    );
    await picture(browser, stage, { name: 'queue-cut', route: '/', palette: 'day' });
    const survey = await named('Engine');
    await until(
      'the survey to go on',
      async () => (await uploads(stage)).find(({ id }) => id === survey)?.state === 'sending',
    );
    for (const palette of ['day', 'dusk', 'night'] as const)
      await picture(browser, stage, {
        name: `machines-${palette}`,
        route: `/machines/upload/${survey}`,
        palette,
      });
    await picture(browser, stage, {
      name: 'machines-connection',
      route: '/machines/connection/main',
      palette: 'dusk',
    });
    const { items } = (await stage.api.get('/v1/log?actor=connection/main&limit=200')) as {
      items: { seq: number; type: string }[];
    };
    const lost = items.findLast(({ type }) => type === 'line.lost')?.seq ?? items.at(-1)!.seq;
    await picture(browser, stage, {
      name: 'machines-past',
      route: `/machines/connection/main@${lost}`,
      palette: 'dusk',
    });
    await picture(browser, stage, {
      name: 'machines-phone',
      route: `/machines/upload/${survey}`,
      palette: 'day',
      size: phone,
    });
  } finally {
    await browser.close();
    await stage.close();
  }
}

await main();
