// What every command of `tender cloud` shares: where settings come from, how results are said, and which exit code a
// failure becomes. With --json stdout carries JSON lines and nothing else.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { CloudError } from '../cloud-error.ts';
import { type CloudConfig, readCloudConfig } from '../config.ts';
import { CloudConfigError } from '../config-error.ts';

/** Options every command takes. */
export interface CommonOptions {
  readonly data?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Options of `tender cloud` itself that are settings, by setting name. */
export type SettingFlags = Readonly<Record<string, string | undefined>>;

/** Reads file, environment and flags. Throws CloudConfigError. */
export function configFrom(options: CommonOptions, flags: SettingFlags = {}): CloudConfig {
  const path = options.config ?? process.env.TENDER_CLOUD_CONFIG;
  const set = Object.fromEntries((options.set ?? []).map(splitSetting));
  return readCloudConfig({
    ...(path ? { file: { path, text: readConfigFile(path) } } : {}),
    environment: process.env,
    flags: { ...flags, data_directory: options.data && absolute(options.data), ...set },
    dataDirectory: defaultDataDirectory(),
  });
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CloudConfigError(
      `The configuration ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`,
    );
  }
}

function splitSetting(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CloudConfigError(`--set needs NAME=VALUE, not "${text.slice(0, 80)}".`);
  return [text.slice(0, at), text.slice(at + 1)];
}

export function absolute(path: string): string {
  return path.startsWith('/') ? path : join(process.cwd(), path);
}

/** Root keeps it where PostgreSQL's own user may pass; everybody else in his own state. */
function defaultDataDirectory(): string {
  if (process.getuid?.() === 0) return '/var/lib/tender-cloud';
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'tender-cloud');
}

/** Says a result: one JSON line, or its sentence. */
export function tell(
  options: CommonOptions,
  line: Readonly<Record<string, unknown>>,
  sentence: string,
): void {
  process.stdout.write(options.json ? `${JSON.stringify(line)}\n` : `${sentence}\n`);
}

/** Exit codes as sysexits.h has them. */
const exitCodes = { usage: 64, refused: 65, unavailable: 69, internal: 70, config: 78 } as const;

/** Says what went wrong and answers the exit code; never a stack. */
export function tellFailure(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    // Help and version are not failures; commander has said the rest already.
    return error.exitCode === 0 ? 0 : exitCodes.usage;
  }
  const { code, message, exit } = describe(error);
  if (json) process.stdout.write(`${JSON.stringify({ type: 'error', code, message })}\n`);
  process.stderr.write(`tender cloud: ${message} (${code})\n`);
  return exit;
}

function describe(error: unknown): {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
} {
  if (error instanceof CloudConfigError)
    return { code: error.code, message: error.message, exit: exitCodes.config };
  if (error instanceof CloudError) {
    const exit = error.class === 'BUSY' ? exitCodes.unavailable : exitCodes.refused;
    return { code: error.code, message: error.message, exit };
  }
  const system = error as NodeJS.ErrnoException;
  if (system?.code === 'EADDRINUSE') {
    const message =
      'The address to listen on is in use: stop what listens there, or choose another with --listen.';
    return { code: 'TENDER_ADDRESS_IN_USE', message, exit: exitCodes.unavailable };
  }
  const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
  return { code: 'TENDER_CLOUD_INTERNAL', message: `It failed: ${reason}`, exit: exitCodes.internal };
}
