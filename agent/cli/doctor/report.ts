// What `tender doctor` finds, for the command and for bundles.
import type { Context } from '../context.ts';

export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

export interface CheckResult {
  readonly name: string;
  readonly verdict: Verdict;
  /** One sentence. */
  readonly message: string;
  /** What to do; empty when nothing is. */
  readonly fix: string;
}

export interface DoctorReport {
  readonly checks: readonly CheckResult[];
}

export async function doctorReport(_context: Context): Promise<DoctorReport> {
  return { checks: [] };
}
