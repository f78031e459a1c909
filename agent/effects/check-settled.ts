// The effect checkSettled: waits until a watched file has been written to its end, and says what it then was.
// Results: file.settled, file.vanished, file.unreadable.
import type { MachineEvent } from '../../machines/kernel.ts';
import type { Settler } from '../files/settle.ts';
import { sourceFromJson } from '../files/source.ts';
import { sourceEvent } from '../files/source-failure.ts';
import type { EffectHandler } from '../host/contract.ts';

export function checkSettled(settler: Settler): EffectHandler {
  return async ({ params, signal }): Promise<MachineEvent> => {
    const seen = await settler.settled(sourceFromJson(params.source), signal);
    return 'failed' in seen ? sourceEvent(seen.failed) : { type: 'file.settled', stat: { ...seen.settled } };
  };
}
