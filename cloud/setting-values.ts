// Reading one setting's value from text: durations and sizes carry their unit, because a bare 60 has been both seconds and
// milliseconds too often. Used by cloud/config.ts for file, environment and flags alike.

/** A value, or why the text is not one, as the end of the sentence "NAME …". */
export type Read<Value> = { readonly value: Value } | { readonly wrong: string };

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};
const sizeUnits: Readonly<Record<string, number>> = { KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

export function readDuration(text: string): Read<number> {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|min|h)$/.exec(text);
  if (!match) return { wrong: 'needs a time with its unit, such as 500ms, 60s, 15m or 6h' };
  return { value: Math.round(Number(match[1]) * durationUnits[match[2]!]!) };
}

export function readSize(text: string): Read<number> {
  const match = /^(\d{1,9})(KB|MB|GB)$/.exec(text);
  if (!match) return { wrong: 'needs a size with its unit, such as 64KB, 512MB or 2GB' };
  return { value: Number(match[1]) * sizeUnits[match[2]!]! };
}

export function readCount(min: number, max: number): (text: string) => Read<number> {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? { value } : { wrong: `needs a whole number from ${min} to ${max}` };
  };
}

export function readFlag(text: string): Read<boolean> {
  if (text === 'true') return { value: true };
  if (text === 'false') return { value: false };
  return { wrong: 'needs true or false' };
}

/** Comma-separated values of one kind; TOML arrays arrive joined the same way. */
export function readList<Value>(
  item: (text: string) => Read<Value>,
  minCount: number,
): (text: string) => Read<readonly Value[]> {
  return (text) => {
    const values: Value[] = [];
    for (const part of text.split(',').map((piece) => piece.trim())) {
      if (part === '') continue;
      const read = item(part);
      if ('wrong' in read) return read;
      values.push(read.value);
    }
    if (values.length < minCount) return { wrong: `needs at least ${minCount}, separated by commas` };
    return { value: Object.freeze(values) };
  };
}

export function readText(pattern: RegExp, wish: string): (text: string) => Read<string> {
  return (text) => (pattern.test(text) ? { value: text } : { wrong: `needs ${wish}` });
}

export function readChoice<const Choice extends string>(
  ...choices: readonly Choice[]
): (text: string) => Read<Choice> {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    return found === undefined ? { wrong: `needs one of ${choices.join(', ')}` } : { value: found };
  };
}

/** The known word nearest to a mistyped one, when it is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(word.slice(0, 80).toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits && edits <= Math.max(2, candidate.length * 0.4)) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Levenshtein's, a row at a time. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, change));
    }
    row = next;
  }
  return row[to.length]!;
}
