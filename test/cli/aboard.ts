// A real agent in a directory of its own, and the real command line against it: real socket, real LevelDB, no cloud. Both
// run in this process, so that a test takes a tenth of a second and coverage sees them.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCli } from '../../agent/cli/program.ts';
import { loadConfig } from '../../agent/config.ts';
import { runAgent } from '../../agent/main.ts';
import { temporaryDirectory } from '../support/temporary.ts';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Lines of `out` as JSON. */
  readonly json: readonly Record<string, unknown>[];
}

export interface Yacht {
  readonly directory: string;
  readonly socket: string;
  /** Where its page is served; undefined when the settings say off. */
  readonly page: string | undefined;
  /** Runs `tender …` as a person standing in `directory`. */
  tender(...args: string[]): Promise<CliRun>;
  /** The same with more of the world decided by the test. */
  tenderIn(
    world: {
      environment?: Record<string, string>;
      signal?: AbortSignal;
      terminal?: boolean;
      seen?: (out: string) => void;
    },
    ...args: string[]
  ): Promise<CliRun>;
  file(name: string | Buffer, content: string | Uint8Array): Promise<void>;
  /** Starts the agent; resolves when its socket answers. */
  start(): Promise<void>;
  /** Ends it in order; answers its exit code. */
  stop(): Promise<number>;
}

/** `outlivesTest`: for one made in beforeAll; its end and its directory are the caller's. */
export async function yacht(toml = '', { outlivesTest = false } = {}): Promise<Yacht> {
  const directory = outlivesTest ? await mkdtemp(join(tmpdir(), 'tender-test-')) : await temporaryDirectory();
  const socket = join(directory, 'agent.sock');
  const state = join(directory, 'state');
  await mkdir(join(directory, 'scans'));
  // Agents of other tests run beside us: only who asks for it gets a port.
  const page = /^\[ui\]/m.test(toml) ? '' : '[ui]\nlisten = "off"\n';
  const text = `${page}[state]\ndirectory = "${state}"\n[api]\nsocket = "${socket}"\n[log]\nlevel = "error"\n${toml.replaceAll('$HERE', directory)}`;
  const configPath = join(directory, 'tender.toml');
  await writeFile(configPath, text);
  let running: { ended: Promise<number>; abort: AbortController } | undefined;

  const self: Yacht & { page: string | undefined } = {
    directory,
    socket,
    page: undefined,
    tender: (...args) => self.tenderIn({}, ...args),
    async tenderIn(world, ...args) {
      let out = '';
      let err = '';
      const code = await runCli(args, {
        streams: {
          out: (part) => {
            out += part;
            world.seen?.(out);
          },
          err: (part) => {
            err += part;
          },
          terminal: world.terminal ?? false,
          columns: 120,
        },
        environment: { USER: 'anna', TENDER_CONFIG: configPath, ...world.environment },
        workingDirectory: directory,
        version: '0.0.0-test',
        signal: world.signal ?? new AbortController().signal,
      });
      const json = out
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      return { code, out, err, json };
    },
    file: (name, content) =>
      writeFile(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name as string)]), content),
    async start() {
      const config = await loadConfig({ file: { path: configPath, text }, environment: {}, flags: {} });
      const abort = new AbortController();
      let ready = (_socket: string, _page: string | undefined) => {};
      const listening = new Promise<void>((resolve) => {
        ready = (_socket, page) => {
          self.page = page;
          resolve();
        };
      });
      const ended = runAgent(config, abort.signal, '0.0.0-test', ready);
      running = { ended, abort };
      // An agent that cannot start says why; then there is nothing to wait for.
      await Promise.race([listening, ended]);
    },
    async stop() {
      if (!running) return 0;
      const { ended, abort } = running;
      running = undefined;
      abort.abort(new Error('the test is over'));
      return ended;
    },
  };
  if (!outlivesTest)
    onTestFinished(async () => {
      await self.stop().catch(() => undefined);
    });
  return self;
}
