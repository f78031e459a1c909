// What one check of `tender doctor` is and answers. Each looks at one thing, names the fix where there is one, and never
// waits longer than its limit.
import type { Config } from '../../config.ts';
import type { TenderError } from '../../errors.ts';
import type { Answer } from '../client.ts';

export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

export interface CheckResult {
  readonly name: string;
  readonly verdict: Verdict;
  /** One sentence. */
  readonly message: string;
  /** What to do; empty where nothing is. */
  readonly fix: string;
}

/** What the checks stand on: read once, before them. */
export interface Facts {
  /** Undefined: the configuration cannot be used; then `configProblem` says why. */
  readonly config: Config | undefined;
  readonly configProblem: TenderError | undefined;
  /** The running agent's status; undefined where none answers, or not to us. */
  readonly status: Answer | undefined;
  readonly statusProblem: TenderError | undefined;
  /** The running agent's own settings, which need not be those this command reads; empty where none answers. */
  readonly settings: ReadonlyMap<string, string>;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface Check {
  readonly name: string;
  /** Longest it may take. */
  readonly limitMs: number;
  run(facts: Facts, signal: AbortSignal): Promise<Omit<CheckResult, 'name'>>;
}

type Outcome = Omit<CheckResult, 'name'>;

export const ok = (message: string): Outcome => ({ verdict: 'ok', message, fix: '' });
export const skipped = (message: string, fix = ''): Outcome => ({ verdict: 'skipped', message, fix });
export const warning = (message: string, fix: string): Outcome => ({ verdict: 'warning', message, fix });
export const failed = (message: string, fix: string): Outcome => ({ verdict: 'failed', message, fix });

/** What a failed system call calls itself; never its message, which may hold anything. */
export function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : 'unknown error';
}

/** Part of a status, whatever its shape. */
export function part(answer: Answer | undefined, name: string): Answer {
  const value = answer?.[name];
  return typeof value === 'object' && value !== null ? (value as Answer) : {};
}

/** Where the state lies: the running agent knows best. */
export function stateDirectory({ config, settings }: Facts): string | undefined {
  return settings.get('state.directory') ?? config?.state.directory;
}
