// The log of an agent that is not running, read where it lies, under the agent's own lock and without changing a row.
import { createLevelStorage } from '../../adapters/level-storage.ts';
import { nodeClock } from '../../adapters/node-clock.ts';
import type { LogSource } from '../../bundle/log-source.ts';
import { offlineSource } from '../../bundle/offline-source.ts';
import { openOfflineLog } from '../../daemon/offline-log.ts';

export interface StoppedLog {
  readonly source: LogSource;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** Throws TENDER_STATE_MISSING, TENDER_STATE_LOCKED, TENDER_NOT_PERMITTED, TENDER_LOG_BROKEN. */
export async function openStoppedLog(directory: string): Promise<StoppedLog> {
  const log = await openOfflineLog(createLevelStorage(directory, { existing: true }));
  const notes = [
    ...(log.damage === null ? [] : [`The log is damaged: ${log.damage}`]),
    ...(log.clean ? [] : ['The agent did not end in order: it was killed, or the power was cut.']),
    ...(log.quarantined.length === 0 ? [] : [`${log.quarantined.length} actors are set aside.`]),
  ];
  return { source: offlineSource(log, nodeClock()), notes, close: log.close };
}
