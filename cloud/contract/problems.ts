// Every failure that crosses between yacht, shore and people's tools: code → HTTP status, class, sentence. Codes are
// permanent. On HTTP they travel as application/problem+json (RFC 9457), on the line in REFUSED and BYE frames.
import type { FailureClass } from './failure.ts';

export interface ProblemKind {
  readonly status: number;
  readonly class: FailureClass;
  /** What happened and what to do, for people. */
  readonly title: string;
}

export const problems = {
  TENDER_SESSION_FENCED: {
    status: 409,
    class: 'AUTH',
    title: 'A newer session of this device is active: this one has ended.',
  },
  TENDER_DEVICE_CLONED: {
    status: 409,
    class: 'AUTH',
    title: 'Two copies of this device are running: stop one, then enrol the other as a device of its own.',
  },
  TENDER_LOG_RETIRED: {
    status: 409,
    class: 'AUTH',
    title: 'This device has gone on with another log: enrol this copy as a device of its own.',
  },
  TENDER_DEVICE_REVOKED: {
    status: 403,
    class: 'AUTH',
    title: 'This device was revoked: enrol it again. Its queue is kept.',
  },
  TENDER_STORE_UNAVAILABLE: {
    status: 503,
    class: 'BUSY',
    title: 'The cloud cannot reach its database or store right now: it will be tried again.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;
