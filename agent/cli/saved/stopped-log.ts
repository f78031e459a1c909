// The log of an agent that is not running, read where it lies, under the agent's own lock and without changing a row.
import { stat } from 'node:fs/promises';
import { createLevelStorage } from '../../adapters/level-storage.ts';
import { nodeClock } from '../../adapters/node-clock.ts';
import type { LogSource } from '../../bundle/log-source.ts';
import { offlineSource } from '../../bundle/offline-source.ts';
import { openOfflineLog } from '../../daemon/offline-log.ts';
import { TenderError } from '../../errors.ts';

export interface StoppedLog {
  readonly source: LogSource;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/**
 * Refuses another user's log, also to root: opening it leaves files of ours in it, and the agent could not open them. Throws
 * TENDER_NOT_PERMITTED.
 */
export async function refuseOthersLog(directory: string): Promise<void> {
  const me = process.getuid?.();
  const owner = await stat(directory).then(
    ({ uid }) => uid,
    () => undefined,
  );
  if (owner !== undefined && me !== undefined && owner !== me)
    throw new TenderError(
      'TENDER_NOT_PERMITTED',
      `The log in ${directory} belongs to another user: run this as that one, such as with \`sudo -u '#${owner}' tender …\`.`,
    );
}

/** Throws TENDER_STATE_MISSING, TENDER_STATE_LOCKED, TENDER_NOT_PERMITTED, TENDER_LOG_BROKEN. */
export async function openStoppedLog(directory: string): Promise<StoppedLog> {
  await refuseOthersLog(directory);
  const log = await openOfflineLog(createLevelStorage(directory, { existing: true }));
  const notes = [
    ...(log.damage === null ? [] : [`The log is damaged: ${log.damage}`]),
    ...(log.clean ? [] : ['The agent did not end in order: it was killed, or the power was cut.']),
    ...(log.quarantined.length === 0 ? [] : [`${log.quarantined.length} actors are set aside.`]),
  ];
  return { source: offlineSource(log, nodeClock()), notes, close: log.close };
}
