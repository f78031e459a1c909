// What is worth telling a person who does not stare at the list: documents that arrived, became searchable or need a
// decision. News of one kind become one line with a count ("12 documents are indexed and searchable") instead of twelve.
// Pure; notices.tsx shows them, the reader hears them at most once in ten seconds.
import { countOf } from './amounts.ts';
import type { Step } from './rows.ts';
import { nameParts, percentOf, type Upload } from './upload.ts';

/** The last names kept for one line. */
const namesMax = 3;
/** Steps at which progress is said aloud, percent. */
const aloudStep = 25;

export type NewsKind = 'parked' | 'indexed' | 'textless' | 'stored' | 'added' | 'error' | 'hint';

export interface News {
  readonly kind: NewsKind;
  readonly count: number;
  /** The latest, newest first. */
  readonly names: readonly string[];
  /** Instead of the catalogue's sentence: what went wrong with a command. */
  readonly text?: string;
  readonly atMs: number;
}

/** Which kind of news a step is; undefined: none. */
export function newsOf({ before, now }: Step): NewsKind | undefined {
  if (!before || before.state === now.state) return undefined;
  if (now.state === 'parked') return 'parked';
  if (now.state === 'indexed') return now.passages === 0 ? 'textless' : 'indexed';
  return now.state === 'stored' ? 'stored' : undefined;
}

/** One more line, or one more in the line of its kind; sentences of their own always stand alone. */
export function withNews(
  shown: readonly News[],
  kind: NewsKind,
  names: readonly string[],
  atMs: number,
  text?: string,
): readonly News[] {
  if (names.length === 0 && text === undefined) return shown;
  const same = text === undefined ? shown.find((one) => one.kind === kind) : undefined;
  const merged: News = {
    kind,
    count: names.length + (same?.count ?? 0),
    names: [...[...names].reverse(), ...(same?.names ?? [])].slice(0, namesMax),
    atMs,
    ...(text === undefined ? {} : { text }),
  };
  const others = shown.filter((one) => one !== same && !(text !== undefined && one.text === text));
  return [merged, ...(kind === 'indexed' || kind === 'textless' ? overtaken(others, names) : others)];
}

/** Who is searchable is stored, of course: that line needs not tell it a second time. */
function overtaken(shown: readonly News[], names: readonly string[]): readonly News[] {
  return shown
    .map((one) =>
      one.kind === 'stored'
        ? {
            ...one,
            count: one.count - names.length,
            names: one.names.filter((name) => !names.includes(name)),
          }
        : one,
    )
    .filter((one) => one.kind !== 'stored' || one.count > 0);
}

export function newsText({ kind, count, names, text }: News): string {
  if (text !== undefined) return text;
  const who = count === 1 && names[0] !== undefined ? `“${names[0]}”` : countOf(count, 'document');
  const [is, has, needs] = count === 1 ? ['is', 'has', 'needs'] : ['are', 'have', 'need'];
  switch (kind) {
    case 'indexed':
      return `${who} ${is} indexed and searchable ashore.`;
    case 'textless':
      return `${who} ${is} indexed without text: found by name only.`;
    case 'stored':
      return `${who} ${is} stored ashore; the receipt was checked.`;
    case 'parked':
      return `${who} ${needs} a decision.`;
    case 'added':
      return `${who} ${is} safe aboard.`;
    default:
      return `${who} ${has} news.`;
  }
}

/** What is said aloud about progress: a document's name and the last quarter it passed. */
export function quarterOf({
  before,
  now,
}: {
  readonly before: Upload | undefined;
  readonly now: Upload;
}): string | undefined {
  if (!before || now.state !== 'sending') return undefined;
  const [was, is] = [percentOf(before) ?? 0, percentOf(now) ?? 0];
  const quarter = Math.floor(is / aloudStep) * aloudStep;
  return quarter > 0 && quarter > Math.floor(was / aloudStep) * aloudStep
    ? `${nameParts(now.name).base}: ${quarter} percent`
    : undefined;
}
