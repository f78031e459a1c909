// Lines of the bench → the table of docs/performance.md: a row for each case, its last line wins. `npm run bench:line -- --table FILE`
// prints it; with --write it takes the place of the one in the page. Pure.
import type { Goal } from '../../support/bench.ts';
import { cases } from './cases.ts';

export interface Line {
  readonly case: string;
  readonly seed: number | readonly number[];
  readonly congestion: string;
  readonly set?: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly goals: Readonly<Record<string, Goal>>;
  readonly runs?: readonly { readonly seed: number; readonly figures: Readonly<Record<string, number>> }[];
  readonly failed?: readonly { readonly seed: number }[];
}

const words: Readonly<Record<string, string>> = {
  goodputPercent: 'goodput %',
  addedDelayP95Ms: 'added delay p95 ms',
  callLossAddedPercent: 'call loss added %',
  wirePerPayload: 'wire/payload',
  recoverySeconds: 'recovery s',
  costSeconds: 'cost s',
  sentTwiceBytes: 'sent twice, bytes',
  upTimePercent: 'of up-time %',
  overheadBytesPerDocument: 'bytes beside payload a document',
  documentsPerSecond: 'documents/s',
  upBytes: 'up bytes',
  downBytes: 'down bytes',
  firstByteMs: 'first byte ms',
  doneMs: 'done ms',
  otherOfAlonePercent: 'the other, of what it had alone %',
  errorPercent1s: 'off the cap in a second %',
  errorPercent60s: 'in a minute %',
  bytesPerDay: 'bytes a day',
  agentRssMb: 'agent, peak MB',
  cpuSecondsPerGb: 'CPU s/GB',
  timesPolitePeers: 'times the best polite peer',
  timesOtherPeers: 'times the best other peer',
};

/** What physics leaves of each, where that is a number. */
const limits: Readonly<Record<string, string>> = {
  ...{ geo: '94.2 %', 'geo-bad': '93.2 %', leo: '95.9 %', 'cell-edge': '94.5 %', thin: '92.6 %' },
  ...{ storm: '95.1 %', cut: '20 s', small: '57 a second', delta: 'about 10.6 KB up', urgent: 'done 0.80 s' },
};

export const tableBegins = '<!-- figures: made by `npm run bench:line -- --table FILE --write` -->';
export const tableEnds = '<!-- end of figures -->';

export function tableOf(lines: readonly Line[]): string {
  const last = new Map(lines.map((line) => [keyOf(line), line]));
  const order = Object.keys(cases);
  const sorted = [...last.values()].sort(
    (a, b) => order.indexOf(a.case) - order.indexOf(b.case) || keyOf(a).localeCompare(keyOf(b)),
  );
  return [
    '| case | seeds | figures | goal | limit |',
    '|---|---|---|---|---|',
    ...sorted.filter(({ goals }) => Object.keys(goals).length > 0).map(rowOf),
  ].join('\n');
}

/** The page with the table in its place. Throws when the page has no such place. */
export function withTable(page: string, table: string): string {
  const [from, to] = [page.indexOf(tableBegins), page.indexOf(tableEnds)];
  if (from < 0 || to < from) throw new Error('the page has no place for the table');
  return `${page.slice(0, from + tableBegins.length)}\n\n${table}\n\n${page.slice(to)}`;
}

function keyOf({ case: name, congestion, set = [] }: Line): string {
  return [name, ...(congestion === 'cubic' ? [] : [congestion]), ...set].join(', ');
}

function rowOf(line: Line): string {
  const seeds = [line.seed].flat();
  const names = Object.keys(line.goals);
  const figures = names.map((name) => {
    const value = line.figures[name];
    const each = (line.runs ?? []).map((run) => text(run.figures[name]));
    return `${words[name] ?? name} ${isMissed(value, line.goals[name]!) ? `**${text(value)}**` : text(value)}${each.length > 1 ? ` (${each.join(', ')})` : ''}`;
  });
  for (const { seed } of line.failed ?? []) figures.push(`**seed ${seed} has no figures**`);
  const goals = names.map((name) => {
    const goal = line.goals[name]!;
    return 'max' in goal ? `≤ ${text(goal.max)}` : `≥ ${text(goal.min)}`;
  });
  const cells = [
    `\`${keyOf(line)}\``,
    seeds.join(', '),
    figures.join('<br>'),
    goals.join('<br>'),
    limits[line.case] ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
}

function isMissed(value: number | undefined, goal: Goal): boolean {
  if (value === undefined || !Number.isFinite(value)) return true;
  return 'max' in goal ? value > goal.max : value < goal.min;
}

function text(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '–' : value.toLocaleString('en');
}
