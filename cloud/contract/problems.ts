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
  TENDER_DEVICE_UNKNOWN: {
    status: 401,
    class: 'AUTH',
    title: 'The cloud does not know this device: enrol it with a fresh code.',
  },
  TENDER_ENROLMENT_INVALID: {
    status: 403,
    class: 'AUTH',
    title: 'This enrolment code is wrong, used or older than it may be: ask the fleet office for a new one.',
  },
  TENDER_NOT_FOUND: {
    status: 404,
    class: 'ITEM',
    title: 'There is nothing here under this id.',
  },
  TENDER_UPLOAD_UNKNOWN: {
    status: 404,
    class: 'RESYNC',
    title: 'The cloud does not hold this upload open: it will be offered again.',
  },
  TENDER_VERSION_CONFLICT: {
    status: 409,
    class: 'RESYNC',
    title: 'This version number belongs to another upload: the inventory must be asked for.',
  },
  TENDER_NAME_TAKEN: {
    status: 409,
    class: 'ITEM',
    title: 'This name is taken: choose another.',
  },
  TENDER_CURSOR_INVALID: {
    status: 400,
    class: 'ITEM',
    title: 'This cursor is not one of ours: start again from the first page.',
  },
  TENDER_BLOB_MISSING: {
    status: 500,
    class: 'SERVER',
    title: 'Stored bytes are not where their row says: the operator must look at the blob store.',
  },
  TENDER_BLOB_STORE_FULL: {
    status: 507,
    class: 'BUSY',
    title: 'The cloud has no room for more bytes right now: it will be tried again.',
  },
  TENDER_SCHEMA_TOO_NEW: {
    status: 500,
    class: 'SERVER',
    title: 'The database was migrated by a newer release: run that release, or restore the older backup.',
  },
  TENDER_SCHEMA_TOO_OLD: {
    status: 500,
    class: 'SERVER',
    title: 'The database is older than this release: migrate it first.',
  },
  TENDER_DATABASE_ROLE_UNSAFE: {
    status: 500,
    class: 'SERVER',
    title:
      'The run-time database role may bypass row-level security: use tender_app, without SUPERUSER and BYPASSRLS.',
  },
  TENDER_POSTGRES_FAILED: {
    status: 500,
    class: 'SERVER',
    title: 'The PostgreSQL server that comes with tender did not start: see its log.',
  },
  TENDER_REQUEST_INVALID: {
    status: 400,
    class: 'ITEM',
    title: 'The request is not as the API describes it: see `errors`.',
  },
  TENDER_TOKEN_INVALID: {
    status: 401,
    class: 'AUTH',
    title: 'This needs a valid token in the Authorization header: `tender cloud token add` makes one.',
  },
  TENDER_SCOPE_MISSING: {
    status: 403,
    class: 'AUTH',
    title: 'The token is valid but may not do this: make one with the scope that `detail` names.',
  },
  TENDER_BODY_TOO_LARGE: {
    status: 413,
    class: 'ITEM',
    title: 'The body is larger than this route takes.',
  },
  TENDER_RANGE_INVALID: {
    status: 416,
    class: 'ITEM',
    title: 'The document does not have the bytes of this range.',
  },
  TENDER_TOO_MANY_REQUESTS: {
    status: 429,
    class: 'BUSY',
    title: 'Too many requests: wait as long as Retry-After says.',
  },
  TENDER_OVERLOADED: {
    status: 503,
    class: 'BUSY',
    title: 'The cloud is busy: wait as long as Retry-After says.',
  },
  TENDER_CLOUD_INTERNAL: {
    status: 500,
    class: 'SERVER',
    title: 'The cloud made an error of its own, which is in its log: trying again later may help.',
  },
  TENDER_READER_SLOW: {
    status: 503,
    class: 'BUSY',
    title: 'The yacht does not read what it is sent: connect again, everything unread is kept.',
  },
  TENDER_CLOCK_WRONG: {
    status: 401,
    class: 'AUTH',
    title: "The device's clock is too far off: it corrects itself from the cloud's signed answer, once.",
  },
  TENDER_SIGNATURE_REFUSED: {
    status: 401,
    class: 'AUTH',
    title: "The request is not signed with this device's key: enrol the device again if this lasts.",
  },
  TENDER_REQUEST_REPLAYED: {
    status: 401,
    class: 'AUTH',
    title: 'This request was seen before: each one is good once.',
  },
  TENDER_LINE_CLAIM_INVALID: {
    status: 400,
    class: 'AUTH',
    title: 'The request for a line does not say what it must: update tender aboard.',
  },
  TENDER_PROTOCOL_UNSUPPORTED: {
    status: 426,
    class: 'AUTH',
    title: 'Yacht and cloud have no protocol version in common: update the older of the two.',
  },
  TENDER_FRAME_MALFORMED: {
    status: 400,
    class: 'LINK',
    title: 'A frame could not be read: this lane has ended, and what was not confirmed is sent again.',
  },
  TENDER_FRAME_TOO_LARGE: {
    status: 413,
    class: 'LINK',
    title: 'A frame was longer than allowed: this lane has ended.',
  },
  TENDER_FRAME_UNKNOWN: {
    status: 400,
    class: 'LINK',
    title: 'A frame of a type that must be known was not: update the older of yacht and cloud.',
  },
  TENDER_FRAME_OUT_OF_PLACE: {
    status: 400,
    class: 'LINK',
    title: 'A frame came where it may not: this lane has ended.',
  },
  TENDER_LIMIT_EXCEEDED: {
    status: 413,
    class: 'LINK',
    title: 'More was sent than the limits in the hello allow: this lane has ended.',
  },
  TENDER_TOO_MANY_DOCUMENTS: {
    status: 429,
    class: 'BUSY',
    title: 'More documents are open in this session than allowed: wait until some are finished.',
  },
  TENDER_NAME_INVALID: {
    status: 422,
    class: 'ITEM',
    title: 'A document needs a name of 1 to 4096 bytes, a version from 1 on, and a date that exists.',
  },
  TENDER_CONTENT_MISMATCH: {
    status: 409,
    class: 'RESYNC',
    title: 'What arrived is not the announced document: it is offered again from its beginning.',
  },
  TENDER_LINE_CLOSING: {
    status: 503,
    class: 'BUSY',
    title: 'The cloud closes this line, for maintenance or because it was idle: connect again later.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;
