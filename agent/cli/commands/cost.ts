// `tender cost`: what the line has cost by month, and what it saved against sending naively.
import { moneyText } from '../../config/price.ts';
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import { bytesText, table } from '../text.ts';

export const cost: CliCommand = {
  usage: 'cost',
  summary: 'bytes and money by month, spent and saved against sending everything again',
  async run(context) {
    const answer = await (await context.api()).get('/v1/costs');
    context.tell({ type: 'result', ok: true, ...answer });
    const currency = answer.currency as string | null;
    const months = answer.months as readonly Answer[];
    const rows = [
      [
        'MONTH',
        'SENT',
        'SAVED',
        'NAIVELY',
        ...(currency === null ? [] : ['SPENT', 'SAVED', 'NAIVELY']),
        'DOCUMENTS',
      ],
      ...months.map((month) => row(String(month.month), month, currency)),
      row('all', answer.total as Answer, currency),
    ];
    context.say(table(rows));
    const { resumed, deduped, compressed } = (answer.total as Answer).savedBytes as Record<string, number>;
    context.say(
      `saved: ${bytesText(resumed ?? 0)} by going on after breaks, ${bytesText(deduped ?? 0)} known ashore already, ` +
        `${bytesText(compressed ?? 0)} by compression`,
    );
    if (currency === null)
      context.say('No price is set: write cost.per_gb = "50USD" into the configuration to see money.');
    else context.say(`at ${moneyText(Number(answer.pricePerGbMicros), currency)} per GB`);
    return 0;
  },
};

function row(label: string, sums: Answer, currency: string | null): string[] {
  const money = (micros: unknown) => moneyText(Number(micros), currency ?? '');
  const saved = (sums.savedBytes as Record<string, number>).total ?? 0;
  return [
    label,
    bytesText(Number(sums.wireBytes)),
    bytesText(saved),
    bytesText(Number(sums.naiveBytes)),
    ...(currency === null ? [] : [money(sums.spentMicros), money(sums.savedMicros), money(sums.naiveMicros)]),
    String(sums.documentsStored),
  ];
}
