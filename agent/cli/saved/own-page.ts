// A bundle from elsewhere is a page with a script from elsewhere. What `tender inspect` opens is always the page of this build:
// the bundle itself where it holds that one, else a copy with the same lines in ours.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { bundleElementId } from '../../../machines/bundle.ts';
import { pageTemplate } from './page-template.ts';

const opening = `id="${bundleElementId}">`;

export interface OwnPage {
  readonly path: string;
  /** Whether a copy had to be made. */
  readonly copied: boolean;
}

/** `path` was verified before: it is a bundle. */
export async function ownPage(path: string): Promise<OwnPage> {
  const [text, template] = await Promise.all([readFile(path, 'utf8'), pageTemplate()]);
  const begin = text.indexOf(opening) + opening.length;
  const end = text.indexOf('<', begin);
  const at = template.indexOf(opening) + opening.length;
  if (text.slice(0, begin) === template.slice(0, at) && text.slice(end) === template.slice(at))
    return { path, copied: false };
  const lines = text.slice(begin, end).replace(/[^A-Za-z0-9+/=]/g, '');
  const copy = join(await mkdtemp(join(tmpdir(), 'tender-inspect-')), basename(path));
  await writeFile(copy, template.slice(0, at) + lines + template.slice(at), { mode: 0o600 });
  return { path: copy, copied: true };
}
