import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { agentNodeFlags } from '../../agent/cli/node-flags.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const main = join(import.meta.dirname, '..', '..', 'agent', 'cli', 'main.ts');

async function box() {
  const home = await temporaryDirectory();
  const socket = join(home, 'agent.sock');
  await mkdir(join(home, 'state'));
  const config = join(home, 'tender.toml');
  await writeFile(config, `[state]\ndirectory = "${join(home, 'state')}"\n[api]\nsocket = "${socket}"\n`);

  /** A real process of the command line; what it says is gathered. */
  function tender(...args: string[]) {
    const child = spawn(process.execPath, [...agentNodeFlags, main, ...args], {
      cwd: home,
      env: { PATH: process.env.PATH, TENDER_CONFIG: config, USER: 'anna' },
    });
    onTestFinished(
      () => void (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')),
    );
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text;
    });
    const ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
      ...said,
    }));
    return { child, said, ended };
  }

  async function agent() {
    const running = tender('agent', '--json');
    await expect.poll(() => running.said.out + running.said.err, { timeout: 15_000 }).toContain('ready');
    return running;
  }

  return { home, socket, tender, agent };
}

const pressed = (child: ChildProcess, signal: NodeJS.Signals) => child.kill(signal);

describe('the agent as a process', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s ends it in order: exit 0, socket gone, soon',
    async (signal) => {
      const { socket, agent } = await box();
      const running = await agent();
      const asked = performance.now();
      pressed(running.child, signal);
      expect(await running.ended).toMatchObject({ code: 0, signal: null });
      expect(performance.now() - asked).toBeLessThan(5_000);
      await expect(stat(socket)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  test('killed without a word, it leaves a socket and a lock that the next one takes over, and everything queued', async () => {
    const { home, tender, agent } = await box();
    const first = await agent();
    await writeFile(join(home, 'a.txt'), 'kept');
    const added = await tender('add', 'a.txt', '--json').ended;
    expect(added).toMatchObject({ code: 0 });
    const { items } = JSON.parse(added.out.trim().split('\n').at(-1)!) as { items: { id: string }[] };
    pressed(first.child, 'SIGKILL');
    await first.ended;
    await agent();
    const listed = await tender('ls', '--json').ended;
    expect(JSON.parse(listed.out)).toMatchObject({
      items: [{ id: items[0]!.id, name: 'added/a.txt', sizeBytes: 4 }],
    });
  });

  test('a reader that closes its end (`tender ls | head`) is no failure', async () => {
    const { tender, agent } = await box();
    await agent();
    const run = tender('config', 'show', '--origin');
    run.child.stdout!.destroy();
    expect(await run.ended).toMatchObject({ code: 0, err: '' });
  });

  test('a directory it may not use: 78 with the path, and nothing left running', async () => {
    const { home, tender } = await box();
    const inAFile = join(home, 'tender.toml', 'state');
    const { code, err } = await tender('agent', '--set', `state.directory=${inAFile}`).ended;
    expect([code, err]).toEqual([78, expect.stringContaining(`${inAFile} cannot be used (ENOTDIR)`)]);
  });
});
