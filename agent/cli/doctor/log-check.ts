// Is the event log what it promised to be? Of a running agent the newest records are fetched and their chain computed again;
// of a stopped one the whole database is read.
import type { SavedRecord } from '../../../machines/bundle.ts';
import { createLevelStorage } from '../../adapters/level-storage.ts';
import { createChainCheck } from '../../bundle/make.ts';
import type { Config } from '../../config.ts';
import { openOfflineLog } from '../../daemon/offline-log.ts';
import { TenderError } from '../../errors.ts';
import type { HostStatus } from '../../host/contract.ts';
import { connectApi } from '../client.ts';
import { refuseOthersLog } from '../saved/stopped-log.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';

/** A database of 64 MB is read in a few seconds on a slow card. */
const logMaxMs = 60_000;
/** Records of a running agent whose chain is computed again. */
const chainMaxRecords = 5_000;
const pageRecords = 500;

export const logCheck: Check = {
  name: 'log',
  limitMs: logMaxMs,
  async run(facts, signal) {
    const { config, status, statusProblem } = facts;
    if (!config) return skipped('Without a usable configuration nobody knows where to look.');
    if (status) return running(config, status.log as HostStatus, signal);
    if (statusProblem?.code === 'TENDER_AGENT_NOT_RUNNING') return stopped(config);
    return skipped('An agent holds the log, and this user may not ask it.', 'Run this as the agent’s user.');
  },
};

async function running(config: Config, log: HostStatus, signal: AbortSignal) {
  if (log.writing !== 'open')
    return failed(
      `The log is ${log.writing}: nothing is promised (${log.lastWriteError ?? 'no reason given'}).`,
      'Look at the disk: full, worn out or read-only. The agent goes on by itself once it can write.',
    );
  const api = connectApi(config.api.socket, signal);
  const chain = createChainCheck(log.logId);
  const from = Math.max(log.oldestSeq - 1, log.lastSeq - chainMaxRecords);
  let at = from;
  while (at < log.lastSeq) {
    const { items } = await api.get(`/v1/log?after=${at}&limit=${pageRecords}`);
    const records = items as readonly SavedRecord[];
    if (records.length === 0) break;
    for (const record of records) {
      if (record.seq !== at + 1)
        return failed(
          `Records ${at + 1} to ${record.seq - 1} are missing.`,
          'Restart the agent: it rebuilds the log.',
        );
      at = record.seq;
      chain.take(record);
    }
  }
  if (!chain.holds())
    return failed(
      'The chain of hashes is broken.',
      'Save a bundle, then restart the agent: it rebuilds the log.',
    );
  return ok(
    `${log.lastSeq} records, boot ${log.boot}; the chain of the last ${at - from} holds; it takes writes.`,
  );
}

async function stopped(config: Config) {
  try {
    await refuseOthersLog(config.state.directory);
    const log = await openOfflineLog(createLevelStorage(config.state.directory, { existing: true }));
    try {
      if (log.damage !== null)
        return failed(
          `${log.damage}`,
          'Save a bundle, then start the agent: it sets the broken log aside and rebuilds.',
        );
      const { damage } = await log.audit();
      if (damage !== undefined)
        return failed(
          damage,
          'Save a bundle, then start the agent: it sets the broken log aside and rebuilds.',
        );
      const end = log.clean ? 'closed in order' : 'ended without a word, the next start takes it up';
      const about = `${log.head} records, boot ${log.boot}, ${end}; chain and rows are whole`;
      return log.quarantined.length === 0
        ? ok(`${about}.`)
        : warning(
            `${about}; ${log.quarantined.length} actors are set aside.`,
            'Look at them with `tender inspect`.',
          );
    } finally {
      await log.close();
    }
  } catch (error) {
    if (!(error instanceof TenderError)) throw error;
    if (error.code === 'TENDER_STATE_MISSING') return skipped(error.message);
    if (error.code === 'TENDER_NOT_PERMITTED') return skipped(error.message, 'Run this as the agent’s user.');
    if (error.code === 'TENDER_STATE_LOCKED')
      return failed(
        error.message,
        'An agent runs but does not answer on api.socket: name its socket with --socket.',
      );
    return failed(error.message, 'Save the state directory, then start the agent: it rebuilds what it can.');
  }
}
