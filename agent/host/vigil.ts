// The audit in the background: some time after a start, since that verified only what LevelDB may have lost lately, and then
// once a day. It reads a few rows at a time and steps back while there is work. Owned by the opened log; people may ask for
// an audit at any time as well.
import { TenderError } from '../errors.ts';
import type { Clock, KeyValue } from '../ports.ts';
import { type Audited, audit } from './audit.ts';
import type { Cells } from './cells.ts';
import type { HostLimits } from './limits.ts';
import type { Retention } from './retention.ts';

export interface Vigil {
  start(): void;
  /** At once and without pauses. Rejects with TENDER_LOG_WRITE_FAILED when the log is closed or reopened meanwhile. */
  audit(): Promise<Audited>;
  /** Ends an audit under way and waits until it has let go of the database. */
  stop(): Promise<void>;
}

export interface VigilParts {
  readonly clock: Clock;
  readonly limits: HostLimits;
  readonly kv: () => KeyValue;
  readonly cells: Cells;
  readonly retention: Retention;
  /** Whether events wait for their turn. */
  readonly busy: () => boolean;
  readonly damaged: (what: string) => void;
  readonly log: (line: string) => void;
}

export function createVigil(parts: VigilParts): Vigil {
  const { clock, limits } = parts;
  let stopped = false;
  let cancel: (() => void) | undefined;
  let wake: (() => void) | undefined;
  let reading: Promise<unknown> = Promise.resolve();

  async function run(breathe: () => Promise<void>): Promise<Audited> {
    const release = await parts.retention.hold();
    try {
      if (stopped) throw cutShort();
      const kv = parts.kv();
      const audited = audit(kv, parts.cells, breathe);
      reading = audited;
      const found = await audited;
      if (found.damage === undefined) return found;
      // What cannot be read because the log was closed in between is not damaged.
      if (stopped || !isOpen(kv)) throw cutShort();
      parts.damaged(found.damage);
      return found;
    } finally {
      release();
    }
  }

  function isOpen(kv: KeyValue): boolean {
    try {
      return parts.kv() === kv;
    } catch {
      return false;
    }
  }

  /** Between two slices: events come first, but not for ever. */
  async function stepBack(): Promise<void> {
    const until = clock.monotonicMs() + limits.auditYieldMaxMs;
    do {
      await pause(limits.auditPauseMs);
      if (stopped) throw cutShort();
    } while (parts.busy() && clock.monotonicMs() < until);
  }

  function pause(delayMs: number): Promise<void> {
    if (stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const end = clock.after(delayMs, resolve);
      wake = () => {
        end();
        resolve();
      };
    });
  }

  function plan(delayMs: number): void {
    if (stopped) return;
    cancel = clock.after(delayMs, () => {
      void run(stepBack)
        .catch((error: Error) => {
          if (!stopped) parts.log(`the audit of the log was not finished: ${error.message}`);
        })
        .then(() => plan(limits.auditEveryMs));
    });
  }

  return {
    start: () => plan(limits.auditAfterStartMs),
    audit: () => run(async () => undefined),
    stop: async () => {
      stopped = true;
      cancel?.();
      wake?.();
      await reading;
    },
  };
}

function cutShort(): TenderError {
  return new TenderError(
    'TENDER_LOG_WRITE_FAILED',
    'The audit was cut short: the log was closed meanwhile. Ask for it again.',
  );
}
