// What can be wrong with a file aboard, in one table: errno → failure. A failure of this kind concerns one document
// (class ITEM) unless the machine itself ran out of something (LOCAL). Reader, settle and the effects use it.
import type { Failure } from '../../cloud/contract/failure.ts';
import type { MachineEvent } from '../../machines/kernel.ts';

export type SourceCode =
  | 'TENDER_SOURCE_VANISHED'
  | 'TENDER_SOURCE_UNREADABLE'
  | 'TENDER_SOURCE_NOT_A_FILE'
  | 'TENDER_SOURCE_READ_FAILED'
  | 'TENDER_SOURCE_FOLDER_UNKNOWN'
  | 'TENDER_SPOOL_DAMAGED'
  | 'TENDER_LOCAL_EXHAUSTED';

export interface SourceFailure extends Failure {
  readonly code: SourceCode;
}

const kinds = {
  TENDER_SOURCE_VANISHED: ['ITEM', 'The file is gone. It goes on by itself when the file is back.'],
  TENDER_SOURCE_UNREADABLE: [
    'ITEM',
    'The agent may not read the file. Give its user the right to read it; it is tried again on the next scan.',
  ],
  TENDER_SOURCE_NOT_A_FILE: [
    'ITEM',
    'This is no regular file (a link, pipe, socket or device), or a folder above it became a link. Put a real file in its place.',
  ],
  TENDER_SOURCE_READ_FAILED: [
    'ITEM',
    'Reading the file failed. Check the disk or the network share it lies on.',
  ],
  TENDER_SOURCE_FOLDER_UNKNOWN: [
    'ITEM',
    'The folder of this file is no longer watched. Add it to the configuration again, or cancel the upload.',
  ],
  TENDER_SPOOL_DAMAGED: [
    'ITEM',
    'The bytes that were added are not in the spool as they were. Check its disk, then add the file again.',
  ],
  TENDER_LOCAL_EXHAUSTED: [
    'LOCAL',
    'This machine is out of memory or open files. It is tried again by itself; close other programs if it stays so.',
  ],
} as const satisfies Record<SourceCode, readonly [Failure['class'], string]>;

export function sourceFailure(code: SourceCode, errno?: string): SourceFailure {
  const [failureClass, sentence] = kinds[code];
  return { class: failureClass, code, message: errno === undefined ? sentence : `${sentence} (${errno})` };
}

const byErrno: Readonly<Record<string, SourceCode>> = {
  ENOENT: 'TENDER_SOURCE_VANISHED',
  ENOTDIR: 'TENDER_SOURCE_VANISHED',
  EACCES: 'TENDER_SOURCE_UNREADABLE',
  EPERM: 'TENDER_SOURCE_UNREADABLE',
  ELOOP: 'TENDER_SOURCE_NOT_A_FILE', // O_NOFOLLOW met a symlink
  ENXIO: 'TENDER_SOURCE_NOT_A_FILE', // a socket
  EISDIR: 'TENDER_SOURCE_NOT_A_FILE',
  EMFILE: 'TENDER_LOCAL_EXHAUSTED',
  ENFILE: 'TENDER_LOCAL_EXHAUSTED',
  ENOMEM: 'TENDER_LOCAL_EXHAUSTED',
};

/** A rejected file operation as a failure; anything that is not one is a programmer's error and thrown on. */
export function failureOf(error: unknown): SourceFailure {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) throw error;
  return sourceFailure(byErrno[code] ?? 'TENDER_SOURCE_READ_FAILED', code);
}

/** Wait before a document is tried again when the machine itself was short of something. */
const localRetryMs = 5_000;

/** The event that a failed reading becomes. `send.failed` is for sendDocument only: settle waits such a time out itself. */
export function sourceEvent(failed: Failure): MachineEvent {
  const { class: failureClass, code, message } = failed;
  if (failureClass === 'LOCAL')
    return { type: 'send.failed', class: failureClass, code, message, delayMs: localRetryMs };
  if (code === 'TENDER_SOURCE_VANISHED') return { type: 'file.vanished' };
  return { type: 'file.unreadable', code, message };
}
