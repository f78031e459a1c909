// What every command is given: its options, where to print, and doors that open only when a command needs them. Commands
// take nothing from the process themselves, so tests run them in one process with captured output.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Config, loadConfig } from '../config.ts';
import { TenderError } from '../errors.ts';
import { type ApiClient, connectApi } from './client.ts';
import { forTerminal } from './text.ts';

export interface Streams {
  /** Data. */
  out(text: string): void;
  /** Talk: progress, hints, errors. */
  err(text: string): void;
  /** Whether a person watches `err`: progress bars only then. */
  readonly terminal: boolean;
  readonly columns: number;
  /** Asks a person for things nobody may see, one after the other. Absent when no person sits at a terminal. */
  secrets?(questions: readonly string[]): Promise<readonly string[]>;
}

export interface World {
  readonly streams: Streams;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Of this package. */
  readonly version: string;
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Options every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly config?: string;
  readonly socket?: string;
  readonly set?: readonly string[];
}

export interface Context extends World {
  readonly json: boolean;
  /** One line for people, cleaned of control characters; nothing under --json. */
  say(text: string): void;
  /** One JSON line under --json; nothing for people. */
  tell(line: { readonly type: string; readonly [key: string]: unknown }): void;
  /** A path as the user meant it: relative to where they stood, also under `npm run`. */
  path(text: string): string;
  config(): Promise<Config>;
  api(): Promise<ApiClient>;
}

const systemConfig = '/etc/tender/tender.toml';

export function createContext(world: World, options: CommonOptions): Context {
  const json = options.json === true;
  // npm runs scripts in the package's root and keeps the user's folder in INIT_CWD.
  const npmFolder = world.environment.npm_lifecycle_event ? world.environment.INIT_CWD : undefined;
  const path = (text: string) => resolve(npmFolder ?? world.workingDirectory, text);
  let config: Promise<Config> | undefined;
  const context: Context = {
    ...world,
    json,
    say: (text) => {
      if (!json) world.streams.out(`${forTerminal(text)}\n`);
    },
    tell: (line) => {
      if (json) world.streams.out(`${JSON.stringify(line)}\n`);
    },
    path,
    config: () => {
      config ??= readConfig(world, options, path);
      return config;
    },
    api: async () => connectApi((await context.config()).api.socket, world.signal),
  };
  return context;
}

async function readConfig(
  world: World,
  options: CommonOptions,
  path: (text: string) => string,
): Promise<Config> {
  const flags: Record<string, string> = {};
  for (const pair of options.set ?? []) {
    const at = pair.indexOf('=');
    if (at < 1) throw new TenderError('TENDER_USAGE', `--set ${pair} needs the form section.key=value.`);
    flags[pair.slice(0, at)] = pair.slice(at + 1);
  }
  if (options.socket !== undefined) flags['api.socket'] = path(options.socket);
  const named = options.config ?? world.environment.TENDER_CONFIG;
  const file = await readConfigFile(named === undefined ? systemConfig : path(named), named !== undefined);
  return loadConfig({ ...(file ? { file } : {}), environment: world.environment, flags });
}

async function readConfigFile(path: string, mustExist: boolean) {
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' && !mustExist) return undefined;
    throw new TenderError('TENDER_CONFIG_INVALID', `The configuration ${path} cannot be read (${code}).`, {
      cause: error,
    });
  }
}
