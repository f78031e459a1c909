// The log a command is about: of the running agent when one answers, else of the stopped one, read from its database without
// changing it. `tender bundle`, `tender whatif` and `tender inspect` begin here.
import type { JsonObject } from '../../../machines/json.ts';
import type { LogSource } from '../../bundle/log-source.ts';
import { TenderError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { openBundleLog } from './bundle-log.ts';
import { openLiveLog } from './live-log.ts';
import { openStoppedLog } from './stopped-log.ts';

export interface SavedLog {
  readonly how: 'running agent' | 'stopped agent';
  readonly source: LogSource;
  readonly config: readonly JsonObject[] | undefined;
  readonly status: JsonObject | undefined;
  /** What the reader should know, each a sentence. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export async function openSavedLog(context: Context): Promise<SavedLog> {
  try {
    const live = await openLiveLog(await context.api());
    const { config, status } = live;
    return { how: 'running agent', source: live, config, status, notes: [], close: async () => {} };
  } catch (error) {
    if (!(error instanceof TenderError) || error.code !== 'TENDER_AGENT_NOT_RUNNING') throw error;
    const config = await context.config();
    const { source, notes, close } = await openStoppedLog(config.state.directory);
    return {
      how: 'stopped agent',
      source,
      config: config.lines as unknown as readonly JsonObject[],
      status: undefined,
      notes: ['The agent was not running when this was made; its log was read where it lies.', ...notes],
      close,
    };
  }
}

/** Of a bundle, where one is named. */
export async function openLog(
  context: Context,
  file: string | undefined,
): Promise<Pick<SavedLog, 'source' | 'close'>> {
  if (file === undefined) return openSavedLog(context);
  const { source } = await openBundleLog(context.path(file));
  return { source, close: async () => {} };
}
