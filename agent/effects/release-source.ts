// The effect releaseSource: removes a spooled document's bytes once they are ashore, or once nobody wants them there.
// A watched file is never touched. Result: source.released, also when the bytes were gone already.
import type { MachineEvent } from '../../machines/kernel.ts';
import { sourceFromJson } from '../files/source.ts';
import type { Spool } from '../files/spool.ts';
import type { EffectHandler } from '../host/contract.ts';

export function releaseSource(spool: Pick<Spool, 'remove'>): EffectHandler {
  return async ({ params }): Promise<MachineEvent> => {
    const source = sourceFromJson(params.source);
    if (source.kind === 'spooled') await spool.remove(source.spool);
    return { type: 'source.released' };
  };
}
