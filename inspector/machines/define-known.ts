// Stands in for machines/define.ts in what the browser loads: the same machines were audited when they were tested and when
// the daemon that serves this page loaded them. Named as an alias in the Vite configurations, beside xstate-nodes.ts.
import type { Definition } from '../../machines/define.ts';

export * from '../../machines/define.ts';

/** The definition, frozen. */
export function define(definition: Definition): Definition {
  return Object.freeze(definition);
}
