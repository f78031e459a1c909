// What the machine hears when a handler of ours keeps throwing: a fault aboard (class LOCAL), in the words of that effect.
// No stack and no path leaves: the log line beside it has the details.
import type { MachineEvent } from '../../machines/kernel.ts';

/** Wait before an upload or connection that met a fault of ours tries again. */
const localFaultDelayMs = 60_000;

const code = 'TENDER_INTERNAL';
const message = 'The agent met a fault of its own; its log names it. It tries again by itself.';
const failure = { class: 'LOCAL', code, message, delayMs: localFaultDelayMs };

const byEffect: { readonly [type: string]: MachineEvent } = {
  checkSettled: { type: 'file.unreadable', code, message },
  sendDocument: { type: 'send.failed', ...failure },
  confirmStored: { type: 'send.failed', ...failure },
  openLine: { type: 'line.failed', ...failure },
  closeLine: { type: 'line.closed' },
};

/** The failure event of an effect type; undefined where there is none: such an effect is simply tried again, slowly. */
export function failureOf(type: string): MachineEvent | undefined {
  return Object.hasOwn(byEffect, type) ? byEffect[type] : undefined;
}
