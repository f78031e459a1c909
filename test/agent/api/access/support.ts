// Side rows in memory, for parts of the page's door that need nothing else of the log.
import type { Host } from '../../../../agent/host/contract.ts';

export interface MemoryRows extends Pick<Host, 'rows' | 'putRows'> {
  readonly kept: Map<string, string>;
}

export function memoryRows(): MemoryRows {
  const kept = new Map<string, string>();
  return {
    kept,
    async *rows({ gte = '', lt = '￿' }) {
      for (const key of [...kept.keys()].sort())
        if (key >= gte && key < lt) yield [key, kept.get(key)!] as const;
    },
    async putRows(changes) {
      for (const change of changes)
        if (change.type === 'put') kept.set(change.key, change.value);
        else kept.delete(change.key);
    },
  };
}
