// Text → passages of at most 2 KB, the unit of search: a hit shows one of them, and one tsvector may not exceed 1 MB.
// Cut between paragraphs, else between sentences, else between words, else between characters. Runs in the child.

export const passageMaxBytes = 2048;

export interface Passages {
  readonly passages: readonly string[];
  /** True when text was left out because of `textMaxBytes`. */
  readonly shortened: boolean;
}

/** NUL and other control characters are dropped (Postgres text cannot hold NUL), lone surrogates replaced. */
export function cleanText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?|\u2028|\u2029|\f|\v/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must go
      .replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufeff]/g, '')
      .replace(/[ \t\u00a0]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
  );
}

/** Splits cleaned text; together the passages hold at most `textMaxBytes` of UTF-8. */
export function splitPassages(text: string, textMaxBytes: number): Passages {
  const passages: string[] = [];
  let current = '';
  let currentBytes = 0;
  let total = 0;
  const flush = () => {
    const trimmed = current.trim();
    if (trimmed) {
      passages.push(trimmed);
      total += Buffer.byteLength(trimmed);
    }
    current = '';
    currentBytes = 0;
  };
  for (const piece of pieces(text)) {
    const bytes = Buffer.byteLength(piece);
    if (currentBytes + bytes > passageMaxBytes) flush();
    if (total + currentBytes + bytes > textMaxBytes) {
      flush();
      return { passages, shortened: true };
    }
    current += piece;
    currentBytes += bytes;
    // A blank line ends a passage that is long enough to stand alone.
    if (piece.endsWith('\n\n') && currentBytes >= passageMaxBytes / 4) flush();
  }
  flush();
  return { passages, shortened: false };
}

/** The text in order, in pieces that each fit a passage: lines with their line ends, longer ones cut further. */
function* pieces(text: string): Generator<string> {
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf('\n', at);
    end = end < 0 ? text.length : end + 1;
    const blank = end < text.length && text[end] === '\n';
    while (text[end] === '\n') end++;
    const line = text.slice(at, end).trimEnd();
    at = end;
    if (line) yield* cut(line + (blank ? '\n\n' : '\n'));
  }
}

function* cut(line: string): Generator<string> {
  let rest = line;
  while (Buffer.byteLength(rest) > passageMaxBytes) {
    const end = cutPoint(rest);
    yield rest.slice(0, end);
    rest = rest.slice(end);
  }
  yield rest;
}

/** The last good place to cut within a passage's bytes. */
function cutPoint(text: string): number {
  let end = Math.min(text.length, passageMaxBytes);
  while (Buffer.byteLength(text.slice(0, end)) > passageMaxBytes) {
    const over = Buffer.byteLength(text.slice(0, end)) - passageMaxBytes;
    end -= Math.max(1, Math.ceil(over / 3));
  }
  const head = text.slice(0, end);
  const sentence = Math.max(head.lastIndexOf('. '), head.lastIndexOf('! '), head.lastIndexOf('? ')) + 1;
  if (sentence > end / 4) return sentence;
  const word = head.lastIndexOf(' ');
  if (word > end / 4) return word;
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code <= 0xdbff && end > 1 ? end - 1 : end;
}
