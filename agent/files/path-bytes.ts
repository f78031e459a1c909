// Paths as bytes: a name aboard need not be text, so joining and taking apart is done on bytes and nowhere on strings.
// A relative path here is names joined by single slashes; scan and spool build them, `isInside` guards those from rows.

const slash = 0x2f;
const dot = 0x2e;

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function joinPath(directory: Uint8Array, relative: Uint8Array): Uint8Array {
  if (relative.length === 0) return directory;
  if (directory.length === 0) return relative;
  const gap = directory.at(-1) === slash ? 0 : 1;
  const joined = new Uint8Array(directory.length + gap + relative.length);
  joined.set(directory);
  if (gap) joined[directory.length] = slash;
  joined.set(relative, directory.length + gap);
  return joined;
}

/** The parts of a relative path, top first. */
export function splitPath(relative: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let i = 0; i <= relative.length; i++) {
    if (i < relative.length && relative[i] !== slash) continue;
    parts.push(relative.subarray(from, i));
    from = i + 1;
  }
  return parts;
}

/** False for anything that could lead out of its folder: absolute, empty, `.` or `..` parts, NUL. */
export function isInside(relative: Uint8Array): boolean {
  return splitPath(relative).every(
    (part) =>
      part.length > 0 &&
      !part.includes(0) &&
      !(part[0] === dot && (part.length === 1 || (part.length === 2 && part[1] === dot))),
  );
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function isHidden(name: Uint8Array): boolean {
  return name[0] === dot;
}
