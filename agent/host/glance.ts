// What stands in the heads and receipts of a kind, at a glance: a few numbers read from each row's text without unpacking it.
// A hundred thousand rows so take a quarter of the time and leave no heap behind. Rows that do not look as expected are
// unpacked; a damaged one is found by whoever reads it for its own sake. For the queue's board.
import type { JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import type { KeyValue } from '../ports.ts';
import type { Cells } from './cells.ts';
import { merged } from './reads.ts';
import { readSlot, stamped } from './slot.ts';

export interface Glance {
  readonly actor: string;
  /** Only a receipt is left. */
  readonly finished: boolean;
  readonly n: number;
  readonly state: string;
  readonly priority: number;
  readonly addedMs: number;
  /** Undefined: not known yet. */
  readonly sizeBytes: number | undefined;
  readonly durableBytes: number;
}

export async function* glances(
  kv: KeyValue,
  cells: Cells,
  range: { readonly kind: string; readonly after?: string; readonly limit: number },
): AsyncGenerator<Glance> {
  let count = 0;
  // Rows of another version of the machine go through its migrations.
  const current = `"k":"${stamped(range.kind)}"`;
  for await (const { actor, finished, slot, ...row } of merged(kv, cells, range)) {
    // Live cells win over what was read before they changed.
    const live = cells.live(actor) ?? slot;
    const seen =
      live === undefined && row.sealed !== undefined
        ? ((row.sealed.includes(current) ? inText(row.sealed) : undefined) ??
          inCell(readSlot(actor, row.key, row.sealed).cell))
        : inCell(live!.cell);
    yield { actor, finished, ...seen };
    count += 1;
    if (count === range.limit) return;
  }
}

type Seen = Omit<Glance, 'actor' | 'finished'>;

/** Quotes inside of texts are escaped, so a quoted key with its colon is a key. Undefined: it must be unpacked. */
function inText(row: string): Seen | undefined {
  const n = numberAfter(row, '"n":');
  const state = wordAfter(row, '"value":"');
  const priority = numberAfter(row, '"priority":');
  const addedMs = numberAfter(row, '"addedMs":');
  const durableBytes = numberAfter(row, '"bytesDurable":');
  if (n === undefined || state === undefined || priority === undefined) return undefined;
  if (addedMs === undefined || durableBytes === undefined) return undefined;
  const sizeBytes = numberAfter(row, '"lengthBytes":') ?? numberAfter(row, '"sizeBytes":');
  return { n, state, priority, addedMs, durableBytes, sizeBytes };
}

function numberAfter(row: string, key: string): number | undefined {
  const at = row.indexOf(key);
  if (at < 0) return undefined;
  let value = 0;
  let digits = 0;
  for (let i = at + key.length; ; i++, digits++) {
    const digit = row.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  return digits === 0 ? undefined : value;
}

function wordAfter(row: string, key: string): string | undefined {
  const at = row.indexOf(key);
  return at < 0 ? undefined : row.slice(at + key.length, row.indexOf('"', at + key.length));
}

function inCell({ n, value, context }: Cell): Seen {
  const number = (found: unknown) => (typeof found === 'number' ? found : undefined);
  const { source, stat, sent } = context as { [part: string]: JsonObject | null | undefined };
  return {
    n,
    state: value,
    priority: number(context.priority) ?? 5,
    addedMs: number(context.addedMs) ?? 0,
    durableBytes: number(context.bytesDurable) ?? 0,
    sizeBytes: number(sent?.lengthBytes) ?? number(source?.sizeBytes) ?? number(stat?.sizeBytes),
  };
}
