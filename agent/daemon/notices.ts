// The cloud's word that a document is searchable, taken into the log exactly once: a notice's event and the cursor that
// counts it are one batch, and the cloud is told "seen" only after that batch is on the medium. A notice for a document
// the log no longer knows (rebuilt, long folded away) only moves the cursor.
import type { NoticeFrame } from '../../cloud/contract/frames.ts';
import type { Json } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { Host } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Change, Clock } from '../ports.ts';

/** A notice as it comes over the line. */
export type Notice = Pick<
  NoticeFrame,
  'sequence' | 'uploadId' | 'documentId' | 'version' | 'kind' | 'passages' | 'reason'
>;

export interface Notices {
  /**
   * The last notice to this device in the log; 0 before the first. From now on `take` counts for this device: the cloud
   * numbers per device, and one that was enrolled anew begins at 1 again.
   */
  cursor(deviceId: string): Promise<number>;
  /** After cursor(). Resolves when all of them are in the log, with the cursor to acknowledge. In order, one call after the other. */
  take(notices: readonly Notice[]): Promise<number>;
  /** Wall clock of the last one taken in this life. */
  readonly takenMs: number | null;
}

export const cursorKey = (deviceId: string): string => `cursor/notices/${deviceId}`;

export function createNotices({
  host,
  log,
  clock,
}: {
  host: Pick<Host, 'row' | 'putRows' | 'send'>;
  log: Log;
  clock?: Pick<Clock, 'wallMs'>;
}): Notices {
  let device = '';
  let known: number | undefined;
  let takenMs: number | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  async function current(): Promise<number> {
    known ??= Number((await host.row(cursorKey(device))) ?? 0);
    return known;
  }

  async function takeOne(notice: Notice): Promise<void> {
    const at = await current();
    // Replayed after a lost acknowledgement: the log has it already.
    if (notice.sequence <= at) return;
    if (notice.sequence > at + 1)
      log({
        level: 'warning',
        code: 'TENDER_NOTICE_GAP',
        message: `The cloud's notices jump from ${at} to ${notice.sequence}: those between are gone ashore.`,
      });
    const rows: readonly Change[] = [{ type: 'put', key: cursorKey(device), value: String(notice.sequence) }];
    const actor = `upload/${notice.uploadId}`;
    const answer = await host.send(actor, eventOf(notice), { src: 'sys', rows });
    if (!answer.accepted) {
      await host.putRows(rows, { soft: false });
      if (answer.reason !== 'finished' && answer.reason !== 'unknown')
        log({ level: 'warning', actor, message: `A notice changed nothing: ${answer.message}` });
    }
    known = notice.sequence;
    takenMs = clock?.wallMs() ?? null;
  }

  return {
    cursor(deviceId) {
      if (deviceId !== device) known = undefined;
      device = deviceId;
      return current();
    },
    take(notices) {
      const taken = queue.then(async () => {
        for (const notice of notices) await takeOne(notice);
        return current();
      });
      // A failed write is told to this caller; the next one begins where the log stands.
      queue = taken.catch(() => {
        known = undefined;
      });
      return taken;
    },
    get takenMs() {
      return takenMs;
    },
  };
}

function eventOf(notice: Notice): MachineEvent {
  const { documentId, version, passages, reason } = notice;
  if (notice.kind === 'index-failed') return { type: 'document.indexFailed', documentId, version, reason };
  const event: { type: string; [field: string]: Json } = {
    type: 'document.indexed',
    documentId,
    version,
    passages,
  };
  if (reason !== '') event.reason = reason;
  return event;
}
