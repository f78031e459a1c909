// `tender status`: link, queue, guards and disk on one screen.
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import { bytesText, lengthText, rangeText, table } from '../text.ts';
import { kilobits, throttleText } from './link.ts';

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
    ...(part('line').open === true ? [['LINE', lineText(part('line'))]] : []),
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
  const sent = part('sent');
  const saved = part('saved') as Record<string, number>;
  const savedBytes = (saved.resumed ?? 0) + (saved.deduped ?? 0) + (saved.compressed ?? 0);
  rows.push(['SENT', `${bytesText(Number(sent.wireBytes ?? 0))}, ${bytesText(savedBytes)} saved`]);
  const left = part('left');
  if (Number(left.bytes ?? 0) > 0)
    rows.push(['LEFT', `${bytesText(Number(left.bytes))}${left.ms ? `, ${rangeText(left.ms)}` : ''}`]);
  // The link has its line above; of the rest only what is not as it should be.
  for (const one of (answer.components ?? []) as readonly Answer[])
    if (one.isAvailable !== true && one.id !== 'line' && one.id !== 'notices')
      rows.push(['PART', `${one.id}: ${one.name}. ${one.why}`]);
  const off = ((answer.features ?? []) as readonly Answer[]).filter(({ available }) => available === false);
  for (const { title, why } of off) rows.push(['OFF', `${title}: ${why}`]);
  const page = part('page');
  rows.push(['PAGE', page.url ? `${page.url} (tender ui opens it)` : String(page.why ?? 'not served')]);
  for (const breaker of (answer.breakers ?? []) as readonly Answer[])
    rows.push(['BREAKER', `${breaker.actor}: ${breaker.state}. ${breaker.why}`]);
  for (const problem of (answer.problems ?? []) as readonly Answer[])
    rows.push(['PROBLEM', `${problem.code}: ${problem.message}`]);
  return rows;
}

/** "follow: 1903 kbit/s ± 4 %, queue 12 of 20 ms, round trip 607 ms; 11 lanes, 141 KB on the way" */
export function lineText(line: Answer): string {
  const rate = (line.rate ?? {}) as Readonly<Record<string, unknown>>;
  const whole = (name: string) => Math.round(Number(rate[name]));
  const found =
    typeof rate.capacityBytesPerSecond === 'number'
      ? `${Math.round(Number(kilobits(rate.capacityBytesPerSecond)))} kbit/s ± ${whole('capacityDoubtPercent')} %, ` +
        `queue ${whole('queueMs')} of ${whole('targetMs')} ms`
      : 'the rate is not known yet';
  const lanes = (line.lanes ?? []) as readonly Answer[];
  const sleeping = lanes.filter(({ asleep }) => asleep === true).length;
  return [
    `${rate.state}: ${found}`,
    ...(typeof rate.roundTripMs === 'number' ? [`, round trip ${whole('roundTripMs')} ms`] : []),
    `; ${lanes.length} ${lanes.length === 1 ? 'lane' : 'lanes'}`,
    ...(sleeping > 0 ? [` (${sleeping} asleep)`] : []),
    `, ${bytesText(Number(line.outstandingBytes ?? 0))} on the way`,
  ].join('');
}
