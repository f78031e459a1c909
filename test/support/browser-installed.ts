// Makes sure that the browser of the page's tests is there before they run. Debian's own package is the one we test with; on
// a machine where we may not install it, the tests that need it say so and fail: a page nobody looked at is not tested.
import { spawnSync } from 'node:child_process';
import { chromiumPath } from '../browser/support/chromium-path.ts';

const installMaxMs = 300_000;

export default function ensureBrowser(): void {
  if (chromiumPath() !== undefined || process.getuid?.() !== 0) return;
  process.stderr.write("tests: installing Debian's chromium (once)\n");
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args: string[]) =>
    spawnSync('apt-get', ['-q', '-y', ...args], {
      env: environment,
      stdio: ['ignore', 'ignore', 2],
      timeout: installMaxMs,
    }).status === 0;
  if (run('install', '--no-install-recommends', 'chromium')) return;
  if (run('update')) run('install', '--no-install-recommends', 'chromium');
}
