// Runs every check of `tender doctor` beside the others, each within its own limit: also for bundles.
import { TenderError } from '../../errors.ts';
import type { Answer } from '../client.ts';
import type { Context } from '../context.ts';
import { agentCheck, pageCheck, versionsCheck } from './aboard-checks.ts';
import { clockCheck, cloudCheck, linkCheck } from './ashore-checks.ts';
import { type Check, type CheckResult, codeOf, type Facts } from './check.ts';
import { configCheck, foldersCheck, spoolCheck, stateCheck } from './disk-checks.ts';
import { logCheck } from './log-check.ts';

export interface DoctorReport {
  readonly checks: readonly CheckResult[];
  readonly counts: {
    readonly ok: number;
    readonly warning: number;
    readonly failed: number;
    readonly skipped: number;
  };
}

const checks: readonly Check[] = [
  configCheck,
  agentCheck,
  stateCheck,
  logCheck,
  spoolCheck,
  foldersCheck,
  linkCheck,
  cloudCheck,
  clockCheck,
  pageCheck,
  versionsCheck,
];

/** An agent that does not answer within this time is as good as none. */
const askMaxMs = 5_000;

export async function doctorReport(context: Context): Promise<DoctorReport> {
  const facts = await gather(context);
  const results = await Promise.all(checks.map((check) => within(check, facts)));
  const count = (verdict: CheckResult['verdict']) => results.filter((one) => one.verdict === verdict).length;
  return {
    checks: results,
    counts: {
      ok: count('ok'),
      warning: count('warning'),
      failed: count('failed'),
      skipped: count('skipped'),
    },
  };
}

async function gather(context: Context): Promise<Facts> {
  const known = (error: unknown) =>
    error instanceof TenderError
      ? error
      : new TenderError('TENDER_INTERNAL', codeOf(error), { cause: error });
  let config: Facts['config'];
  let configProblem: TenderError | undefined;
  let status: Answer | undefined;
  let statusProblem: TenderError | undefined;
  let settings = new Map<string, string>();
  try {
    config = await context.config();
  } catch (error) {
    configProblem = known(error);
  }
  if (config)
    try {
      const ask = async (path: string) => (await context.api()).get(path);
      status = await limited(askMaxMs, context.signal, () => ask('/v1/status'));
      settings = settingsOf(await limited(askMaxMs, context.signal, () => ask('/v1/config')));
    } catch (error) {
      if (!status) statusProblem = known(error);
    }
  const { version, environment, signal } = context;
  return { config, configProblem, status, statusProblem, settings, version, environment, signal };
}

function settingsOf(answer: Answer): Map<string, string> {
  const lines = (answer.settings ?? []) as readonly { readonly key: string; readonly value: string }[];
  return new Map(lines.map(({ key, value }) => [key, value]));
}

/** One check, within its limit; exported for tests. */
export async function within(check: Check, facts: Facts): Promise<CheckResult> {
  const { name, limitMs } = check;
  try {
    return { name, ...(await limited(limitMs, facts.signal, (signal) => check.run(facts, signal))) };
  } catch (error) {
    if (facts.signal.aborted) throw error;
    const late = error === tooLate;
    return {
      name,
      verdict: 'failed',
      message: late
        ? `There was no answer within ${limitMs / 1000} s.`
        : `The check itself failed (${codeOf(error)}).`,
      fix: late
        ? 'Look at the disk or network it asks: something there hangs.'
        : 'Report it with `tender bundle`.',
    };
  }
}

const tooLate = new Error('too late');

/** Leaves what hangs behind: a blocked network share answers to no signal. */
async function limited<T>(
  ms: number,
  outer: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate), ms);
    outer.addEventListener('abort', () => reject(outer.reason), { once: true });
  });
  try {
    return await Promise.race([run(abort.signal), end]);
  } finally {
    clearTimeout(timer);
    abort.abort(tooLate);
  }
}
