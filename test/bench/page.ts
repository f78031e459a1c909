// What the page aboard costs and how quick it is: a real agent on a log of 100,000 records, a real Chromium beside it on the
// same machine. `npm run bench:page`. Bytes are what travels; times are taken inside the page, from the call that makes the
// event to the frame after the one that painted it.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import type { Page, Response } from 'playwright-core';
import { openBrowser, type WatchedPage } from '../browser/support/chromium.ts';
import { launchYacht, type Yacht } from '../browser/support/yacht.ts';
import { report } from '../support/bench.ts';

const logRecords = 100_000;
/** Uploads on their way at the end of that log: they are the load. */
const alongside = 2_000;
const paintRounds = 7;
const eventsPerSecond = 1_000;
const eventSeconds = 15;
const samplesPerSecond = 8;
const seeks = 200;
const scrollMs = 4_000;
const idleMs = 20_000;
const groupsMax = 32;
const settleMs = 3_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text: string) => process.stdout.write(`${text}\n`);

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Bytes of the page's own files as they travelled, per part of the page. */
function weigh(page: Page, origin: string): () => number {
  let bytes = 0;
  const counted = new Set<string>();
  page.on('response', (response: Response) => {
    const url = response.url();
    const isOurs = url.startsWith(origin) && !/\/v1\//.test(url);
    // The browser asks for the icon again and again; it weighs once.
    if (!isOurs || response.status() !== 200 || counted.has(url)) return;
    counted.add(url);
    bytes += Number(response.headers()['content-length'] ?? 0);
  });
  return () => bytes;
}

async function sizes(yacht: Yacht, open: (route: string) => Promise<WatchedPage>) {
  const watched = await open('/');
  const { page } = watched;
  const bytes = weigh(page, yacht.origin);
  // Once more from the beginning, with nothing cached.
  const session = await page.context().newCDPSession(page);
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  await page.reload();
  await page.waitForSelector('[data-id]');
  await sleep(settleMs);
  const queue = bytes();
  await goTo(page, '/machines');
  await page.waitForSelector('main.machines');
  await sleep(settleMs);
  const inspector = bytes() - queue;
  await watched.close();
  return { queue, inspector };
}

async function firstPaints(open: (route: string) => Promise<WatchedPage>): Promise<number[]> {
  const paints: number[] = [];
  for (let round = 0; round < paintRounds; round++) {
    const watched = await open('/');
    await watched.page.waitForSelector('[data-id]');
    paints.push(
      await watched.page.evaluate(
        () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      ),
    );
    await watched.close();
  }
  return paints;
}

async function goTo(page: Page, route: string): Promise<void> {
  await page.evaluate((hash) => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
  }, `#${route}`);
}

