// Failures of the line that aboard finds out itself; the cloud's own come with theirs. Codes are permanent.
import type { Failure, FailureClass } from '../../cloud/contract/failure.ts';
import { type ProblemCode, problems } from '../../cloud/contract/problems.ts';

export const lineFailures = {
  TENDER_LINE_CUT: ['LINK', 'The connection to the cloud broke. What was confirmed is not sent again.'],
  TENDER_LINE_SILENT: [
    'LINK',
    'The cloud has not confirmed anything for too long and a new connection did not come through.',
  ],
  TENDER_HELLO_LATE: ['LINK', 'The cloud did not speak in time.'],
  TENDER_CLOUD_UNPROVEN: [
    'CAPTIVE',
    'Something that is not the cloud answered: log in to the network first, if it asks for that. Nothing was sent to it.',
  ],
  TENDER_HELLO_FORGED: [
    'INTERCEPTED',
    'Whoever answered does not hold the cloud’s key: something on the way reads along, or the address is wrong. No document was sent.',
  ],
  TENDER_RECEIPT_FORGED: [
    'INTERCEPTED',
    'A receipt did not bear the cloud’s signature. Nothing counts as stored by it; the connection was ended.',
  ],
  TENDER_RECEIPT_MISMATCH: [
    'INTERCEPTED',
    'The cloud’s receipt is for other content than what was sent. The document does not count as stored.',
  ],
  TENDER_LINE_PROTOCOL: [
    'LINK',
    'The cloud said something that cannot be understood. Update the older of the two.',
  ],
  TENDER_SYNC_LOST: [
    'RESYNC',
    'Yacht and cloud kept disagreeing about what has arrived: the document is offered again.',
  ],
  TENDER_NOTICE_NOT_KEPT: [
    'LOCAL',
    'A notice could not be written to the log. It comes again with the next connection.',
  ],
  TENDER_NOT_ENROLLED: [
    'AUTH',
    'This device is not enrolled yet: run `tender enrol URL CODE` with a code from the fleet office.',
  ],
  TENDER_LINE_UNPREPARED: [
    'LOCAL',
    'The connection could not be prepared: the device’s key or the address of the cloud cannot be used. The log says why.',
  ],
  TENDER_LINE_STOPPED: ['POLICY', 'The connection was closed aboard.'],
} as const satisfies Record<string, readonly [FailureClass, string]>;

export type LineFailureCode = keyof typeof lineFailures;

export function lineFailure(code: LineFailureCode): Failure {
  const [failureClass, message] = lineFailures[code];
  return { class: failureClass, code, message };
}

/** What the cloud said, with the class of its code; a code of a later version counts as the cloud's own trouble. */
export function saidByCloud(said: { code: string; message?: string; retryAfterMs: number }): Failure {
  const known = Object.hasOwn(problems, said.code) ? problems[said.code as ProblemCode] : undefined;
  return {
    class: known?.class ?? 'SERVER',
    code: said.code,
    message: said.message || known?.title || 'The cloud refused, in words this version does not know.',
    ...(said.retryAfterMs > 0 && { retryAfterMs: said.retryAfterMs }),
  };
}
