// A bundle made in memory from a log, and its lines read back: for tests of what is in it.
import { gunzipSync } from 'node:zlib';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../../agent/adapters/node-clock.ts';
import { readHtml, writeHtml } from '../../../agent/bundle/html.ts';
import type { LogSource } from '../../../agent/bundle/log-source.ts';
import { type BundleMade, type BundleRequest, makeBundle } from '../../../agent/bundle/make.ts';
import { offlineSource } from '../../../agent/bundle/offline-source.ts';
import { type BundleSeen, verifyBundle } from '../../../agent/bundle/verify.ts';
import { openOfflineLog } from '../../../agent/daemon/offline-log.ts';

export const emptyPage = '<html><script type="application/octet-stream" id="tender-bundle"></script></html>';

export interface Made {
  readonly made: BundleMade;
  readonly html: string;
  /** The lines as one text. */
  readonly text: string;
  readonly seen: BundleSeen;
}

export async function bundleOf(
  source: LogSource,
  request: Partial<BundleRequest> = {},
  template = emptyPage,
): Promise<Made> {
  let html = '';
  const page = await writeHtml(template, async (part) => {
    html += part;
  });
  const made = await makeBundle({
    source,
    from: source.oldest,
    reveal: 'nothing',
    salt: new Uint8Array(32).fill(7),
    madeMs: Date.UTC(2026, 10, 20),
    versions: { tender: '0.0.0-test' },
    notes: [],
    ...request,
    write: page.line,
  });
  await page.end();
  const data = /id="tender-bundle">([^<]*)</.exec(html)![1]!;
  const seen = await verifyBundle(readHtml(pieces(html)));
  return { made, html, text: gunzipSync(Buffer.from(data, 'base64')).toString(), seen };
}

/** In pieces of odd sizes, as files are read. */
export async function* pieces(text: string): AsyncGenerator<string> {
  for (let at = 0, size = 7; at < text.length; at += size, size = (size * 31) % 8_191)
    yield text.slice(at, at + size);
}

export async function withStoppedLog<T>(
  directory: string,
  use: (source: LogSource) => Promise<T>,
): Promise<T> {
  const log = await openOfflineLog(createLevelStorage(directory, { existing: true }));
  try {
    return await use(offlineSource(log, nodeClock()));
  } finally {
    await log.close();
  }
}
