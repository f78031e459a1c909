import { describe, expect, it } from 'vitest';
import type { Cell } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';
import { pausersMax } from '../../machines/upload-context.ts';
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
import { failUntilParked } from './fail-until-parked.ts';
import { walk } from './walk.ts';

const open = (cell: Cell) => Object.values(cell.fx).map((effect) => effect.type);

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

  it('U19: what a document cost and saved is added up over every report, whatever came of the try', () => {
    const { cell } = life(
      'upload',
      watched,
      'file.settled',
      { type: 'transfer.checkpointed', bytesDurable: 90, wireBytes: 100 },
      // The same place again, but more on the line: still news.
      { type: 'transfer.checkpointed', bytesDurable: 90, wireBytes: 5, dedupedBytes: 7 },
      { type: 'send.failed', resumedBytes: 90, wireBytes: 1 },
      'retry',
      { type: 'document.sent', wireBytes: 10, dedupedBytes: 1, resumedBytes: 30 },
      { type: 'send.incomplete', wireBytes: 3 },
      { type: 'document.sent', wireBytes: 2, compressedAwayBytes: 2 },
      { type: 'upload.stored', dedupedBytes: 50, wireBytes: 1, compressedAwayBytes: 40 },
    );
    expect(cell.context).toMatchObject({
      wireBytes: 122,
      dedupedBytes: 58,
      resumedBytes: 120,
      compressedAwayBytes: 42,
    });
    const before = life('upload', watched, 'file.settled', {
      type: 'transfer.checkpointed',
      bytesDurable: 90,
    }).cell;
    expect(tell('upload', before, 'transfer.checkpointed', { bytesDurable: 90 })).toBeNull();
  });
});
