// A database whose writes go through a function of the test, whichever of the port's two ways is used.
import type { KeyValue } from '../../agent/ports.ts';

/** `kv`, but every batch is written by `batch`. */
export function withBatch(kv: KeyValue, batch: KeyValue['batch']): KeyValue {
  return {
    ...kv,
    batch,
    prepare: (changes) => ({ write: (options) => batch(changes, options), discard: () => undefined }),
  };
}
