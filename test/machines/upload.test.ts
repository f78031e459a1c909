import { describe, expect, it } from 'vitest';
import { failureClasses } from '../../cloud/contract/failure.ts';
import type { Cell } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';
import {
  attemptsMax,
  errorsKeptMax,
  pausersMax,
  resyncsMax,
  resyncWindowMs,
  serverPatienceMs,
} from '../../machines/upload-context.ts';
import { failureClasses as ours } from '../../machines/upload-events.ts';
import { FakeRandom } from '../support/fake-random.ts';
import {
  life,
  pausedByCli,
  pausedForAMinute,
  samples,
  sent,
  spooled,
  stored,
  tell,
  watched,
} from './cells.ts';
import { walk } from './walk.ts';

const open = (cell: Cell) => Object.values(cell.fx).map((effect) => effect.type);

/** Fails the upload again and again, retrying at once, until it is parked or `max` is reached; `everyMs` between. */
function failUntilParked(
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

describe('an upload', () => {
  it('U1: goes sighted → settling → sending → confirming → stored → indexed', () => {
    const path: string[] = [];
    const events = ['file.settled', 'document.sent', 'upload.stored', 'document.indexed'];
    for (let i = 0; i <= events.length; i++)
      path.push(life('upload', watched, ...events.slice(0, i)).cell.value);
    expect(path).toEqual(['settling', 'sending', 'confirming', 'stored', 'indexed']);
  });

  it('U1: spooled bytes need not settle', () => {
    expect(life('upload', spooled).cell.value).toBe('sending');
  });

  it('U2: has at most one effect of its way running, and in settling, sending and confirming exactly its own', () => {
    const own: Record<string, string> = {
      settling: 'checkSettled',
      sending: 'sendDocument',
      confirming: 'confirmStored',
    };
    walk('upload', new FakeRandom(21, 'own'), 5_000, ({ step }) => {
      if (!step) return;
      const running = open(step.cell).filter((type) => type !== 'releaseSource');
      const expected = own[step.cell.value];
      expect(running).toEqual(expected ? [expected] : []);
    });
  });

  it('U3: is never without somebody to move it: an effect, a timer, a person, or the shore', () => {
    const shore = ['stored'];
    const person = ['paused', 'parked'];
    walk('upload', new FakeRandom(22, 'turn'), 5_000, ({ step }) => {
      if (!step) return;
      const { value, fx, tm } = step.cell;
      const byItself = Object.keys(fx).length + Object.keys(tm).length > 0;
      const over = definitionOf('upload').finalStates.includes(value);
      expect(byItself || over || shore.includes(value) || person.includes(value), value).toBe(true);
    });
  });

  it('U3: every result that an open effect may have is taken where the effect is open', () => {
    const { events } = definitionOf('upload');
    walk('upload', new FakeRandom(23, 'results'), 1_500, ({ step }) => {
      for (const [id, effect] of Object.entries(step?.cell.fx ?? {}))
        for (const [type, spec] of Object.entries(events)) {
          if (!spec.effects?.includes(effect.type)) continue;
          if (type === 'transfer.checkpointed') continue; // Refused when it says nothing new; its effect stays open.
          expect(
            tell('upload', step?.cell as Cell, type, {}),
            `${type} of ${id} in ${step?.cell.value}`,
          ).not.toBeNull();
        }
    });
  });

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

  it('U9: goes on only when everybody who paused it said so or their time is over', () => {
    let { cell } = life('upload', watched, 'file.settled', pausedByCli, {
      type: 'pause',
      by: 'page',
      untilMs: 500,
    });
    expect(tell('upload', cell, 'resume', { by: 'api' })).toBeNull();
    cell = tell('upload', cell, 'resume', { by: 'cli' })?.cell as Cell;
    expect(cell.value).toBe('paused');
    cell = tell('upload', cell, 'pause.elapsed')?.cell as Cell;
    expect([cell.value, cell.context.paused, cell.tm]).toEqual(['sending', null, {}]);
  });

  it('U9: goes back to where it was, and leaves no timer of a pause behind', () => {
    for (const [events, back] of [
      [[], 'settling'],
      [['file.settled'], 'sending'],
      [[...sent], 'confirming'],
      [[...sent, 'send.failed'], 'confirming'],
    ] as const) {
      const paused = life('upload', watched, ...events, pausedForAMinute).cell;
      expect(tell('upload', paused, 'resume', { by: 'cli' })?.cell).toMatchObject({ value: back, tm: {} });
    }
  });

  it(`U9: at most ${pausersMax} parties pause it`, () => {
    let { cell } = life('upload', watched, 'file.settled', pausedByCli);
    for (let i = 1; i < pausersMax; i++) cell = tell('upload', cell, 'pause', { by: `p${i}` })?.cell as Cell;
    expect(tell('upload', cell, 'pause', { by: 'one too many' })).toBeNull();
    expect(tell('upload', cell, 'pause', { by: 'p1', untilMs: 5 })).not.toBeNull();
  });

  it('U9: a party that already pauses it without an end changes nothing by asking again', () => {
    const { cell } = life('upload', watched, 'file.settled', pausedByCli);
    expect(tell('upload', cell, 'pause', { by: 'cli' })).toBeNull();
  });

  it('U10: a vanished file is parked and goes on when it is back; any other parking waits for a person', () => {
    const gone = life('upload', watched, 'file.settled', 'file.vanished').cell;
    expect(gone.context.parked).toMatchObject({ class: 'GONE', code: 'TENDER_FILE_GONE' });
    expect(tell('upload', gone, 'file.sighted')?.cell).toMatchObject({
      value: 'settling',
      context: { parked: null },
    });
    const { cell: refused } = failUntilParked('ITEM', 9, 1_000);
    expect(tell('upload', refused, 'file.sighted')).toBeNull();
    expect(tell('upload', refused, 'retry')?.cell).toMatchObject({
      value: 'settling',
      context: { attempts: 0 },
    });
  });

  it('U11: a change of the file supersedes it, equal content ends it, both without a person', () => {
    const changed = life('upload', watched, 'file.settled', 'source.changed').cell;
    expect([changed.value, changed.context.cancelled]).toEqual(['cancelled', { reason: 'superseded' }]);
    const same = life('upload', watched, 'file.settled', { type: 'content.unchanged', version: 4 }).cell;
    expect([same.value, same.context.cancelled]).toEqual(['cancelled', { reason: 'unchanged', version: 4 }]);
  });

  it('U12: bytes in the spool are released once, after the receipt or the end, never before', () => {
    walk('upload', new FakeRandom(24, 'spool'), 5_000, ({ step }) => {
      const released = step?.ops.some((op) => op.op === 'start' && op.type === 'releaseSource');
      if (released) expect(['stored', 'indexed', 'cancelled']).toContain(step?.cell.value);
      if (step && open(step.cell).includes('releaseSource'))
        expect((step.cell.context.source as { kind: string }).kind).toBe('spooled');
    });
    for (const end of [
      ['document.sent', 'upload.stored'],
      ['cancel'],
      [{ type: 'content.unchanged', version: 1 }],
    ])
      expect(open(life('upload', spooled, ...end).cell)).toEqual(['releaseSource']);
    expect(open(life('upload', watched, ...stored).cell)).toEqual([]);
  });

  it('U13: is stored only by a receipt, and keeps it', () => {
    walk('upload', new FakeRandom(25, 'receipt'), 5_000, ({ before, event, step }) => {
      if (step && ['stored', 'indexed'].includes(step.cell.value))
        expect(step.cell.context.stored).not.toBeNull();
      if (step?.cell.context.stored && !before.context.stored) expect(event.type).toBe('upload.stored');
    });
    const { cell } = life('upload', watched, ...stored);
    expect(cell.context.stored).toEqual(samples.upload?.['upload.stored']);
  });

  it('U14: word of the index that overtakes the receipt is kept until the receipt is here', () => {
    const early = life('upload', watched, ...sent, 'document.indexed').cell;
    expect(early.value).toBe('confirming');
    expect(tell('upload', early, 'upload.stored')?.cell.value).toBe('indexed');
  });

  it('U14: failed indexing shows, ends nothing, and is forgotten when it succeeds', () => {
    const failed = life('upload', watched, ...stored, 'document.indexFailed').cell;
    expect([failed.value, failed.context.indexFailure]).toEqual([
      'stored',
      { reason: 'The parser failed.', atMs: 10_040 },
    ]);
    const mended = tell('upload', failed, 'document.indexed', {
      passages: 0,
      reason: 'It has no text.',
    })?.cell;
    expect(mended).toMatchObject({
      value: 'indexed',
      context: { indexFailure: null, indexed: { passages: 0, reason: 'It has no text.' } },
    });
  });

  it('U15: a new priority reaches the running effect, and equal priority is nothing new', () => {
    const { cell } = life('upload', watched, 'file.settled');
    const next = tell('upload', cell, 'prioritise', { priority: 1 });
    expect(next?.ops).toMatchObject([{ op: 'amend', id: '2.0', params: { priority: 1, version: 1 } }]);
    expect(next?.cell.fx['2.0']?.params.priority).toBe(1);
    expect(tell('upload', next?.cell as Cell, 'prioritise', { priority: 1 })).toBeNull();
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

  it('U17: a cancelled upload does nothing more', () => {
    for (const events of [
      [],
      ['file.settled'],
      [...sent],
      ['file.settled', pausedForAMinute],
      ['file.vanished'],
    ]) {
      const { cell } = life('upload', watched, ...events, 'cancel');
      expect([cell.value, cell.fx, cell.tm]).toEqual(['cancelled', {}, {}]);
      expect(cell.context.cancelled).toEqual({ reason: 'person', by: 'cli' });
    }
  });

  it('U18: bytes in the spool that changed or vanished park it, and are not deleted', () => {
    for (const event of ['source.changed', 'file.vanished', 'file.unreadable']) {
      const { cell } = life('upload', spooled, event);
      expect([cell.value, cell.fx]).toEqual(['parked', {}]);
      expect(tell('upload', cell, 'file.sighted')).toBeNull();
      expect(tell('upload', cell, 'retry')?.cell.value).toBe('sending');
    }
  });

  it('knows the same failure classes as yacht and shore do', () => {
    expect(ours).toEqual(failureClasses);
  });
});
