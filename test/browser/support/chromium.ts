// A real browser for tests of the page. Every page opened here is watched: a request to anywhere but the daemon, an error in
// its console (broken rules of the content security policy are such errors) or an uncaught exception fails the test.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { chromiumPath } from './chromium-path.ts';

/** One browser per test file; closing it is the caller's. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined)
    throw new Error('The tests of the page need Chromium: apt-get install chromium, or set TENDER_CHROMIUM.');
  return chromium.launch({
    executablePath,
    headless: true,
    // Without a locale Chromium reads the names of chosen files as ASCII; a person's desktop always has one.
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    // Root may not use Chromium's sandbox; there is no GPU in a test; /dev/shm is small in containers.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** What went wrong so far, in words. */
  readonly complaints: readonly string[];
  /** Throws when anything went wrong. Call it at the end of each test. */
  assertClean(): void;
  close(): Promise<void>;
}

export interface WatchOptions {
  /** Where requests may go: `http://127.0.0.1:1234`, or `file:` for a saved page. */
  readonly origin: string;
  readonly context?: BrowserContextOptions;
  /** Console errors that the test brings about on purpose, such as a daemon that is gone. */
  readonly expected?: RegExp;
}

/** A fresh context with one page in it. */
export async function watchedPage(browser: Browser, options: WatchOptions): Promise<WatchedPage> {
  const context = await browser.newContext(options.context ?? {});
  const page = await context.newPage();
  const complaints: string[] = [];
  const complain = (what: string) => {
    if (!options.expected?.test(what)) complaints.push(what);
  };
  context.on('request', (request) => {
    const url = request.url();
    const ours = url.startsWith(options.origin) || url.startsWith('data:') || url.startsWith('blob:');
    if (!ours) complaints.push(`asked for ${url}`);
  });
  page.on('pageerror', (error) => complain(`threw ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complain(`console: ${message.text()}`);
  });
  return {
    page,
    complaints,
    assertClean() {
      if (complaints.length > 0) throw new Error(`The page misbehaved:\n- ${complaints.join('\n- ')}`);
    },
    close: () => context.close(),
  };
}
