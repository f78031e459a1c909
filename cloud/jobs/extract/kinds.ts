// What a document is, judged by its first bytes and its name: which reader the extraction child will use. Names lie and
// bytes rarely do, so a signature beats an extension; an unknown extension over plain text is read as text.
// Called by cloud/jobs/index-document.ts before a child is started.

export type TextKind = 'txt' | 'md' | 'csv' | 'html';
export type OfficeKind = 'pdf' | 'docx' | 'xlsx' | 'pptx' | 'odt' | 'rtf';
export type DocumentKind = TextKind | OfficeKind;

/** How many leading bytes a judgement needs. */
export const sniffBytes = 4096;

const byExtension: Readonly<Record<string, DocumentKind>> = {
  txt: 'txt',
  text: 'txt',
  log: 'txt',
  md: 'md',
  markdown: 'md',
  csv: 'csv',
  tsv: 'csv',
  htm: 'html',
  html: 'html',
  xhtml: 'html',
  pdf: 'pdf',
  docx: 'docx',
  xlsx: 'xlsx',
  pptx: 'pptx',
  odt: 'odt',
  rtf: 'rtf',
};

const inZip: ReadonlySet<DocumentKind> = new Set(['docx', 'xlsx', 'pptx', 'odt']);

/** Kinds that may be read in part: the beginning of a text is a text. */
export function isText(kind: DocumentKind): kind is TextKind {
  return kind === 'txt' || kind === 'md' || kind === 'csv' || kind === 'html';
}

/**
 * The kind, or undefined when nothing here can read it. `head` is the beginning of the document (`sniffBytes`, or all of
 * a shorter one); `name` is its display name.
 */
export function kindOf(name: string, head: Uint8Array): DocumentKind | undefined {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1]?.toLowerCase() ?? '';
  const named = byExtension[extension];
  // PDF allows junk before its header; readers look into the first kilobyte (ISO 32000-1, annex H.3.4.1).
  if (asciiHead(head, 1024).includes('%PDF-')) return 'pdf';
  if (asciiHead(head, 5) === '{\\rtf') return 'rtf';
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 0x03 && head[3] === 0x04) {
    return named && inZip.has(named) ? named : kindOfZip(head);
  }
  if (named && isText(named)) return looksBinary(head) ? undefined : named;
  return named === undefined && isPlainUtf8(head) && head.length > 0 ? 'txt' : undefined;
}

/** An office container under another name: the first entries name what it is. */
function kindOfZip(head: Uint8Array): DocumentKind | undefined {
  const text = asciiHead(head, sniffBytes);
  if (text.includes('application/vnd.oasis.opendocument.text')) return 'odt';
  if (text.includes('word/')) return 'docx';
  if (text.includes('xl/')) return 'xlsx';
  if (text.includes('ppt/')) return 'pptx';
  return undefined;
}

/** Zero bytes outside UTF-16 do not happen in text, whatever its encoding. */
function looksBinary(head: Uint8Array): boolean {
  const marked = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  return !marked && head.includes(0) && !looksUtf16(head);
}

/** UTF-16 without a mark: mostly Latin text has a zero in every second byte. */
export function looksUtf16(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  let even = 0;
  let odd = 0;
  const length = Math.min(head.length, sniffBytes) & ~1;
  for (let at = 0; at < length; at += 2) {
    if (head[at] === 0) even++;
    if (head[at + 1] === 0) odd++;
  }
  const half = length / 2;
  if (half < 2) return undefined;
  if (odd > half * 0.7 && even < half * 0.1) return 'utf-16le';
  if (even > half * 0.7 && odd < half * 0.1) return 'utf-16be';
  return undefined;
}

function isPlainUtf8(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text
    return !/[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text);
  } catch {
    return false;
  }
}

function asciiHead(head: Uint8Array, length: number): string {
  return String.fromCharCode(...head.subarray(0, length));
}