/** Posts over a few kept connections, as a busy daemon's events would come: many, and small. */
function poster(socketPath: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  return (path: string, body: object): Promise<void> =>
    new Promise((resolve, reject) => {
      const call = request(
        { socketPath, path, method: 'POST', agent, headers: { 'content-type': 'application/json' } },
        (answer) => answer.resume().on('end', resolve),
      );
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
}

async function eventsToPixels(yacht: Yacht, open: (route: string) => Promise<WatchedPage>) {
  const samples = await Promise.all(
    Array.from({ length: 10 }, (_, at) => yacht.add(`sample ${at}.pdf`, undefined, 1)),
  );
  const others = (
    (await yacht.api.get('/v1/uploads?limit=1000&state=sending')) as { items: { id: string }[] }
  ).items
    .map(({ id }) => id)
    .filter((id) => !samples.includes(id));
  const watched = await open('/');
  const { page } = watched;
  await page.fill('input[type=search]', 'sample');
  await page.waitForSelector(`[data-id="${samples[0]}"]`);
  await sleep(settleMs);
  await page.evaluate(() => {
    const view = globalThis as unknown as {
      shown: Map<string, number>;
      MutationObserver: new (
        run: (list: { target: Element }[]) => void,
      ) => { observe(n: unknown, o: object): void };
      document: { body: unknown };
      requestAnimationFrame(run: () => void): void;
    };
    interface Element {
      getAttribute(name: string): string | null;
      closest(selector: string): Element | null;
    }
    view.shown = new Map();
    const look = () => {
      const rows = (
        view.document as unknown as { querySelectorAll(s: string): Iterable<Element> }
      ).querySelectorAll('[data-id]');
      for (const row of rows) {
        const key = `${row.getAttribute('data-id')} ${row.getAttribute('data-state')}`;
        if (!view.shown.has(key)) view.shown.set(key, performance.timeOrigin + performance.now());
      }
    };
    // Two frames after the change the first of them is on the screen.
    new view.MutationObserver(() => {
      view.requestAnimationFrame(() => view.requestAnimationFrame(look));
    }).observe(view.document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  const post = poster(join(yacht.home, 'agent.sock'));
  const before = Number(((await yacht.api.get('/v1/status')) as { log: { lastSeq: number } }).log.lastSeq);
  const started = Date.now();
  let sent = 0;
  const due: { key: string; at: number }[] = [];
  const busy = (async () => {
    while (Date.now() - started < eventSeconds * 1_000) {
      const wanted = ((Date.now() - started) / 1_000) * eventsPerSecond;
      const calls: Promise<void>[] = [];
      for (; sent < wanted && calls.length < 64; sent++) {
        const id = others[sent % others.length]!;
        calls.push(
          post(`/v1/uploads/${id}/prioritise`, {
            by: 'load',
            priority: 2 + (Math.floor(sent / others.length) % 8),
          }),
        );
      }
      await Promise.all(calls);
      await sleep(4);
    }
  })();
  const seen: number[] = [];
  for (let turn = 0; Date.now() - started < eventSeconds * 1_000 - 1_000; turn++) {
    const id = samples[turn % samples.length]!;
    const paused = Math.floor(turn / samples.length) % 2 === 0;
    const key = `${id} ${paused ? 'paused' : 'sending'}`;
    await page.evaluate(
      (old) => (globalThis as unknown as { shown: Map<string, number> }).shown.delete(old),
      key,
    );
    due.push({ key, at: Date.now() });
    await post(`/v1/uploads/${id}/${paused ? 'pause' : 'resume'}`, { by: 'bench' });
    await sleep(1_000 / samplesPerSecond);
    const at = await page.evaluate(
      (each) => (globalThis as unknown as { shown: Map<string, number> }).shown.get(each),
      key,
    );
    seen.push(at === undefined ? Number.POSITIVE_INFINITY : at - due.at(-1)!.at);
  }
  await busy;
  const after = Number(((await yacht.api.get('/v1/status')) as { log: { lastSeq: number } }).log.lastSeq);
  await watched.close();
  return { seen, perSecond: (after - before) / ((Date.now() - started) / 1_000) };
}

/**
 * From a new address to the frame that shows it. `one`: the cursor moves and the actor stays, as with scrubber and keys; else
 * the address names the actor of the record, too, whose history is then fetched first.
 */
async function seekTimes(
  yacht: Yacht,
  open: (route: string) => Promise<WatchedPage>,
  one: boolean,
): Promise<number[]> {
  const watched = await open('/machines/connection/main');
  const { page } = watched;
  await page.waitForSelector('main.machines[data-connection]');
  await sleep(settleMs);
  const { oldest, head } = (await yacht.api.get('/v1/timeline?after=0&limit=1')) as {
    oldest: number;
    head: number;
  };
  const times: number[] = [];
  for (let turn = 0; turn < seeks; turn++) {
    const seq = oldest + Math.floor((head - oldest) * ((turn * 0.618_033_988_75) % 1));
    const found = (await yacht.api.get(`/v1/log?after=${seq - 1}&limit=1`)) as { items: { actor: string }[] };
    const actor = one ? 'connection/main' : found.items[0]?.actor;
    if (actor === undefined || actor.startsWith('host/')) continue;
    times.push(
      await page.evaluate(
        ({ hash, wanted }) =>
          new Promise<number>((resolve) => {
            const view = globalThis as unknown as {
              location: { hash: string };
              document: { querySelector(s: string): { getAttribute(n: string): string | null } | null };
              requestAnimationFrame(run: () => void): void;
            };
            const began = performance.now();
            const look = () => {
              const main = view.document.querySelector('main.machines');
              if (
                main?.getAttribute('data-cursor') === wanted &&
                main.getAttribute('data-selected') === 'ready'
              )
                view.requestAnimationFrame(() => resolve(performance.now() - began));
              else if (performance.now() - began > 5_000) resolve(Number.POSITIVE_INFINITY);
              else view.requestAnimationFrame(look);
            };
            view.location.hash = hash;
            view.requestAnimationFrame(look);
          }),
        { hash: `#/machines/${actor}@${seq}`, wanted: String(seq) },
      ),
    );
  }
  await watched.close();
  return times;
}

async function framesPerSecond(
  open: (route: string) => Promise<WatchedPage>,
): Promise<{ actors: number; fps: number; worstMs: number }> {
  const watched = await open('/machines');
  const { page } = watched;
  await page.waitForSelector('#actor-rows [role=treeitem]');
  await sleep(settleMs);
  // All groups open: the list is as long as it gets. Only what is in view is in the document.
  for (let round = 0; round < groupsMax; round++) {
    await page.evaluate(
      (part) => {
        const view = globalThis as unknown as {
          document: { querySelector(s: string): { scrollTop: number; scrollHeight: number } | null };
        };
        const rows = view.document.querySelector('#actor-rows')!;
        rows.scrollTop = rows.scrollHeight * part;
      },
      (round % 8) / 7,
    );
    await sleep(60);
    const shut = await page.$('#actor-rows [role=treeitem][aria-expanded=false]');
    await shut?.click();
  }
  const result = await page.evaluate(
    (ms) =>
      new Promise<{ actors: number; fps: number; worstMs: number }>((resolve) => {
        const view = globalThis as unknown as {
          document: {
            querySelector(
              s: string,
            ): { scrollTop: number; scrollHeight: number; clientHeight: number } | null;
          };
          requestAnimationFrame(run: (at: number) => void): void;
        };
        const list = view.document.querySelector('#actor-rows')!;
        const row = view.document.querySelector('#actor-rows [role=treeitem]') as unknown as {
          offsetHeight: number;
        };
        const rowPx = row.offsetHeight;
        const began = performance.now();
        const gaps: number[] = [];
        let last: number | undefined;
        const step = (at: number) => {
          if (last !== undefined) gaps.push(at - last);
          last = at;
          list.scrollTop = ((performance.now() - began) / ms) * (list.scrollHeight - list.clientHeight);
          if (performance.now() - began < ms) view.requestAnimationFrame(step);
          else {
            const sum = gaps.reduce((all, gap) => all + gap, 0);
            resolve({
              actors: Math.round(list.scrollHeight / rowPx),
              fps: (gaps.length / sum) * 1_000,
              worstMs: Math.max(...gaps),
            });
          }
        };
        view.requestAnimationFrame(step);
      }),
    scrollMs,
  );
  await watched.close();
  return result;
}

/**
 * Resident memory of the agent, MB; and how much of it are pages of the log's own tables, which the kernel maps when they are
 * read and takes back when somebody needs the memory.
 */
function memory(yacht: Yacht): { readonly rssMb: number; readonly tablesMb: number } {
  let total = 0;
  let tables = 0;
  let isTable = false;
  for (const line of readFileSync(`/proc/${yacht.agent.pid}/smaps`, 'utf8').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isTable = line.includes(yacht.state);
    const kilobytes = Number(/^Rss:\s+(\d+)/.exec(line)?.[1] ?? 0);
    total += kilobytes;
    if (isTable) tables += kilobytes;
  }
  return { rssMb: total / 1024, tablesMb: tables / 1024 };
}

/** CPU of a process so far, seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function idleCost(yacht: Yacht, open: (route: string) => Promise<WatchedPage>): Promise<number> {
  const { pid } = yacht.agent;
  const watched = await open('/');
  await sleep(settleMs);
  const withPage = cpuSeconds(pid);
  await sleep(idleMs);
  const cost = cpuSeconds(pid) - withPage;
  await watched.close();
  await sleep(settleMs);
  const alone = cpuSeconds(pid);
  await sleep(idleMs);
  return ((cost - (cpuSeconds(pid) - alone)) / (idleMs / 1_000)) * 100;
}

const yacht = await launchYacht({ log: { records: logRecords, alongside } });
// Its first start adds up what a log made without it has cost; every later one begins where the last one ended.
await yacht.api.get('/v1/costs');
await yacht.agent.stop();
await yacht.start();
const browser = await openBrowser();
try {
  const open = (route: string) =>
    yacht.open(browser, { route, context: { viewport: { width: 1280, height: 800 } } });
  const weight = await sizes(yacht, open);
  say(`queue ${weight.queue} bytes, inspector ${weight.inspector} more`);
  const paints = await firstPaints(open);
  say(`first paint ${paints.map((ms) => Math.round(ms)).join(' ')} ms`);
  const list = await framesPerSecond(open);
  say(
    `actor list: ${list.actors} rows, ${list.fps.toFixed(1)} frames/s, worst frame ${Math.round(list.worstMs)} ms`,
  );
  const seek = await seekTimes(yacht, open, true);
  say(`seek: median ${Math.round(quantile(seek, 0.5))} ms, p95 ${Math.round(quantile(seek, 0.95))} ms`);
  const jump = await seekTimes(yacht, open, false);
  say(
    `jump to another actor: median ${Math.round(quantile(jump, 0.5))} ms, p95 ${Math.round(quantile(jump, 0.95))} ms`,
  );
  const pixels = await eventsToPixels(yacht, open);
  say(
    `event to pixel: median ${Math.round(quantile(pixels.seen, 0.5))} ms at ${Math.round(pixels.perSecond)} events/s`,
  );
  const idle = await idleCost(yacht, open);
  const { rssMb, tablesMb } = memory(yacht);
  say(`agent ${Math.round(rssMb)} MB resident, ${Math.round(tablesMb)} MB of them pages of the log's tables`);
  const met = report(
    'page',
    {
      queueGzipKb: Math.round(weight.queue / 100) / 10,
      inspectorGzipKb: Math.round(weight.inspector / 100) / 10,
      firstPaintMs: Math.round(quantile(paints, 0.5)),
      firstPaintMaxMs: Math.round(Math.max(...paints)),
      eventToPixelP50Ms: Math.round(quantile(pixels.seen, 0.5)),
      eventToPixelP95Ms: Math.round(quantile(pixels.seen, 0.95)),
      eventsPerSecond: Math.round(pixels.perSecond),
      seekP50Ms: Math.round(quantile(seek, 0.5)),
      seekP95Ms: Math.round(quantile(seek, 0.95)),
      jumpP50Ms: Math.round(quantile(jump, 0.5)),
      jumpP95Ms: Math.round(quantile(jump, 0.95)),
      listActors: list.actors,
      listFramesPerSecond: Math.round(list.fps * 10) / 10,
      idleCorePercent: Math.round(idle * 100) / 100,
      agentOwnRssMb: Math.round((rssMb - tablesMb) * 10) / 10,
      agentTablesMb: Math.round(tablesMb * 10) / 10,
    },
    {
      queueGzipKb: { max: 45 },
      inspectorGzipKb: { max: 60 },
      firstPaintMs: { max: 1_000 },
      eventToPixelP95Ms: { max: 150 },
      eventsPerSecond: { min: 900 },
      seekP95Ms: { max: 100 },
      listActors: { min: 10_000 },
      listFramesPerSecond: { min: 58 },
      idleCorePercent: { max: 1 },
      agentOwnRssMb: { max: 96 },
    },
  );
  process.exitCode = met ? 0 : 1;
} finally {
  await browser.close();
  await yacht.close();
}
