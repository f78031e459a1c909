// Durable before effect, asserted at the moment an effect starts and not by its consequences: idempotent effects hide
// every mistake of order. Also: no id runs twice at once, and none runs again after its result is in the log.
import type { EffectHandler, Host } from '../../agent/host/contract.ts';
import type { CheckLog } from './check-log.ts';
import type { Report } from './report.ts';

/** The host with every handler wrapped on its way in. */
export function createChecked(host: Host, log: CheckLog, report: Report): Host {
  const running = new Set<string>();
  const checked =
    (handler: EffectHandler): EffectHandler =>
    async (request) => {
      const { id, actor, type } = request;
      const [n = ''] = id.slice(id.lastIndexOf('/') + 1).split('.');
      if (!log.isDurable(actor, Number(n)))
        report.violate(
          'L3 durable before effect',
          `${type} ${id} started, its record ${n} is not on the medium`,
        );
      if (log.isAnswered(actor, id.slice(id.lastIndexOf('/') + 1)))
        report.violate('L4 one effect per id, one result', `${type} ${id} started again after its result`);
      if (running.has(id))
        report.violate('L4 one effect per id, one result', `${type} ${id} runs twice at once`);
      running.add(id);
      report.trace(`effect ${type} ${actor} ${id.slice(id.lastIndexOf('/') + 1)}`);
      try {
        return await handler(request);
      } finally {
        running.delete(id);
      }
    };
  return { ...host, register: (type, handler) => host.register(type, checked(handler)) };
}
