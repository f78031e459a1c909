import { describe, expect, it } from 'vitest';
import { type News, newsOf, newsText, quarterOf, withNews } from '../../../inspector/queue/news.ts';
import { createNewsDesk } from '../../../inspector/queue/news-desk.ts';
import { documentOf } from './documents.ts';
import { createHeldClock } from './held-clock.ts';

const step = (from: string, to: string, fields: Readonly<Record<string, unknown>> = {}) => {
  const before = documentOf({ state: from });
  return {
    before,
    now: { ...before, ...documentOf({ ...fields, id: before.id, name: before.name, state: to }) },
  };
};

describe('news', () => {
  it('of one kind are one line with a count, not a pile', () => {
    let shown: readonly News[] = [];
    for (let i = 0; i < 12; i++) shown = withNews(shown, 'indexed', [`document-${i}.pdf`], i);
    expect(shown.map(newsText)).toEqual(['12 documents are indexed and searchable ashore.']);
    expect(shown[0]?.names).toEqual(['document-11.pdf', 'document-10.pdf', 'document-9.pdf']);
  });

  it('name a document that is alone', () => {
    expect(newsText(withNews([], 'stored', ['a.pdf'], 0)[0]!)).toBe(
      '“a.pdf” is stored ashore; the receipt was checked.',
    );
  });

  it('do not tell twice: what is searchable leaves the line of what is stored', () => {
    const stored = withNews(withNews([], 'stored', ['a', 'b'], 0), 'indexed', ['a'], 1);
    expect(stored.map(newsText)).toEqual([
      '“a” is indexed and searchable ashore.',
      '“b” is stored ashore; the receipt was checked.',
    ]);
    expect(withNews(stored, 'textless', ['b'], 2).some(({ kind }) => kind === 'stored')).toBe(false);
  });

  it('are made by what a document did before our eyes, not by a list that is read', () => {
    expect(newsOf(step('sending', 'parked'))).toBe('parked');
    expect(newsOf(step('stored', 'indexed', { passages: 3 }))).toBe('indexed');
    expect(newsOf(step('stored', 'indexed', { passages: 0 }))).toBe('textless');
    expect(newsOf(step('stored', 'stored'))).toBeUndefined();
    expect(newsOf({ before: undefined, now: documentOf({ state: 'indexed' }) })).toBeUndefined();
  });

  it('say progress aloud in steps of a quarter', () => {
    const at = (sentBytes: number) => documentOf({ id: 'one', name: 'one.pdf', sentBytes, hold: null });
    expect(quarterOf({ before: at(100_000), now: at(240_000) })).toBeUndefined();
    expect(quarterOf({ before: at(240_000), now: at(510_000) })).toBe('one.pdf: 50 percent');
  });
});

describe('what is said aloud', () => {
  it('comes at most once in ten seconds, and the newest count wins', () => {
    const clock = createHeldClock();
    const desk = createNewsDesk(clock);
    const said: string[] = [];
    desk.aloud.subscribe((text) => text && said.push(text));
    desk.about('indexed', ['a']);
    clock.advance(10);
    desk.about('indexed', ['b']);
    clock.advance(3_000);
    desk.about('indexed', ['c']);
    expect(said).toEqual(['“a” is indexed and searchable ashore.']);
    clock.advance(7_000);
    expect(said).toHaveLength(2);
    expect(said[1]).toBe('3 documents are indexed and searchable ashore.');
  });

  it('leaves good news after a while and keeps what needs somebody', () => {
    const clock = createHeldClock();
    const desk = createNewsDesk(clock);
    desk.about('indexed', ['a']);
    desk.about('parked', ['b']);
    clock.advance(60_000);
    expect(desk.shown.value.map(({ kind }) => kind)).toEqual(['parked']);
  });
});
