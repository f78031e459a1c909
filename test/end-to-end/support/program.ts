// A process under test: cloud or agent as emitted JavaScript, the way they run in real life. Keeps what it says, and can
// be killed without warning. Every process started here is gone when close() of its owner has run.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { agentNodeFlags, cloudNodeFlags } from '../../../agent/cli/node-flags.ts';
import { until } from './until.ts';

const above = join(import.meta.dirname, '..', '..', '..');
/** A benchmark runs from the emitted code itself, a test from its source. */
const emitted = existsSync(join(above, 'package.json')) ? join(above, 'dist') : above;
/** As the launcher starts them: memory and speed are those of real life. */
const nodeFlags = { cloud: cloudNodeFlags, agent: agentNodeFlags } as const;
const mains = { cloud: ['cloud', 'cli', 'main.js'], agent: ['agent', 'cli', 'main.js'] } as const;

export type Half = keyof typeof mains;
export type Line = Readonly<Record<string, unknown>>;

const logMaxCharacters = 400_000;
const stopMaxMs = 20_000;

export interface Program {
  readonly pid: number;
  /** JSON lines of stdout, so far. */
  readonly lines: readonly Line[];
  /** The end of what it said on stderr. */
  log(): string;
  /** JSON lines of stderr that name this code. */
  logged(code: string): readonly Line[];
  readonly alive: boolean;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Resolves with its first line of this type; rejects if it ends before. */
  said(type: string): Promise<Line>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<number | string>;
}

export function startProgram(half: Half, args: readonly string[]): Program {
  const main = join(emitted, ...mains[half]);
  if (!existsSync(main))
    throw new Error(
      `There is no ${main}: these tests run emitted JavaScript, so run \`npm run build\` first.`,
    );
  const child = spawn(process.execPath, [...nodeFlags[half], main, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(),
  });
  const lines: Line[] = [];
  collect(child, lines);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-logMaxCharacters);
  });
  let alive = true;
  const ended = new Promise<number | string>((resolve) => {
    const end = (how: number | string): void => {
      alive = false;
      resolve(how);
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(code ?? signal ?? 'unknown'));
  });
  return {
    pid: child.pid ?? 0,
    lines,
    log: () => log,
    logged: (code) => jsonLines(log).filter((line) => line.code === code),
    get alive() {
      return alive;
    },
    ended,
    said: (type) =>
      until(`${half} ${args[0] ?? ''} to say "${type}"`, () => {
        const line = lines.find((one) => one.type === type);
        if (line) return line;
        if (!alive) throw new Error(`the ${half} ended early. It said last:\n${log.slice(-3_000)}`);
        return undefined;
      }),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
      const how = await ended;
      clearTimeout(killer);
      return how;
    },
  };
}

/** Runs a command to its end. */
export async function runCommand(
  half: Half,
  args: readonly string[],
): Promise<{ readonly exit: number | string; readonly lines: readonly Line[]; readonly log: string }> {
  const program = startProgram(half, args);
  const exit = await program.ended;
  return { exit, lines: program.lines, log: program.log() };
}

/** Settings of whoever runs the tests must not reach the programs. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TENDER_') && name !== 'DATABASE_URL' && name !== 'NODE_OPTIONS',
  );
  return Object.fromEntries(kept);
}

function collect(child: ChildProcess, lines: Line[]): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...jsonLines(parts.join('\n')));
  });
}

function jsonLines(text: string): Line[] {
  const found: Line[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('{') || !line.endsWith('}')) continue;
    found.push(JSON.parse(line) as Line);
  }
  return found;
}
