import { describe, expect, it } from 'vitest';
import { failureClasses } from '../../cloud/contract/failure.ts';
import type { Cell } from '../../machines/kernel.ts';
import {
  attemptsMax,
  errorsKeptMax,
  resyncsMax,
  resyncWindowMs,
  serverPatienceMs,
} from '../../machines/upload-context.ts';
import { failureClasses as ours } from '../../machines/upload-events.ts';
import { life, sent, tell, watched } from './cells.ts';
import { failUntilParked } from './fail-until-parked.ts';

describe('an upload whose sending fails', () => {
  it.each(['LINK', 'CAPTIVE', 'INTERCEPTED', 'BUSY', 'AUTH', 'LOCAL', 'POLICY'])(
    'U4: %s never uses up an attempt, however often it happens',
    (cls) => {
      const { cell } = failUntilParked(cls, 40, 3_600_000);
      expect([cell.value, cell.context.attempts]).toEqual(['sending', 0]);
    },
  );

  it('U5: a document the cloud does not take is parked after its attempts, at once if that is final', () => {
    expect(failUntilParked('ITEM', 40, 1_000)).toMatchObject({
      tries: attemptsMax,
      cell: { value: 'parked', context: { parked: { class: 'ITEM' } } },
    });
    expect(failUntilParked('ITEM', 40, 1_000, { permanent: true }).tries).toBe(1);
  });

  it('U5: an input may allow other numbers of attempts', () => {
    let cell = life('upload', { ...watched, triesMax: 2 }, 'file.settled').cell;
    cell = tell('upload', cell, 'send.failed', { class: 'ITEM' })?.cell as Cell;
    cell = tell('upload', cell, 'retry.elapsed')?.cell as Cell;
    expect(tell('upload', cell, 'send.failed', { class: 'ITEM' })?.cell.value).toBe('parked');
  });

  it('U6: a failing server parks a document only after attempts spread over a day', () => {
    expect(failUntilParked('SERVER', 40, 1_000).cell.value).toBe('sending');
    const slow = failUntilParked('SERVER', 40, serverPatienceMs / 10);
    expect([slow.cell.value, slow.tries]).toEqual(['parked', 11]);
  });

  it('U7: disagreements count as one attempt per five within an hour, and not at all when rarer', () => {
    const dense = failUntilParked('RESYNC', 100, 1_000);
    expect([dense.cell.value, dense.tries]).toEqual(['parked', attemptsMax * resyncsMax]);
    expect(failUntilParked('RESYNC', 100, resyncWindowMs).cell.context.attempts).toBe(0);
  });

  it('U7: a shore that never finds the bytes complete cannot make it go round for ever', () => {
    let { cell } = life('upload', watched, ...sent);
    let rounds = 0;
    while (cell.value === 'confirming' && rounds < 100) {
      rounds += 1;
      cell = tell('upload', cell, 'send.incomplete', {}, 100_000 + rounds)?.cell as Cell;
      if (cell.value === 'sending') cell = tell('upload', cell, 'document.sent')?.cell as Cell;
    }
    expect([cell.value, rounds]).toEqual(['parked', attemptsMax * resyncsMax]);
    expect(cell.context.parked).toMatchObject({ class: 'RESYNC', code: 'TENDER_RESYNC_LOOP' });
  });

  it(`U8: keeps the last ${errorsKeptMax} errors, the newest last`, () => {
    let { cell } = life('upload', watched, 'file.settled');
    for (let i = 1; i <= 8; i++) {
      cell = tell('upload', cell, 'send.failed', { code: `TENDER_${i}` })?.cell as Cell;
      cell = tell('upload', cell, 'retry.elapsed')?.cell as Cell;
    }
    const codes = (cell.context.errors as { code: string }[]).map((error) => error.code);
    expect(codes).toEqual(['TENDER_4', 'TENDER_5', 'TENDER_6', 'TENDER_7', 'TENDER_8']);
  });

  it('U16: waits exactly as long as the failure says, or until somebody retries', () => {
    const { cell } = life('upload', watched, 'file.settled', { type: 'send.failed', delayMs: 7_000 });
    expect(cell.tm.retry).toMatchObject({ len: 7_000, due: 10_020 + 7_000 });
    expect(cell.context.waiting).toMatchObject({ untilMs: 17_020, back: 'sending' });
    expect(tell('upload', cell, 'retry')?.cell).toMatchObject({
      value: 'sending',
      tm: {},
      context: { waiting: null },
    });
  });

  it('knows the same failure classes as yacht and shore do', () => {
    expect(ours).toEqual(failureClasses);
  });
});
