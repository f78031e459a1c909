// A yacht as its crew meets it: a real agent on a real log, its page opened in a real browser through the one-time link. Used
// by the tests of the page, its benchmark and the script that takes its pictures. It is enrolled nowhere, so nothing moves
// unless the test moves it; what does move in a voyage is tested in test/end-to-end/.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { type ApiClient, connectApi } from '../../../agent/cli/client.ts';
import { type Program, startProgram } from '../../end-to-end/support/program.ts';
import { type FullLogOptions, fillLog } from '../../support/full-log.ts';
import { type WatchedPage, watchedPage } from './chromium.ts';

export type Palette = 'day' | 'dusk' | 'night';

export interface OpenOptions {
  /** Route behind the `#`: `/`, `/machines`. */
  readonly route?: string;
  readonly palette?: Palette;
  readonly context?: BrowserContextOptions;
  readonly expected?: RegExp;
}

export interface Yacht {
  readonly home: string;
  readonly folder: string;
  readonly state: string;
  readonly api: ApiClient;
  /** The agent that runs now, or ran last. */
  readonly agent: Program;
  /** Where its page is: `http://host:port`. The same over restarts. */
  readonly origin: string;
  start(): Promise<void>;
  /** A fresh browser context with the page open in it, as one who followed the link of `tender ui`. */
  open(browser: Browser, options?: OpenOptions): Promise<WatchedPage>;
  add(name: string, bytes?: Uint8Array, priority?: number): Promise<string>;
  close(): Promise<void>;
}

export interface YachtOptions {
  /** A log that was there before. */
  readonly log?: FullLogOptions;
  readonly settings?: readonly string[];
}

export async function launchYacht(options: YachtOptions = {}): Promise<Yacht> {
  const home = await mkdtemp(join(tmpdir(), 'tender-yacht-'));
  const state = join(home, 'state');
  const folder = join(home, 'scans');
  await mkdir(folder, { recursive: true });
  if (options.log) await fillLog(state, options.log);
  const socket = join(home, 'agent.sock');
  const api = connectApi(socket, new AbortController().signal);
  const agents: Program[] = [];
  let listen = '127.0.0.1:0';
  let origin = '';

  const settings = () => [
    ...[`state.directory=${state}`, `api.socket=${socket}`, `ui.listen=${listen}`],
    ...[`folders.scans.path=${folder}`, 'files.settle_quiet=100ms', 'files.rescan=1s', 'spool.free_min=1MB'],
    ...(options.settings ?? []),
  ];
  async function link(): Promise<string> {
    return String((await api.post('/v1/ui/link')).url);
  }
  async function start(): Promise<void> {
    const agent = startProgram('agent', ['agent', ...settings().flatMap((setting) => ['--set', setting])]);
    agents.push(agent);
    await agent.said('ready');
    const url = new URL(await link());
    origin = url.origin;
    // A page that is open over a restart comes back to the same port.
    listen = `127.0.0.1:${url.port}`;
  }

  await start();
  return {
    ...{ home, folder, state, api, start },
    get agent() {
      return agents.at(-1)!;
    },
    get origin() {
      return origin;
    },
    async open(browser, { route = '/', palette, context, expected } = {}) {
      const watched = await watchedPage(browser, {
        origin,
        ...(context ? { context } : {}),
        ...(expected ? { expected } : {}),
      });
      if (palette)
        await watched.page.addInitScript((chosen) => {
          const browserWindow = globalThis as unknown as {
            localStorage: Map<string, string> & { setItem(k: string, v: string): void };
          };
          browserWindow.localStorage.setItem('palette', chosen);
        }, palette);
      await watched.page.goto(await link());
      await watched.page.waitForURL(`${origin}/**`);
      await watched.page.evaluate((hash) => {
        (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
      }, `#${route}`);
      return watched;
    },
    async add(name, bytes = Buffer.from(`the bytes of ${name}`), priority = 5) {
      const headers = {
        'content-type': 'application/octet-stream',
        'tender-name': Buffer.from(name).toString('base64url'),
        'tender-size': String(bytes.length),
        'tender-modified': '0',
      };
      const pieces = bytes.length === 0 ? [] : [bytes];
      const answer = await api.send(`/v1/uploads?priority=${priority}`, headers, Readable.from(pieces));
      return String(answer.id);
    },
    async close() {
      await Promise.all(agents.filter((agent) => agent.alive).map((agent) => agent.kill()));
      await rm(home, { recursive: true, force: true });
    },
  };
}
