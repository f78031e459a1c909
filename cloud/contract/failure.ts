// The nine classes of failure (reliability 5.2): every outcome anywhere between yacht and shore maps to exactly one.
// The class decides what happens next; the code says what happened; the message says what a person can do.

export const failureClasses = [
  'LINK', // no route, DNS, timeouts, reset, cut: the connection's business, never an attempt
  'CAPTIVE', // something that is not our cloud answered: nothing is sent to it
  'INTERCEPTED', // TLS shows a certificate that is not ours
  'BUSY', // the cloud says: later (429, 503, 507)
  'SERVER', // the cloud failed (other 5xx)
  'RESYNC', // both sides disagree about what is held: ask, then go on
  'AUTH', // the cloud does not accept this device
  'ITEM', // this document, and only this one, cannot go
  'LOCAL', // our own disk, memory or descriptors
  'POLICY', // a person or a rule holds it back
] as const;

export type FailureClass = (typeof failureClasses)[number];

/** An expected failure: a value, or the payload of an event. `code` is stable and never reused. */
export interface Failure {
  readonly class: FailureClass;
  /** `TENDER_…` in words. */
  readonly code: string;
  /** For people: what happened and what to do. No stack, no secret. */
  readonly message: string;
  /** The other side's wish: not before this many milliseconds from now. */
  readonly retryAfterMs?: number;
}
