// How the agent is: status for people, liveness for supervisors (local only: an outage at sea must not restart anything),
// the configuration in force, and the connection's commands.
import type { Json } from '../../../machines/json.ts';
import { TenderError } from '../../errors.ts';
import type { Aboard } from '../aboard.ts';
import type { Route } from '../router.ts';
import { invalid, jsonBody, onlyQuery } from '../validate.ts';
import { byOf } from './uploads.ts';

const rateMaxLength = 40;

export function statusRoutes(aboard: Aboard): readonly Route[] {
  const commands = ['start', 'stop', 'reconnect'] as const;
  return [
    {
      method: 'GET',
      path: 'v1/status',
      role: 'viewer',
      summary: 'The daemon on one page: link, queue, log, disk, and what needs a person.',
      answers: 'object',
      async answer(request) {
        onlyQuery(request, []);
        return { status: 200, json: await aboard.status() };
      },
    },
    {
      method: 'GET',
      path: 'v1/config',
      role: 'engineer',
      summary: 'Every setting in force, and where it came from.',
      answers: { settings: [{ key: 'text', value: 'text', origin: 'text', accepts: 'text', why: 'text' }] },
      async answer(request) {
        onlyQuery(request, []);
        return { status: 200, json: { settings: aboard.configLines as unknown as Json } };
      },
    },
    {
      method: 'GET',
      path: 'healthz',
      role: 'viewer',
      summary: 'Whether the daemon itself is well; an outage of the link is no illness.',
      answers: { ok: 'flag', log: 'text' },
      async answer() {
        const { writing, lastWriteError } = aboard.host.status();
        if (writing === 'open') return { status: 200, json: { ok: true, log: writing } };
        throw new TenderError(
          'TENDER_LOG_WRITE_FAILED',
          `The log is ${writing}${lastWriteError ? ` (${lastWriteError})` : ''}: nothing is promised until it is open again.`,
        );
      },
    },
    {
      method: 'POST',
      path: 'v1/link/rate',
      role: 'crew',
      summary: 'Sets the ceiling on everything the link carries: a rate such as 500kbit, off, or auto.',
      body: { rate: 'text', by: 'text?' },
      answers: { throttle: 'object' },
      async answer(request) {
        const { rate, by } = await jsonBody(request, ['rate', 'by']);
        if (typeof rate !== 'string' || rate.length > rateMaxLength)
          throw invalid('rate', 'must be a text such as "500kbit", "off" or "auto"');
        return { status: 200, json: { throttle: await aboard.throttle(rate, byOf(by)) } };
      },
    },
    ...commands.map(
      (command): Route => ({
        method: 'POST',
        path: `v1/connection/${command}`,
        role: 'crew',
        summary: `Gives the connection the command ${command}.`,
        body: { by: 'text?' },
        answers: 'object',
        async answer(request) {
          const body = await jsonBody(request, ['by']);
          return { status: 200, json: await aboard.connect(command, byOf(body.by)) };
        },
      }),
    ),
  ];
}
