// Readers of the plain kinds: which encoding, and for HTML what a reader would see. Small on purpose: no script is run,
// no entity is fetched, nothing refers to anything outside the bytes. Runs in the extraction child.
import { looksUtf16 } from './kinds.ts';

/** UTF-8 or UTF-16 by mark or by evidence; bytes that are neither are read as Windows-1252, which cannot fail. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return decodeAs('utf-8', bytes.subarray(3));
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeAs('utf-16le', bytes.subarray(2));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeAs('utf-16be', bytes.subarray(2));
  const wide = looksUtf16(bytes);
  if (wide) return decodeAs(wide, bytes);
  try {
    // `stream` forgives a character cut at the end: a long text may have been shortened for reading.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return decodeAs('windows-1252', bytes);
  }
}

function decodeAs(label: string, bytes: Uint8Array): string {
  return new TextDecoder(label).decode(bytes);
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  euro: '€',
  pound: '£',
  deg: '°',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
};

const invisible = new Set(['script', 'style', 'template', 'noscript', 'head']);
const breaking =
  /^(?:p|div|br|li|tr|h[1-6]|ul|ol|table|section|article|header|footer|title|blockquote|pre|hr|td|th)$/;

/**
 * The text of an HTML page: tags dropped, blocks on lines of their own, script and style left out. One pass over the
 * characters, linear whatever the input; it ends once `textMaxChars` are found, so that memory follows the text kept.
 */
export function textOfHtml(html: string, textMaxChars = Number.POSITIVE_INFINITY): string {
  const out: string[] = [];
  let kept = 0;
  let at = 0;
  while (at < html.length && kept <= textMaxChars) {
    const open = html.indexOf('<', at);
    if (open < 0) {
      out.push(html.slice(at));
      break;
    }
    out.push(html.slice(at, open));
    kept += open - at;
    const next = html.charCodeAt(open + 1);
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      at = end < 0 ? html.length : end + 3;
    } else if (next === 0x2f || next === 0x21 || next === 0x3f || isLetter(next)) {
      const end = html.indexOf('>', open);
      const close = end < 0 ? html.length : end + 1;
      const name = /^\/?([a-zA-Z0-9]+)/.exec(html.slice(open + 1, open + 24))?.[1]?.toLowerCase() ?? '';
      if (breaking.test(name)) out.push('\n');
      at = next !== 0x2f && invisible.has(name) ? afterElement(html, close, name, out) : close;
    } else {
      out.push('<');
      at = open + 1;
    }
  }
  return decodeEntities(out.join(''));
}

/** Where an element whose text nobody sees ends. A page's title is worth finding, so the head gives that much. */
function afterElement(html: string, from: number, name: string, out: string[]): number {
  const rest = html.slice(from);
  const found = rest.search(new RegExp(`</${name}[\\s>]`, 'i'));
  const end = found < 0 ? rest.length : found;
  if (name === 'head') {
    const title = /<title[^>]{0,256}>([^<]{0,1024})</i.exec(rest.slice(0, end))?.[1];
    if (title) out.push(`${title}\n`);
  }
  return from + end;
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,8}));/g,
    (whole, dec, hex, word) => {
      if (word) return named[word] ?? whole;
      const code = dec ? Number.parseInt(dec, 10) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
        ? String.fromCodePoint(code)
        : whole;
    },
  );
}
