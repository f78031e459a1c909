// `tender show ID`: everything known about one document, its proof of storage and its history. `tender why ID`: the one
// sentence that says what it waits for, when that ends and what a person can do.

import { moneyText } from '../../config/price.ts';
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import { bytesText, oneLine, rangeText, table, timeText } from '../text.ts';
import { getUpload, type UploadView } from '../uploads.ts';

export const show: CliCommand = {
  usage: 'show <id>',
  summary: 'everything known about one document',
  async run(context, [id]) {
    const api = await context.api();
    const upload = await getUpload(api, id as string);
    const history = await api.get(`/v1/log?actor=${encodeURIComponent(`upload/${upload.id}`)}&limit=200`);
    context.tell({ type: 'result', ok: true, upload, history: history.items });
    const rows: string[][] = [
      ['id', upload.id],
      ['name', upload.name],
      ['state', `${upload.state} (${upload.glance})`],
      ['why', upload.why],
      ['version', String(upload.version)],
      ['priority', String(upload.priority)],
      ['size', upload.sizeBytes === null ? 'not known yet' : bytesText(upload.sizeBytes)],
      ['durable ashore', bytesText(upload.sentBytes)],
      ['attempts', String(upload.attempts)],
      ['added', timeText(Number(upload.addedMs))],
    ];
    rows.push(...wayRows(upload));
    if (typeof upload.sha256 === 'string') rows.push(['sha-256', upload.sha256]);
    const stored = upload.stored as Answer | null;
    if (stored)
      rows.push(
        ['document', String(stored.documentId)],
        [
          'stored',
          `${timeText(Number(stored.storedMs))}, receipt verified aboard, signed by ${stored.keyId}`,
        ],
      );
    context.say(table(rows));
    for (const error of upload.errors as readonly Answer[])
      context.say(`error  ${timeText(Number(error.atMs))}  ${error.code}  ${error.message}`);
    context.say('history');
    for (const record of history.items as readonly Answer[])
      context.say(`  #${record.seq}  ${timeText(Number(record.wall))}  ${record.type}  → ${record.state}`);
    return 0;
  },
};

/** Its place and pace, and what it cost and saved on the line; only what there is to tell. */
function wayRows(upload: UploadView): string[][] {
  const rows: string[][] = [];
  if (typeof upload.order === 'number') rows.push(['place in the line', String(upload.order)]);
  if (typeof upload.rateBytesPerSecond === 'number')
    rows.push(['rate', `${bytesText(upload.rateBytesPerSecond)}/s`]);
  if (upload.leftMs) rows.push(['time left', rangeText(upload.leftMs)]);
  const saved = (upload.savedBytes ?? {}) as Record<string, number>;
  const ways = Object.entries(saved).filter(([, bytes]) => bytes > 0);
  if (ways.length > 0)
    rows.push(['saved', ways.map(([way, bytes]) => `${bytesText(bytes)} ${way}`).join(', ')]);
  if (typeof upload.costMicros === 'number')
    rows.push(['cost so far', moneyText(upload.costMicros, String(upload.costCurrency))]);
  return rows;
}

export const why: CliCommand = {
  usage: 'why <id>',
  summary: 'why a document is where it is, and what to do',
  async run(context, [id]) {
    const answer = await (await context.api()).get(`/v1/uploads/${encodeURIComponent(id as string)}/why`);
    context.tell({ type: 'result', ok: true, ...answer });
    context.say(`${oneLine(String(answer.name))}: ${answer.sentence}`);
    if (typeof answer.until === 'string') context.say(`until   ${answer.until}`);
    if (typeof answer.todo === 'string') context.say(`to do   ${answer.todo}`);
    return 0;
  },
};
