// Sets the scene: a cloud with its own PostgreSQL, an office that issues a code and a token, the link, an enrolled agent
// that watches one folder. Everything lives in one temporary directory and goes when the demo goes.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, connectApi } from '../client.ts';
import { folderLabel } from './documents.ts';
import { type Link, openLink } from './link/link.ts';
import { linkProfiles } from './link/profiles.ts';
import type { DemoOptions } from './options.ts';
import { errand, type Running, serve } from './processes.ts';

export interface Stage {
  readonly cloudUrl: string;
  readonly token: string;
  readonly folder: string;
  readonly socket: string;
  readonly link: Link;
  readonly api: ApiClient;
  /** Resolves when cloud or agent end by themselves, with what happened. */
  readonly failed: Promise<string>;
  close(): Promise<void>;
}

const fleet = 'demo-fleet';
const yacht = 'M/Y Demo';

/** mulberry32: a small seeded generator, good enough to draw outages by. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function setStage(
  options: DemoOptions,
  say: (step: string) => void,
  linkChanged: (up: boolean) => void,
  signal: AbortSignal,
): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'tender-demo-'));
  // PostgreSQL refuses to run as root and drops to a user who must be able to walk here.
  await chmod(directory, 0o755);
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    say('starting the cloud: PostgreSQL, API, worker');
    const cloudOptions = ['--data', join(directory, 'cloud')];
    const cloud = await serve('cloud', [...cloudOptions, '--listen', '127.0.0.1:0', '--json'], (line) =>
      line.type === 'ready' ? String(line.url) : undefined,
    );
    undo.push(() => cloud.running.stop());
    const cloudUrl = cloud.answer;
    await errand('cloud', ['tenant', 'add', fleet, ...cloudOptions]);
    const [enrolment] = await errand('cloud', ['yacht', 'add', yacht, '--tenant', fleet, ...cloudOptions]);
    const [token] = await errand('cloud', ['token', 'add', '--tenant', fleet, ...cloudOptions]);

    say(`hanging a ${options.link} link between ship and shore`);
    const port = Number(new URL(cloudUrl).port);
    const link = await openLink(linkProfiles[options.link], port, seeded(options.seed), linkChanged);
    undo.push(() => link.close());

    say('enrolling the yacht and starting its agent');
    const state = join(directory, 'agent');
    const folder = options.files ?? join(directory, folderLabel);
    const socket = join(directory, 'agent.sock');
    await mkdir(folder, { recursive: true });
    const agentOptions = [
      ...['--set', `state.directory=${state}`, '--set', `api.socket=${socket}`],
      ...['--set', `folders.${folderLabel}.path=${folder}`],
      ...['--set', 'files.settle_quiet=200ms', '--set', 'files.rescan=2s', '--set', 'ui.listen=127.0.0.1:0'],
    ];
    await errand('agent', [
      ...['enrol', `http://127.0.0.1:${link.port}`, String(enrolment?.code)],
      ...agentOptions,
    ]);
    const agent = await serve('agent', ['agent', ...agentOptions, '--json'], (line) =>
      line.type === 'ready' ? true : undefined,
    );
    undo.push(() => agent.running.stop());
    return {
      cloudUrl,
      token: String(token?.token),
      folder,
      socket,
      link,
      api: connectApi(socket, signal),
      failed: Promise.race([ending('cloud', cloud.running), ending('agent', agent.running)]),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ending(name: string, running: Running): Promise<string> {
  const how = await running.ended;
  return `the ${name} ended with ${how}. It said last:\n${running.errors().trim()}`;
}
