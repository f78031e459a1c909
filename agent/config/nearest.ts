// "Did you mean …": the known word closest to a mistyped one. Used for settings, sections and profiles.

/** Edits (insert, delete, replace, swap of neighbours) from one word to another: optimal string alignment distance. */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(
        rows[row - 1]![column]! + 1,
        line[column - 1]! + 1,
        rows[row - 1]![column - 1]! + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        best = Math.min(best, rows[row - 2]![column - 2]! + 1);
      line.push(best);
    }
    rows.push(line);
  }
  return rows[from.length]![to.length]!;
}

/** The nearest of `known`, or undefined when none is near enough to be what was meant (40 % of its letters differ). */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  // A mistyped word is short; a pasted paragraph needs no guess.
  if (word.length > 80) return undefined;
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance && edits <= Math.max(2, candidate.length * 0.4)) {
      best = candidate;
      bestDistance = edits;
    }
  }
  return best;
}
