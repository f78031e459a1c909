// The log of an agent that is not running, read where it lies.
import type { LogSource } from '../../bundle/log-source.ts';
import { TenderError } from '../../errors.ts';

export async function openStoppedLog(directory: string): Promise<{
  readonly source: LogSource;
  readonly notes: readonly string[];
  close(): Promise<void>;
}> {
  throw new TenderError('TENDER_AGENT_NOT_RUNNING', `No agent runs on ${directory}.`);
}
