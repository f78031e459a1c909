// When a file changed under its upload, that upload gives way (source.changed → cancelled). The next version is made at
// the next look at the file; this brings the look forward, so that nobody waits for the scan. Wired by main.ts.
import { nameToBytes } from '../../cloud/contract/name.ts';
import type { Host } from '../host/contract.ts';
import { sourceFromJson } from './source.ts';
import type { Watcher } from './watcher.ts';

/** The answer stops it. A missed record costs nothing but the wait for the next scan. */
export function lookAgainWhenSuperseded(
  host: Pick<Host, 'tail' | 'read'>,
  watcher: Pick<Watcher, 'lookAt'>,
): () => void {
  return host.tail(async ({ actor, event }) => {
    if (event.type !== 'source.changed') return;
    const cell = await host.read(actor);
    if (!cell) return;
    const source = sourceFromJson(cell.context.source);
    if (source.kind === 'watched') watcher.lookAt(source.folder, nameToBytes(source.path));
  });
}
