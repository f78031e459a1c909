// `tender status`: link, queue, guards and disk on one screen.
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import { bytesText, lengthText, table } from '../text.ts';
import { throttleText } from './link.ts';

export const status: CliCommand = {
  usage: 'status',
  summary: 'the link, the queue, and whether anything needs a person',
  async run(context) {
    const answer = await (await context.api()).get('/v1/status');
    context.tell({ type: 'result', ok: true, ...answer });
    context.say(table(lines(answer)));
    return 0;
  },
};

function lines(answer: Answer): string[][] {
  const part = (name: string) => (answer[name] ?? {}) as Answer;
  const connection = part('connection');
  const queue = part('queue');
  const log = part('log');
  const spool = part('spool');
  const device = part('device');
  const counts = Object.entries((queue.states ?? {}) as Record<string, number>);
  const rows = [
    ['LINK', `${connection.state} (${connection.name}): ${connection.why}`],
    ...(part('throttle').from && part('throttle').from !== 'none'
      ? [['RATE', throttleText(part('throttle'))]]
      : []),
    ['CLOUD', device.enrolled === true ? `${device.cloudUrl} as ${device.deviceId}` : String(device.why)],
    ['QUEUE', counts.length === 0 ? 'empty' : counts.map(([state, count]) => `${state} ${count}`).join(', ')],
    ['LOG', `${log.writing}, record #${log.lastSeq}, boot ${log.boot}`],
    [
      'SPOOL',
      `${bytesText(Number(spool.usedBytes ?? 0))} of ${bytesText(Number(spool.maxBytes ?? 0))}, ` +
        `${bytesText(Number(spool.freeBytes ?? 0))} free on the disk`,
    ],
    [
      'AGENT',
      `up ${lengthText(Number(answer.uptimeMs ?? 0))}, ${bytesText(Number(answer.rssBytes ?? 0))} of memory`,
    ],
  ];
  const page = part('page');
  rows.push(['PAGE', page.url ? `${page.url} (tender ui opens it)` : String(page.why ?? 'not served')]);
  for (const breaker of (answer.breakers ?? []) as readonly Answer[])
    rows.push(['BREAKER', `${breaker.actor}: ${breaker.state}. ${breaker.why}`]);
  for (const problem of (answer.problems ?? []) as readonly Answer[])
    rows.push(['PROBLEM', `${problem.code}: ${problem.message}`]);
  return rows;
}
