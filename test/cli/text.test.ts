import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEvents } from '../../agent/cli/client.ts';
import { lineText } from '../../agent/cli/commands/status.ts';
import { bar, bytesText, forTerminal, lengthText, oneLine, shorten, table } from '../../agent/cli/text.ts';

describe('what reaches a terminal', () => {
  test('no control character of any text does, and no mark that turns the writing around', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
        expect(oneLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
      }),
      { numRuns: 500 },
    );
  });
  test.each(['\u001b[2J', '\u009b31m', 'a\rb', '\u0007', '\u202egnp.exe', 'a\u2028b', '\u0000'])(
    '%j is defused',
    (text) => {
      expect(forTerminal(text)).toContain('\ufffd');
    },
  );
  test('our own line breaks stay', () => {
    expect(forTerminal('a\nb')).toBe('a\nb');
    expect(oneLine('a\nb')).toBe('a\ufffdb');
  });
});

describe('figures for people', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [3_400_000, '3.4 MB'],
    [190_000_000, '190 MB'],
    [999_999, '1.0 MB'],
    [5_000_000_000, '5.0 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
  test.each([
    [41_000, '41 s'],
    [65_000, '1 min 5 s'],
    [7_500_000, '2 h 5 min'],
    [200_000_000, '2 d 7 h'],
  ])('%d ms are %s', (ms, text) => {
    expect(lengthText(ms)).toBe(text);
  });
  test('a bar is as long at any share, and clamped', () => {
    expect([bar(-1, 4), bar(0.5, 4), bar(2, 4)]).toEqual(['░░░░   0 %', '██░░  50 %', '████ 100 %']);
  });
  test('a table is as wide as its cells look, also with wide and combining letters', () => {
    expect(
      table([
        ['日本', 'x'],
        ['abcd', 'y'],
        ['e\u0301', 'z'],
      ]),
    ).toBe('日本  x\nabcd  y\ne\u0301     z');
  });
  test('a long name keeps its beginning and its ending', () => {
    const short = shorten('Charter agreement with all annexes.pdf', 20);
    expect([[...short].length, short.startsWith('Charter'), short.endsWith('.pdf')]).toEqual([
      20,
      true,
      true,
    ]);
  });
});

describe('reading an event stream', () => {
  test('events survive any cut of the bytes, comments and retry lines are passed over', async () => {
    const text =
      'retry: 1000\n\n: alive\n\nid: 7\nevent: record\ndata: {"name":"ä"}\n\nevent: progress\ndata: {"a":1}\n\n';
    const bytes = new TextEncoder().encode(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parts = async function* () {
        yield bytes.subarray(0, cut);
        yield bytes.subarray(cut);
      };
      const events = [];
      for await (const event of parseEvents(parts())) events.push(event);
      expect(events).toEqual([
        { id: '7', event: 'record', data: { name: 'ä' } },
        { event: 'progress', data: { a: 1 } },
      ]);
    }
  });
});

describe('the line on the status', () => {
  const line = {
    open: true,
    outstandingBytes: 141_000,
    rate: {
      ...{ state: 'follow', capacityBytesPerSecond: 237_900, capacityDoubtPercent: 3.7 },
      ...{ queueMs: 12.4, targetMs: 20, roundTripMs: 606.8 },
    },
    lanes: [{ asleep: false }, { asleep: true }],
  };

  test('says what the rate finder knows, how many lanes there are, and what is on its way', () => {
    expect(lineText(line)).toBe(
      'follow: 1903 kbit/s ± 4 %, queue 12 of 20 ms, round trip 607 ms; 2 lanes (1 asleep), 141 KB on the way',
    );
  });

  test('says so while nothing is known', () => {
    const rate = { state: 'train', capacityBytesPerSecond: null, roundTripMs: null };
    expect(lineText({ ...line, rate, lanes: [{}], outstandingBytes: 0 })).toBe(
      'train: the rate is not known yet; 1 lane, 0 B on the way',
    );
  });
});
