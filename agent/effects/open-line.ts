// The effects openLine and closeLine: the connection's machine opens and closes the line. Results: line.opened, line.failed,
// line.closed.
import type { Backoff } from '../../machines/backoff.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { EffectHandler } from '../host/contract.ts';
import { reopenDelayMs } from '../line/delays.ts';
import type { Line } from '../line/line.ts';
import type { Random } from '../ports.ts';

export interface OpenLinePorts {
  readonly line: Pick<Line, 'open' | 'close'>;
  /** What the agent says of itself: its log, this boot, the last notice in the log. */
  readonly claim: () => Promise<{ readonly logId: string; readonly boot: number; readonly cursor: number }>;
  readonly random: Random;
  /** The profile's backoff for lost links. */
  readonly backoff: Backoff;
}

export function openLine({ line, claim, random, backoff }: OpenLinePorts): EffectHandler {
  return async ({ params, signal }): Promise<MachineEvent> => {
    const attempt = typeof params.attempt === 'number' ? params.attempt : 1;
    const outcome = await line.open(await claim());
    if (signal.aborted && 'opened' in outcome) line.close(); // stopped while it was opening
    signal.throwIfAborted();
    if ('opened' in outcome) return { type: 'line.opened', ...outcome.opened };
    const { class: failureClass, code, message } = outcome.failure;
    const delayMs = reopenDelayMs(outcome.failure, attempt, backoff, random.unit());
    return { type: 'line.failed', class: failureClass, code, message, delayMs };
  };
}

export function closeLine(line: Pick<Line, 'close'>): EffectHandler {
  return async (): Promise<MachineEvent> => {
    line.close();
    return { type: 'line.closed' };
  };
}
