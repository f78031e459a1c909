// Lines → one HTML file: the page built by inspector/bundle around them, the lines gzipped and in base64 in an element that
// no browser runs. And back again, for `tender inspect`. Both stream: neither holds the whole.
import { once } from 'node:events';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { bundleElementId } from '../../machines/bundle.ts';
import { TenderError } from '../errors.ts';

/** A bundle larger than this does not travel by mail and does not open on a tablet. */
export const bundleMaxBytes = 64 * 1024 * 1024;
/** A line is one record or one cell: both are bounded by the log's own limits. */
const lineMaxChars = 16 * 1024 * 1024;

const opening = `id="${bundleElementId}">`;

export interface HtmlWriter {
  line(text: string): Promise<void>;
  /** Writes what is left and the end of the page; answers the size of the file. */
  end(): Promise<number>;
}

/** Throws TENDER_BUNDLE_TOO_LARGE as soon as it would be. */
export async function writeHtml(
  template: string,
  write: (bytes: string) => Promise<void>,
): Promise<HtmlWriter> {
  const at = template.indexOf(opening) + opening.length;
  if (at < opening.length) throw new Error('the bundle page has no place for the lines: build it again');
  const gzip = createGzip({ level: constants.Z_BEST_COMPRESSION });
  let written = template.length;
  let failure: unknown;
  let rest: Uint8Array = new Uint8Array();

  const put = async (text: string) => {
    written += text.length;
    if (written > bundleMaxBytes)
      throw new TenderError(
        'TENDER_BUNDLE_TOO_LARGE',
        `The bundle would be larger than ${bundleMaxBytes / 1024 / 1024} MB: take a shorter time with --since, such as --since 2h.`,
      );
    await write(text);
  };

  await write(template.slice(0, at));
  const pumped = (async () => {
    for await (const piece of gzip as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([rest, piece]);
      // Base64 is joined only at whole triples.
      const whole = bytes.length - (bytes.length % 3);
      rest = bytes.subarray(whole);
      await put(bytes.subarray(0, whole).toString('base64'));
    }
    await put(Buffer.from(rest).toString('base64'));
  })().catch((error: unknown) => {
    failure = error;
    gzip.destroy();
  });

  return {
    async line(text) {
      if (failure) throw failure;
      if (!gzip.write(text)) await Promise.race([once(gzip, 'drain'), pumped]);
      if (failure) throw failure;
    },
    async end() {
      gzip.end();
      await pumped;
      if (failure) throw failure;
      await write(template.slice(at));
      return written;
    },
  };
}

/** The lines of a bundle, from the file's text as it is read. Throws TENDER_BUNDLE_INVALID. */
export async function* readHtml(text: AsyncIterable<string>): AsyncGenerator<string> {
  const gunzip = createGunzip();
  let failure: unknown;
  void feed(text, gunzip).catch((error: unknown) => {
    failure = error;
    gunzip.destroy(error as Error);
  });
  let line = '';
  try {
    for await (const piece of gunzip.setEncoding('utf8') as AsyncIterable<string>) {
      line += piece;
      if (line.length > lineMaxChars) throw invalid('it holds a line that is too long');
      for (let end = line.indexOf('\n'); end >= 0; end = line.indexOf('\n')) {
        yield line.slice(0, end);
        line = line.slice(end + 1);
      }
    }
  } catch (error) {
    if (failure instanceof TenderError) throw failure;
    if (error instanceof TenderError) throw error;
    throw invalid('its data is damaged or was cut off');
  }
}

async function feed(text: AsyncIterable<string>, gunzip: ReturnType<typeof createGunzip>): Promise<void> {
  let before = '';
  let inside = false;
  let ended = false;
  for await (const piece of text) {
    if (ended) continue;
    before += piece;
    if (!inside) {
      const at = before.indexOf(opening);
      if (at < 0) {
        before = before.slice(-opening.length);
        continue;
      }
      inside = true;
      before = before.slice(at + opening.length);
    }
    const close = before.indexOf('<');
    if (close >= 0) {
      before = before.slice(0, close);
      ended = true;
    }
    const whole = ended ? before.length : before.length - (before.length % 4);
    if (!gunzip.write(Buffer.from(before.slice(0, whole), 'base64'))) await once(gunzip, 'drain');
    before = before.slice(whole);
  }
  if (!inside) throw invalid('this file is not one');
  if (!ended) throw invalid('it was cut off');
  gunzip.end();
}

function invalid(what: string): TenderError {
  return new TenderError(
    'TENDER_BUNDLE_INVALID',
    `The bundle cannot be read: ${what}. Copy it again, or make a new one with \`tender bundle\`.`,
  );
}
