// The pure half of extraction: encodings, HTML, passages.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../cloud/jobs/extract/kinds.ts';
import { cleanText, passageMaxBytes, splitPassages } from '../../../cloud/jobs/extract/passages.ts';
import { decodeText, textOfHtml } from '../../../cloud/jobs/extract/text.ts';

describe('encodings', () => {
  it.each<[string, Uint8Array]>([
    ['UTF-8', Buffer.from('Müller & Söhne')],
    ['UTF-8 with a mark', Buffer.from('\ufeffMüller & Söhne')],
    ['UTF-16 little endian with a mark', Buffer.from('\ufeffMüller & Söhne', 'utf16le')],
    ['UTF-16 big endian with a mark', Buffer.from('\ufeffMüller & Söhne', 'utf16le').swap16()],
    ['UTF-16 little endian without a mark', Buffer.from('Müller & Söhne', 'utf16le')],
    ['Latin 1', Buffer.from('Müller & Söhne', 'latin1')],
  ])('%s', (_name, bytes) => {
    expect(decodeText(bytes)).toBe('Müller & Söhne');
  });

  it('a UTF-8 text cut inside a character stays UTF-8', () => {
    expect(decodeText(Buffer.from('Söhne ö').subarray(0, -1))).toBe('Söhne ');
  });
});

describe('kinds', () => {
  it('bytes beat names, and neither makes binary a text', () => {
    expect(kindOf('a.txt', Buffer.from('%PDF-1.7'))).toBe('pdf');
    expect(kindOf('a.txt', Buffer.from([0, 1, 2, 3, 0, 0, 7, 7]))).toBeUndefined();
    expect(kindOf('photo.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toBeUndefined();
    expect(kindOf('archive.zip', Buffer.from('PK\x03\x04notes.txt'))).toBeUndefined();
    expect(kindOf('empty.bin', Buffer.alloc(0))).toBeUndefined();
  });
});

describe('HTML', () => {
  it('keeps what a reader sees and nothing else', () => {
    const page =
      '<!doctype html><head><title>Log &amp; book</title><style>p{}</style></head><body><script>alert("x<y")</script><p>Fuel &lt; 5&nbsp;t</p><!-- no --><div>second</div> 3 < 4</body>';
    expect(cleanText(textOfHtml(page)).trim()).toBe('Log & book\n\nFuel < 5 t\n\nsecond\n3 < 4');
  });

  it('ends in linear time on a million open brackets', () => {
    expect(textOfHtml('<'.repeat(1_000_000)).length).toBeLessThanOrEqual(1_000_000);
    expect(textOfHtml('<a'.repeat(500_000)).length).toBe(0);
  });
});

describe('passages', () => {
  it('never exceed 2 KB, hold no NUL, and lose no word, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3000 }), { maxLength: 6 }), (parts) => {
        const text = cleanText(parts.join(' \n'));
        const { passages, shortened } = splitPassages(text, 2 ** 20);
        expect(shortened).toBe(false);
        for (const passage of passages) {
          expect(Buffer.byteLength(passage)).toBeLessThanOrEqual(passageMaxBytes);
          expect(passage).not.toContain('\0');
          expect(passage.isWellFormed()).toBe(true);
        }
        expect(passages.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }),
      { numRuns: 300 },
    );
  });

  it('cuts between sentences when a paragraph is too long', () => {
    const sentence = `${'word '.repeat(80).trim()}. `;
    const { passages } = splitPassages(sentence.repeat(20), 2 ** 20);
    expect(passages.length).toBeGreaterThan(3);
    for (const passage of passages) expect(passage.endsWith('.')).toBe(true);
  });

  it('stops at the limit and says so', () => {
    const { passages, shortened } = splitPassages('a line of text\n'.repeat(1000), 5000);
    expect(shortened).toBe(true);
    expect(Buffer.byteLength(passages.join(''))).toBeLessThanOrEqual(5000);
  });
});
