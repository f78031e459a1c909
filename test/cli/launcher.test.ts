import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { agentNodeFlags, cloudNodeFlags } from '../../agent/cli/node-flags.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const launcher = join(import.meta.dirname, '..', '..', 'agent', 'cli', 'tender');
const pinned = `node-linux-${process.arch}`;
const run = promisify(execFile);

/** A package folder with the real launcher and programs that say who was started, and by which Node. */
async function install(root: string): Promise<string> {
  const script = join(root, 'agent', 'cli', 'tender');
  for (const side of ['agent', 'cloud']) {
    const main = join(root, 'dist', side, 'cli', 'main.js');
    await mkdir(dirname(main), { recursive: true });
    await writeFile(
      main,
      `console.log(JSON.stringify({ side: '${side}', args: process.argv.slice(2), flags: process.execArgv }))`,
    );
  }
  await mkdir(dirname(script), { recursive: true });
  await copyFile(launcher, script);
  await chmod(script, 0o755);
  return script;
}

/** The pinned Node as npm lays it below a node_modules: a script that tells which one it is. */
async function pin(nodeModules: string, name: string): Promise<void> {
  const bin = join(nodeModules, pinned, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'node'), `#!/bin/sh\necho "# ${name}"\nexec "${process.execPath}" "$@"\n`, {
    mode: 0o755,
  });
}

async function started(script: string, args: string[], path = '/usr/bin:/bin') {
  const { stdout } = await run(script, args, { env: { PATH: path } });
  const [node, line] = stdout.split('\n');
  return { node, ...(JSON.parse(line ?? '{}') as { side: string; args: string[]; flags: string[] }) };
}

describe('the launcher', () => {
  test('in a checkout it takes the Node below it', async () => {
    const root = await temporaryDirectory();
    const script = await install(root);
    await pin(join(root, 'node_modules'), 'own');
    expect(await started(script, ['ls', '--json', 'a b'])).toMatchObject({
      node: '# own',
      side: 'agent',
      args: ['ls', '--json', 'a b'],
    });
  });

  test('in a project that uses it, it takes the one beside it', async () => {
    const project = await temporaryDirectory();
    const script = await install(join(project, 'node_modules', 'tender'));
    await pin(join(project, 'node_modules'), 'beside');
    await mkdir(join(project, 'node_modules', '.bin'));
    await symlink('../tender/agent/cli/tender', join(project, 'node_modules', '.bin', 'tender'));
    expect(await started(join(project, 'node_modules', '.bin', 'tender'), ['ls'])).toMatchObject({
      node: '# beside',
      args: ['ls'],
    });
    expect((await started(script, ['ls'])).node).toBe('# beside');
  });

  test('installed globally it is reached through a chain of links', async () => {
    const prefix = await temporaryDirectory();
    const root = join(prefix, 'lib', 'node_modules', 'tender');
    const script = await install(root);
    await pin(join(root, 'node_modules'), 'global');
    await mkdir(join(prefix, 'bin'));
    await symlink(script, join(prefix, 'bin', 'tender'));
    await symlink('tender', join(prefix, 'bin', 'tdr'));
    expect((await started(join(prefix, 'bin', 'tdr'), ['ls'])).node).toBe('# global');
  });

  test('`cloud` goes to the shore, everything else to the yacht; daemon and cloud get their flags', async () => {
    const root = await temporaryDirectory();
    const script = await install(root);
    await pin(join(root, 'node_modules'), 'own');
    expect(await started(script, ['cloud', 'tenant', 'add', 'x'])).toMatchObject({
      side: 'cloud',
      args: ['tenant', 'add', 'x'],
      flags: cloudNodeFlags,
    });
    expect(await started(script, ['agent', '--json'])).toMatchObject({
      side: 'agent',
      args: ['agent', '--json'],
      flags: agentNodeFlags,
    });
    expect(await started(script, [])).toMatchObject({ side: 'agent', args: [], flags: [] });
  });

  test('without the pinned one it takes a Node 24 from the path, and refuses an older one with a sentence', async () => {
    const root = await temporaryDirectory();
    const script = await install(root);
    const bin = join(root, 'bin');
    await mkdir(bin);
    await symlink(process.execPath, join(bin, 'node'));
    const { stdout } = await run(script, ['ls'], { env: { PATH: `${bin}:/usr/bin:/bin` } });
    expect(JSON.parse(stdout)).toMatchObject({ side: 'agent', args: ['ls'] });
    await rm(join(bin, 'node'));
    await writeFile(join(bin, 'node'), '#!/bin/sh\necho 20\n', { mode: 0o755 });
    await expect(run(script, ['ls'], { env: { PATH: `${bin}:/usr/bin:/bin` } })).rejects.toMatchObject({
      code: 78,
      stderr: expect.stringContaining('needs Node 24'),
    });
  });

  test('a checkout that is not built says how to build it', async () => {
    const root = await temporaryDirectory();
    const script = await install(root);
    await pin(join(root, 'node_modules'), 'own');
    await rm(join(root, 'dist'), { recursive: true });
    await expect(run(script, ['ls'], { env: { PATH: '/usr/bin:/bin' } })).rejects.toMatchObject({
      code: 78,
      stderr: expect.stringContaining('npm run build'),
    });
  });
});
