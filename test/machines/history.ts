// Random histories as the log would hold them: every accepted event of one actor, with the state and digest after it.
import { type Cell, digest } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { createdEvent, type LogRecord } from '../../machines/replay.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import { walk } from './walk.ts';

/** The records of the actor that a walk of `length` events ends with. */
export function randomHistory(
  kind: string,
  random: FakeRandom,
  length: number,
  actor = `${kind}/1`,
): LogRecord[] {
  let records: LogRecord[] = [];
  const record = (cell: Cell, at: number, event: LogRecord['event']): LogRecord => ({
    actor,
    kind: `${kind}@${registry[kind]?.version}`,
    n: cell.n,
    at,
    event,
    state: cell.value,
    digest: digest(cell),
  });
  walk(
    kind,
    random,
    length,
    ({ event, at, step }) => {
      if (step) records.push(record(step.cell, at, event));
    },
    (input, first, at) => {
      records = [record(first.cell, at, createdEvent(input))];
    },
  );
  return records;
}
