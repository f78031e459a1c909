// The program of the extraction child: one document on stdin, one JSON answer on stdout, nothing else. It trusts nothing
// it reads and is trusted with nothing: no environment, no files but its own code, no network where the kernel allows it,
// and a parent (run.ts) that kills it at the first limit. Arguments: kind, textMaxBytes.
import { writeSync } from 'node:fs';
import { type DocumentKind, isText } from './kinds.ts';
import { cleanText, splitPassages } from './passages.ts';
import { decodeText, textOfHtml } from './text.ts';

/** What the child says; run.ts checks every field before believing it. */
export type ChildAnswer =
  | { readonly passages: readonly string[]; readonly shortened: boolean }
  | { readonly unreadable: string };

async function readAll(): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function textOf(kind: DocumentKind, bytes: Buffer, textMaxChars: number): Promise<string> {
  if (kind === 'html') return textOfHtml(decodeText(bytes), textMaxChars);
  if (isText(kind)) return decodeText(bytes);
  // Loaded only here: plain text needs no parser, and its import costs 70 ms.
  const { OfficeParser } = await import('officeparser');
  const parsed = await OfficeParser.parseOffice(bytes, {
    fileType: kind,
    ocr: false,
    extractAttachments: false,
    includeRawContent: false,
    // We are that process already.
    pdfParserConfig: { separateProcess: false },
  });
  return (await parsed.to('text')).value;
}

/** writeSync until all is out: stdout is a pipe that may take less than asked. */
function answer(value: ChildAnswer): void {
  const bytes = Buffer.from(JSON.stringify(value));
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

const kind = process.argv[2] as DocumentKind;
const textMaxBytes = Number(process.argv[3]);
try {
  // A character takes at least a byte: twice as many leave room for what cleaning drops, and no more is carried along.
  const text = await textOf(kind, await readAll(), 2 * textMaxBytes);
  const split = splitPassages(cleanText(text.slice(0, 2 * textMaxBytes)), textMaxBytes);
  answer({ passages: split.passages, shortened: split.shortened || text.length > 2 * textMaxBytes });
} catch (error) {
  // The parser's own words, shortened; they may quote the document, so they stay in this tenant's notice.
  answer({ unreadable: cleanText(String(error instanceof Error ? error.message : error)).slice(0, 300) });
}
// A parser may leave timers or workers behind; the answer is out, so nothing is worth waiting for.
process.exit(0);
