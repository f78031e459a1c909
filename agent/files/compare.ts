// Whether a file aboard is what the shore already has: read through and hashed, nothing sent. Asked only when the row of
// a file came from the shore's inventory, after a log was rebuilt; with it the ledger learns the file's chunks again.
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { FileStat, Files } from '../ports.ts';
import { openDocument } from './document-reader.ts';
import type { StoredVersion } from './file-row.ts';
import { createGate } from './gate.ts';
import type { ChunkLedger } from './ledger.ts';
import type { Source, SourceRoots } from './source.ts';

/** Chunks of one file that the ledger learns, 2 MB of ids; of a larger file it learns the first 4.7 GB. */
const learnedMaxChunks = 65_536;

/** True when the file, being in the state `stat`, holds exactly the bytes of `stored`. */
export type Comparer = (source: Source, stat: FileStat, stored: StoredVersion) => Promise<boolean>;

export function createComparer(ports: {
  readonly files: Files;
  readonly roots: SourceRoots;
  readonly ledger: Pick<ChunkLedger, 'remember'>;
}): Comparer {
  const oneAtATime = createGate(1);
  return async (source, stat, stored) => {
    if (stat.sizeBytes !== stored.lengthBytes) return false;
    return oneAtATime.run(async () => {
      const document = openDocument(ports.files, ports.roots, source, stat);
      const ids: Uint8Array[] = [];
      try {
        for (;;) {
          const step = await document.next();
          if ('chunk' in step) {
            if (ids.length < learnedMaxChunks) ids.push(step.chunk.id);
            document.release(step.chunk.index);
            continue;
          }
          if (!('end' in step) || hexFromBytes(step.end.sha256) !== stored.sha256) return false;
          await ports.ledger.remember(ids);
          return true;
        }
      } finally {
        await document.close();
      }
    });
  };
}
