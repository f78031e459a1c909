import { describe, expect, test } from 'vitest';
import { lineOf } from '../bench/link/series.ts';
import { type Line, tableBegins, tableEnds, tableOf, withTable } from '../bench/link/table.ts';

const figures = (goodputPercent: number, addedDelayP95Ms: number) => ({
  ...{ goodputPercent, addedDelayP95Ms, wirePerPayload: 1.05, callLossAddedPercent: 0 },
});

describe('a series', () => {
  test('has the medians of a case in one line, its seeds in order', () => {
    const line = lineOf('geo', 'cubic', [
      { seed: 2, figures: figures(92, 40) },
      { seed: 1, figures: figures(91, 50) },
      { seed: 3, figures: figures(90, 61) },
    ]);
    expect(line).toMatchObject({ case: 'geo', seed: [1, 2, 3], met: true });
    expect(line).toMatchObject({ figures: { goodputPercent: 91, addedDelayP95Ms: 50 } });
    expect(line).not.toHaveProperty('failed');
  });

  test('a seed that has no figures fails its case, whatever the others have', () => {
    const line = lineOf('geo', 'cubic', [
      { seed: 1, figures: figures(92, 40) },
      { seed: 2, failed: 'not done after 600 s' },
    ]);
    expect(line).toMatchObject({ met: false, failed: [{ seed: 2, failed: 'not done after 600 s' }] });
  });
});

describe('the table', () => {
  const lines = [
    lineOf('leo', 'cubic', [{ seed: 1, figures: { goodputPercent: 93, addedDelayP95Ms: 20 } }]),
    lineOf('geo', 'cubic', [{ seed: 1, figures: figures(10, 10) }]),
    lineOf('geo', 'cubic', [
      { seed: 1, figures: figures(88, 40) },
      { seed: 2, figures: figures(91, 42) },
    ]),
    lineOf('geo', 'bbr', [{ seed: 1, failed: 'no lab' }]),
  ] as Line[];

  test('has a row for each case in the order of the cases, the last line of each, misses in bold', () => {
    const rows = tableOf(lines).split('\n').slice(2);
    expect(rows.map((row) => row.split(' | ')[0])).toEqual(['| `geo`', '| `geo, bbr`', '| `leo`']);
    expect(rows[0]).toContain('goodput % **89.5** (88, 91)<br>added delay p95 ms 41 (40, 42)');
    expect(rows[0]).toContain('≥ 90<br>≤ 60');
    expect(rows[1]).toContain('**seed 1 has no figures**');
  });

  test('takes its place in the page and leaves the rest', () => {
    const page = `before\n${tableBegins}\nold\n${tableEnds}\nafter`;
    expect(withTable(page, 'new')).toBe(`before\n${tableBegins}\n\nnew\n\n${tableEnds}\nafter`);
    expect(() => withTable('no place', 'new')).toThrow('no place');
  });
});
