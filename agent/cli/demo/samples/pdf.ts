// PDF files made by hand (ISO 32000-1, 7.5): one text page per entry, and if asked a stream of noise that weighs as much
// as a scan would and compresses as little.
import { createCipheriv } from 'node:crypto';

/** `count` bytes that no compressor shortens, the same for the same seed: AES-128 in counter mode over zeroes. */
export function noise(count: number, seed: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed, 0);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(count));
}

const escaped = (text: string): string => text.replace(/[\\()]/g, '\\$&');

function page(lines: readonly string[]): Buffer {
  const shown = lines.map((line) => `(${escaped(line)}) Tj T*`).join('\n');
  return Buffer.from(`BT /F1 11 Tf 14 TL 56 780 Td\n${shown}\nET`, 'latin1');
}

/** A PDF 1.4 with one page per list of lines (Latin-1 text), and `noiseBytes` of incompressible ballast. */
export function pdf(pages: readonly (readonly string[])[], noiseBytes = 0, seed = 1): Buffer {
  const objects: Buffer[] = [];
  const add = (body: Buffer | string): number => objects.push(Buffer.from(body as string, 'latin1'));
  const stream = (bytes: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`<< /Length ${bytes.length} >>\nstream\n`),
      bytes,
      Buffer.from('\nendstream'),
    ]);
  const firstPage = 4;
  const kids = pages.map((_, index) => `${firstPage + index * 2} 0 R`).join(' ');
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  pages.forEach((lines, index) => {
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${firstPage + index * 2 + 1} 0 R ` +
        '/Resources << /Font << /F1 3 0 R >> >> >>',
    );
    objects.push(stream(page(lines)));
  });
  if (noiseBytes > 0) objects.push(stream(noise(noiseBytes, seed)));
  return assemble(objects);
}

function assemble(objects: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  let length = (parts[0] as Buffer).length;
  const offsets = objects.map((body, index) => {
    const at = length;
    const whole = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), body, Buffer.from('\nendobj\n')]);
    parts.push(whole);
    length += whole.length;
    return at;
  });
  const rows = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${rows}`;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(table + trailer)]);
}
