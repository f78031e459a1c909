// Words and figures for a terminal: sizes, times, tables, bars. Names of files come from strangers, so everything printed
// for people passes `forTerminal`: no control character, no change of writing direction reaches the screen.

// C0 and C1 controls except newline (ours), line separators, and the marks that turn text around.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must not pass
const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu;

export function forTerminal(text: string): string {
  return text.replace(dangerous, '\ufffd');
}

/** A single line: also without newlines. */
export function oneLine(text: string): string {
  return forTerminal(text).replaceAll('\n', '\ufffd');
}

/** Decimal, as disks and tariffs count: "3.4 MB". */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A length of time in its two largest units: "2 h 5 min". */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A range of lengths of time: "2 min to 5 min"; one length where both ends read the same. */
export function rangeText(range: unknown): string {
  const { low, high } = range as { readonly low: number; readonly high: number };
  const [from, to] = [lengthText(low), lengthText(high)];
  return from === to ? from : `${from} to ${to}`;
}

/** Wall-clock time as ISO 8601 in UTC, to the second. */
export function timeText(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Columns padded to their widest cell; the last one runs free. Numbers are the caller's to align. */
export function table(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(oneLine));
  const widths = (clean[0] ?? []).map((_, column) =>
    Math.max(...clean.map((row) => width(row[column] ?? ''))),
  );
  return clean
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - width(cell)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Cells a text takes on a terminal: marks take none, East Asian wide letters and emoji two. */
function width(text: string): number {
  let cells = 0;
  for (const letter of text) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(letter)) continue;
    cells +=
      /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u.test(
        letter,
      )
        ? 2
        : 1;
  }
  return cells;
}

/** Shortens a name in the middle: beginnings tell documents apart, endings tell their kind. */
export function shorten(text: string, most: number): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  const tail = Math.floor((most - 1) / 3);
  return `${letters.slice(0, most - 1 - tail).join('')}…${letters.slice(letters.length - tail).join('')}`;
}

/** `████░░░░ 50 %`; a share outside 0…1 is clamped. */
export function bar(share: number, cells = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells);
  const percent = Math.floor(Math.min(1, Math.max(0, share)) * 100);
  return `${'█'.repeat(full)}${'░'.repeat(cells - full)} ${String(percent).padStart(3)} %`;
}
