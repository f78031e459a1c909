// Every bound of the host in one place: name, unit, default, why. Callers may lower them (tests, small machines).

export interface HostLimits {
  /** Records that a start may have to fold at most; a checkpoint is written before it is exceeded. */
  readonly replayMaxRecords: number;
  /** Commits after which the heads of changed actors are written even if few records came. */
  readonly checkpointCommits: number;
  /** Quiet time after which changed heads are written. */
  readonly idleCheckpointMs: number;
  /** Events of one turn, and so of one batch: bounds the batch's memory and everybody's wait. */
  readonly turnMaxEvents: number;
  /** Soft events and rows become durable after this at the latest. */
  readonly softDelayMs: number;
  /** Cells held in memory; the least recently used beyond it go back to being rows. */
  readonly liveCellsMax: number;
  /** Events waiting for their turn; more are refused with TENDER_LOG_WRITE_FAILED ("busy") rather than kept in memory. */
  readonly mailboxMaxEvents: number;
  /** Timers due within this are held in memory; later ones are rows. */
  readonly timerHorizonMs: number;
  /** Timers held in memory at most; if more are due within the horizon, it is drawn nearer. */
  readonly timersHeldMax: number;
  /** Effects of one type that need no permit running at once; most of their time they only wait. */
  readonly freeEffectsMax: number;
  /** Effects that need the line running at once, until the line says otherwise. */
  readonly lineEffectsMax: number;
  /** Effects started in one go; the rest follow in the next, urgent ones first. */
  readonly startsPerPassMax: number;
  /** Rows of the queue looked at to fill the free places. */
  readonly candidatesMax: number;
  /** Times a handler that throws is tried again before it becomes a LOCAL failure. */
  readonly handlerThrowsMax: number;
  /** Wait before such a retry; doubled each time. */
  readonly handlerRetryMs: number;
  /** Effects without a handler that one lane passes by; with more it stands still until a handler is registered. */
  readonly unhandledMaxEffects: number;
  /** At close, a handler that does not let go within this is left behind: its effect is issued again at the next start. */
  readonly handlerStopMaxMs: number;
  /** Longest wait between such retries, also between attempts to reopen the log. */
  readonly retryMaxMs: number;
  /** First wait before the log is reopened after a failed write; doubled each time. */
  readonly reopenMs: number;
  /** Records of finished actors are kept this long … */
  readonly retainMs: number;
  /** … or until the log outgrows this many bytes. */
  readonly retainMaxBytes: number;
  /** Records looked at in one sweep of the retention. */
  readonly retentionSweepMaxRecords: number;
  /** Time between two sweeps. */
  readonly retentionEveryMs: number;
  /** From a start to its first audit in the background … */
  readonly auditAfterStartMs: number;
  /** … and between two of them. */
  readonly auditEveryMs: number;
  /** Pause between two slices of such an audit. */
  readonly auditPauseMs: number;
  /** Longest an audit steps back for events before it reads its next slice all the same. */
  readonly auditYieldMaxMs: number;
  /** Receipts kept; the oldest beyond it are forgotten (their documents are ashore). */
  readonly receiptsMax: number;
}

export const defaultLimits: HostLimits = {
  replayMaxRecords: 4_096,
  checkpointCommits: 256,
  idleCheckpointMs: 1_000,
  turnMaxEvents: 512,
  softDelayMs: 1_000,
  liveCellsMax: 1_024,
  mailboxMaxEvents: 100_000,
  timerHorizonMs: 3_600_000,
  timersHeldMax: 4_096,
  freeEffectsMax: 256,
  lineEffectsMax: 4,
  startsPerPassMax: 128,
  candidatesMax: 256,
  handlerThrowsMax: 3,
  handlerRetryMs: 1_000,
  unhandledMaxEffects: 1_024,
  handlerStopMaxMs: 3_000,
  retryMaxMs: 60_000,
  reopenMs: 250,
  retainMs: 30 * 24 * 3_600_000,
  retainMaxBytes: 64 * 1024 * 1024,
  retentionSweepMaxRecords: 10_000,
  retentionEveryMs: 600_000,
  auditAfterStartMs: 600_000,
  auditEveryMs: 24 * 3_600_000,
  auditPauseMs: 10,
  auditYieldMaxMs: 1_000,
  receiptsMax: 200_000,
};
