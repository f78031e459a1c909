// Finished actors, newest first: ids begin with their time, so this is the order of their births read backwards. For lists
// that show the end of the story first; live actors are not among them.
import type { Cell } from '../../machines/kernel.ts';
import type { KeyValue } from '../ports.ts';
import { below, prefixes } from './keys.ts';
import { readSlot } from './slot.ts';

export interface NewestRange {
  readonly kind: string;
  /** Actors before this one. */
  readonly before?: string;
  readonly limit: number;
}

export async function* newest(
  kv: KeyValue,
  { kind, before, limit }: NewestRange,
): AsyncGenerator<{ readonly actor: string; readonly cell: Cell }> {
  const { gte, lt } = below(`${prefixes.receipt}${kind}/`);
  const end = before === undefined ? lt : `${prefixes.receipt}${before}`;
  for await (const [key, sealed] of kv.iterate({ gte, lt: end, reverse: true, limit })) {
    const actor = key.slice(prefixes.receipt.length);
    yield { actor, cell: readSlot(actor, key, sealed).cell };
  }
}
