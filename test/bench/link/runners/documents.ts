// Many documents at once: they lie down in the watched folder in one moment, as scans do.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { round } from '../arithmetic.ts';
import type { Case } from '../cases.ts';
import { commonFigures, observe } from '../observe.ts';
import { writePayload } from '../payload.ts';
import { onStage, type Runner, verify } from '../run.ts';

type About = Extract<Case, { kind: 'documents' }>;
const listMax = 1_000;

/** Sizes spread evenly between the least and the most, in an order that repeats nothing. */
export function documentSizes({ count, leastBytes, mostBytes }: About): number[] {
  const step = (mostBytes - leastBytes) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, at) => Math.round(leastBytes + step * ((at * 7) % count)));
}

/** Writes them into a folder; answers SHA-256 by file name. */
export async function writeDocuments(
  about: About,
  folder: string,
  seed: number,
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const [at, bytes] of documentSizes(about).entries()) {
    const name = `document-${String(at).padStart(4, '0')}.bin`;
    hashes.set(name, await writePayload(join(folder, name), bytes, `${seed} ${at}`));
  }
  return hashes;
}

export const documents: Runner<'documents'> = (about, options) =>
  onStage(about, options, async (lab, stage) => {
    const hashes = await writeDocuments(about, stage.workshop, options.seed);
    const bytes = documentSizes(about).reduce((sum, size) => sum + size, 0);
    const { journal } = stage;
    const seen = await observe(lab, async () => {
      for (const name of hashes.keys()) await rename(join(stage.workshop, name), join(stage.folder, name));
      await journal.settled(1, about.maxSeconds);
      const from = Math.min(...[...journal.journeys.values()].map(({ settledAt }) => settledAt ?? Infinity));
      await journal.stored(about.count, about.maxSeconds);
      return { from };
    });
    const { items } = (await stage.api.get(`/v1/uploads?limit=${listMax}`)) as {
      items: readonly { id: string; name: string }[];
    };
    const sent = items.map(({ id, name }) => ({
      id,
      sha256: String(hashes.get(name.replace(/^bench\//, ''))),
    }));
    if (sent.length !== about.count) throw new Error(`${sent.length} of ${about.count} documents are listed`);
    await verify(stage, sent);
    const common = commonFigures(seen, bytes);
    return {
      ...common,
      documentsPerSecond: round(about.count / seen.seconds, 1),
      overheadBytesPerDocument: round(common.besidePayloadBytes! / about.count),
      beyondBulkBytesPerDocument: round(common.beyondBulkBytes! / about.count),
    };
  });
