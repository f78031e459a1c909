// A bundle as a log that can be explored in a terminal: verified while it is read, then held in memory.
import { createReadStream } from 'node:fs';
import type { BundleBase, SavedRecord } from '../../../machines/bundle.ts';
import type { Json } from '../../../machines/json.ts';
import { definitionOf, kindOf } from '../../../machines/registry.ts';
import { parseKind } from '../../../machines/replay.ts';
import { createTravel } from '../../../machines/travel.ts';
import { readHtml } from '../../bundle/html.ts';
import { foundMax, type LogSource } from '../../bundle/log-source.ts';
import { type BundleSeen, verifyBundle } from '../../bundle/verify.ts';
import { TenderError } from '../../errors.ts';

/** Reads and judges; keeps nothing of the records. Throws TENDER_BUNDLE_INVALID, TENDER_FILE_UNREADABLE. */
export function judgeBundle(path: string): Promise<BundleSeen> {
  return verifyBundle(readHtml(textOf(path)));
}

export async function openBundleLog(
  path: string,
): Promise<{ readonly seen: BundleSeen; readonly source: LogSource }> {
  const bases = new Map<string, BundleBase>();
  const records: SavedRecord[] = [];
  const places = new Map<string, number[]>();
  const seen = await verifyBundle(readHtml(textOf(path)), {
    base: (base) => bases.set(base.actor, base),
    record(record) {
      const own = places.get(record.actor);
      if (own) own.push(records.length);
      else places.set(record.actor, [records.length]);
      records.push(record);
    },
  });
  const own = (actor: string) => (places.get(actor) ?? []).map((place) => records[place]!);
  const standing = (actor: string) => {
    const last = own(actor).at(-1);
    const base = bases.get(actor);
    return { actor, n: last?.n ?? base?.n ?? 0, state: last?.state ?? base?.cell.value ?? '' };
  };
  const names = [...new Set([...bases.keys(), ...places.keys()])]
    .filter((name) => !name.startsWith('host/'))
    .sort();
  const { from, logId } = seen.header;

  const source: LogSource = {
    logId,
    nowMs: records.at(-1)?.at ?? seen.header.made,
    oldest: from,
    head: records.at(-1)?.seq ?? 0,
    async *records(after, upTo) {
      yield* records.slice(Math.max(0, after + 1 - from), Math.max(0, upTo + 1 - from));
    },
    async base(actor, n) {
      const base = bases.get(actor);
      const kind = parseKind(base?.kind ?? own(actor)[0]?.kind ?? `${kindOf(actor)}@1`);
      const travel = createTravel<SavedRecord>(
        kind.kind,
        actor,
        base && { n: base.n, cell: base.cell as unknown as Json, version: kind.version },
      );
      travel.add(own(actor));
      const moment = travel.at(n);
      if (!moment || moment.unfolded) return undefined;
      return { actor, n, kind: `${kind.kind}@${definitionOf(kind.kind).version}`, cell: moment.cell };
    },
    async *actors() {
      for (const actor of names) {
        const at = standing(actor);
        if (!definitionOf(kindOf(actor)).finalStates.includes(at.state)) yield at;
      }
    },
    async *ofActor(actor, n) {
      for (const record of own(actor)) if (record.n > n) yield record;
    },
    find: async (text) => {
      const wanted = text.toLowerCase();
      return names.filter((name) => name.toLowerCase().includes(wanted)).slice(0, foundMax);
    },
  };
  return { seen, source };
}

async function* textOf(path: string): AsyncGenerator<string> {
  try {
    yield* createReadStream(path, { encoding: 'latin1', highWaterMark: 262_144 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const why = code === 'ENOENT' ? 'there is no such file' : code;
    throw new TenderError('TENDER_FILE_UNREADABLE', `${path} cannot be read: ${why}.`, { cause: error });
  }
}
