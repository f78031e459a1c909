// An upload that is failed again and again, for the tests that ask how long it bears it.
import type { Cell } from '../../machines/kernel.ts';
import { life, tell, watched } from './cells.ts';

/** Fails the upload again and again, retrying at once, until it is parked or `max` is reached; `everyMs` between. */
export function failUntilParked(
  cls: string,
  max: number,
  everyMs: number,
  more: object = {},
): { tries: number; cell: Cell } {
  let { cell } = life('upload', watched, 'file.settled');
  let at = 100_000;
  for (let tries = 1; tries <= max; tries++) {
    at += everyMs;
    cell = tell('upload', cell, 'send.failed', { class: cls, ...more }, at)?.cell as Cell;
    if (cell.value === 'parked') return { tries, cell };
    cell = tell('upload', cell, 'retry.elapsed', {}, at)?.cell as Cell;
  }
  return { tries: max, cell };
}
