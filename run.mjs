// The one door of every npm script. Runs on any Node from 18 on, needs nothing installed:
// installs what the lock file names if it is not there, builds what is stale, then hands over to the
// pinned Node 24. All its own talk goes to stderr, so that `npm run demo -- --json` owns stdout.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const at = (...parts) => join(root, ...parts);
const say = (text) => process.stderr.write(`tender: ${text}\n`);
const fail = (text) => {
  say(text);
  process.exit(70);
};

/** Runs a preparing step to its end; its stdout joins our stderr. */
function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.error) fail(`cannot run ${command}: ${result.error.message}`);
  return result.signal ? 128 : (result.status ?? 1);
}

/** Becomes the job as far as Node 20 can: same streams, signals passed on, its exit code is ours. */
function become(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`cannot run ${command}: ${error.message}`));
    child.on('exit', (status, signal) => resolve(signal ? 128 : (status ?? 1)));
  });
}

/** Installs exactly the lock file, once per version of it. */
function install() {
  const lock = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  const mark = at('node_modules', '.tender-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  say('installing what package-lock.json names (once)');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const status = npm ? run(process.execPath, [npm, ...args]) : run('npm', args);
  if (status !== 0) fail('npm ci failed: look at the lines above, then run the same command again');
  mkdirSync(at('node_modules'), { recursive: true });
  writeFileSync(mark, lock);
}

/** The pinned Node, or the one we run on if that is new enough (systems without a pinned binary). */
function node24() {
  const pinned = at('node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (process.platform === 'linux' && existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail('this needs Node 24 or newer: install it and run the same command again');
}

/** Newest change below a folder, so that a build is made only when something changed. */
function newest(folder, keep) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path, keep), statSync(path).mtimeMs);
    else if (keep(entry.name)) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

function build(node, { always = false } = {}) {
  const mark = at('dist', '.built');
  const source = (name) => /\.(ts|tsx|json|sql|css|html|svg|woff2)$/.test(name);
  const folders = ['machines', 'agent', 'cloud', 'inspector', 'test'].filter((name) => existsSync(at(name)));
  const changed = Math.max(
    ...folders.map((name) => newest(at(name), source)),
    statSync(at('tsconfig.json')).mtimeMs,
    statSync(at('package-lock.json')).mtimeMs,
  );
  if (!always && existsSync(mark) && statSync(mark).mtimeMs > changed) return;
  rmSync(mark, { force: true });
  const started = new Date();
  if (run(node, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', at('tsconfig.json')]) !== 0)
    fail('the build failed: mend the type errors above');
  copyAssets('cloud');
  if (run(node, [bin('vite', 'bin/vite.js'), 'build', '--config', at('inspector', 'vite.config.ts')]) !== 0)
    fail('the page was not built: mend the errors above');
  const bundlePage = at('inspector', 'bundle', 'vite.config.ts');
  if (run(node, [bin('vite', 'bin/vite.js'), 'build', '--config', bundlePage]) !== 0)
    fail('the page of bundles was not built: mend the errors above');
  writeFileSync(mark, started.toISOString());
}

/** tsc leaves everything but TypeScript behind; migrations and data files travel beside the emitted code. */
function copyAssets(folder) {
  for (const entry of readdirSync(at(folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) copyAssets(path);
    else if (/\.(sql|json)$/.test(entry.name)) {
      mkdirSync(at('dist', folder), { recursive: true });
      writeFileSync(at('dist', path), readFileSync(at(path)));
    }
  }
}

const bin = (name, file) => at('node_modules', ...name.split('/'), file);

/** name → what it does with the rest of the command line; answers the exit code. */
const jobs = {
  build: (node) => {
    build(node, { always: true });
    return 0;
  },
  test: (node, rest) => {
    build(node);
    return become(node, [bin('vitest', 'vitest.mjs'), 'run', ...rest]);
  },
  check: (node, rest) => become(node, [at('test', 'check.ts'), ...rest]),
  format: (node) => become(node, [bin('@biomejs/biome', 'bin/biome'), 'check', '--write', '.']),
  docs: async (node, rest) =>
    (await become(node, [at('inspector', 'layout', 'main.ts'), ...rest])) ||
    become(node, [at('test', 'generate-docs.ts'), ...rest]),
  demo: (node, rest) => {
    build(node);
    return become(node, [at('dist', 'agent', 'cli', 'main.js'), 'demo', ...rest]);
  },
  tender: (node, rest) => {
    build(node);
    return become('/bin/sh', [at('agent', 'cli', 'tender'), ...rest]);
  },
  simulate: (node, rest) => {
    build(node);
    return become(node, [at('dist', 'test', 'simulation', 'main.js'), ...rest]);
  },
  example: (node, rest) => {
    build(node);
    return become(node, [at('dist', 'test', 'example', 'main.js'), ...rest]);
  },
  pictures: (node) => {
    build(node);
    return become(node, [at('dist', 'test', 'pictures.js')]);
  },
  bench: (node, [name, ...rest]) => {
    build(node);
    return become(node, ['--expose-gc', at('dist', 'test', 'bench', `${name}.js`), ...rest]);
  },
};

const [name, ...rest] = process.argv.slice(2);
const job = jobs[name ?? ''];
if (!job) fail(`no such job: ${name}. There are: ${Object.keys(jobs).join(', ')}`);
install();
const node = node24();
// Children (vitest's workers, the agent, shims of packages) must find the same Node first.
process.env.PATH = `${dirname(node)}:${process.env.PATH ?? ''}`;
process.exit(await job(node, rest));
