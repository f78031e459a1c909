// A sentence that may name something → the same sentence with every such word replaced. Not a hunt for what looks secret:
// only words from a list of our own stay, numbers and codes; whatever else there is becomes a pseudonym.
import { isPlainWord } from './plain-words.ts';
import type { Pseudonyms } from './pseudonyms.ts';

/** Field limits of events and contexts, characters: a replaced text must fit where the true one did. */
const limits = [64, 128, 500, 2_000, 8_192] as const;
/** Runs of what words, paths, addresses and numbers are made of. */
const pieces = /[\p{L}\p{N}\p{M}_@%~+/\\.:#&=-]+/gu;

export type RedactText = (text: string) => string;

export function createRedactText(names: Pseudonyms): RedactText {
  return (text) => {
    const known = names.replaceKnown(text);
    const clean = known.replace(pieces, (piece, offset: number) =>
      redactPiece(names, piece, beginsSentence(known, offset)),
    );
    return clean.slice(0, limits.find((limit) => text.length <= limit) ?? text.length);
  };
}

/** Signs that end a sentence or begin a bracket belong to the sentence, not to the word. */
/** Where a capital letter is grammar. Elsewhere a word with one may be a name: Mark, Port, Will. */
function beginsSentence(text: string, offset: number): boolean {
  const before = text.slice(Math.max(0, offset - 4), offset).trimEnd();
  return offset === 0 || before === '' || /[.!?:;([“"'`→–]$/.test(before);
}

/** Of ours, and always written so. */
const properNames: ReadonlySet<string> = new Set([
  'Node',
  'PostgreSQL',
  'LevelDB',
  'WebSocket',
  'Wi-Fi',
  'Ctrl-C',
]);

function redactPiece(names: Pseudonyms, piece: string, begins: boolean): string {
  const [, before = '', core = '', after = ''] = /^([.:#&=+%~-]*)(.*?)([.:&=+%~-]*)$/su.exec(piece) ?? [];
  if (core === '' || names.isGiven(core) || properNames.has(core)) return piece;
  if (isHarmless(core) && (begins || !/^\p{Lu}\p{Ll}/u.test(core))) return piece;
  if (/^[\p{L}-]+$/u.test(core) && core.includes('-')) {
    // "fail-stop", "re-enrol": each half by itself.
    const halves = core.split('-').map((half) => (isHarmless(half) ? half : names.of('word', half)));
    return before + halves.join('-') + after;
  }
  return before + replacement(names, core) + after;
}

function replacement(names: Pseudonyms, core: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(core)) return names.of('host', core);
  if (/[/\\]/.test(core)) return names.of('path', core);
  if (/^\d{1,3}(\.\d{1,3}){3}(:\d+)?$/.test(core) || core.includes(':')) return names.of('host', core);
  if (/\.[\p{L}\p{N}]{1,5}$/u.test(core)) return names.file(core);
  return names.of('word', core);
}

function isHarmless(core: string): boolean {
  if (core.length < 2 || isPlainWord(core)) return true;
  // Figures with their unit; longer numbers may be somebody's.
  if (/^\d{1,6}([.,]\d{1,3})?(ms|s|min|h|d|B|KB|MB|GB|TB|kB|%|x)?$/.test(core)) return true;
  // Units that stand alone, file systems, versions of programs (three numbers: four would be an address) and of machines.
  if (/^(B|KB|MB|GB|TB|ext4|xfs|btrfs|zfs|f2fs|vfat|exfat|tmpfs|overlay|nfs|cifs|smb2?|fuse|9p)$/.test(core))
    return true;
  if (/^v?\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(core) || /^(upload|connection|breaker|host)@\d{1,3}$/.test(core))
    return true;
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z?)?$/.test(core)) return true;
  // Settings and event types of ours: dotted words, each from the list.
  return /^[a-z_]+(\.[a-zA-Z_]+){1,3}$/.test(core) && core.split(/[._]/).every((part) => isPlainWord(part));
}
