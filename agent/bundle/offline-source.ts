// The log of an agent that does not run, as a bundle reads it. Also of a voyage of the simulator, over its fake disk.
import type { SavedRecord } from '../../machines/bundle.ts';
import { definitionOf } from '../../machines/registry.ts';
import { recordJson } from '../api/event-stream.ts';
import { createCells } from '../daemon/history-cells.ts';
import type { OfflineLog } from '../daemon/offline-log.ts';
import { TenderError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import { foundMax, type LogSource } from './log-source.ts';

const pageActors = 500;
const pageRecords = 500;

export function offlineSource(log: OfflineLog, clock: Clock): LogSource {
  const { reads } = log;
  const cells = createCells({ host: reads, clock });
  return {
    logId: log.logId,
    oldest: log.oldest,
    head: log.head,
    nowMs: log.at,
    async *records(after, upTo) {
      for await (const record of reads.history({ after, limit: Math.max(0, upTo - after) }))
        yield recordJson(record) as unknown as SavedRecord;
    },
    async base(actor, n) {
      try {
        const kind = actor.slice(0, actor.indexOf('/'));
        const { cell } = await cells.at(actor, n);
        return { actor, n, kind: `${kind}@${definitionOf(kind).version}`, cell };
      } catch (error) {
        if (error instanceof TenderError && error.code !== 'TENDER_LOG_BROKEN') return undefined;
        throw error;
      }
    },
    async *actors() {
      for (let after: string | undefined; ; ) {
        const found = await reads.find({ limit: pageActors, ...(after === undefined ? {} : { after }) });
        for (const { actor, kind, cell, quarantined } of found.actors) {
          if (quarantined !== undefined || definitionOf(kind).finalStates.includes(cell.value)) continue;
          yield { actor, n: cell.n, state: cell.value };
        }
        if (!found.more || found.scannedTo === undefined) return;
        after = found.scannedTo;
      }
    },
    async *ofActor(actor, n) {
      for (let after = n; ; ) {
        let count = 0;
        for await (const record of reads.history({ actor, after, limit: pageRecords })) {
          count++;
          after = record.n;
          yield recordJson(record) as unknown as SavedRecord;
        }
        if (count < pageRecords) return;
      }
    },
    async find(text) {
      const names: string[] = [];
      for (let after: string | undefined; ; ) {
        const found = await reads.find({ limit: foundMax, text, ...(after === undefined ? {} : { after }) });
        names.push(...found.actors.map(({ actor }) => actor));
        if (!found.more || found.scannedTo === undefined || names.length >= foundMax) return names;
        after = found.scannedTo;
      }
    },
  };
}
