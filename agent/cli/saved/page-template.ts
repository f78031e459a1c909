// The page a bundle is wrapped in: built once with the release, found beside the program.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenderError } from '../../errors.ts';

/** From the sources or from dist/, the same file: dist/inspector/bundle.html below the package. */
export async function pageTemplate(): Promise<string> {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    for (const place of ['dist/inspector/bundle.html', 'inspector/bundle.html']) {
      const text = await readFile(join(folder, place), 'utf8').catch(() => undefined);
      if (text?.includes('id="tender-bundle">')) return text;
    }
    if (folder === dirname(folder))
      throw new TenderError(
        'TENDER_INTERNAL',
        'The page of bundles is not built: run `npm run build` in this checkout, or install tender again.',
      );
  }
}
