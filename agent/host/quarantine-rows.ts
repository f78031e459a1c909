// Sets one actor aside after a restart: its head keeps the reason, and nothing in the queue or among the timers names it any
// more. Rare, so the index is searched rather than indexed.
import type { Change, KeyValue } from '../ports.ts';
import { below, parseQueueKey, parseTimerKey, prefixes } from './keys.ts';
import { headRow, type Slot } from './slot.ts';
import { quarantineRow } from './turn.ts';

export async function quarantineRows(kv: KeyValue, slot: Slot): Promise<Change[]> {
  const changes: Change[] = [headRow(slot), quarantineRow(slot.actor, slot.quarantined ?? '')];
  for await (const [key] of kv.iterate(below(prefixes.queue))) {
    if (parseQueueKey(key).actor === slot.actor) changes.push({ type: 'del', key });
  }
  for await (const [key] of kv.iterate(below(prefixes.timer))) {
    if (parseTimerKey(key).actor === slot.actor) changes.push({ type: 'del', key });
  }
  return changes;
}
