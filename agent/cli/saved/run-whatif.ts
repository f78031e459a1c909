// What `tender whatif` does: a dry run on the cell of a moment, in words and as JSON.
import { available } from '../../../machines/available.ts';
import { dryRun } from '../../../machines/dry-run.ts';
import type { Json, JsonObject } from '../../../machines/json.ts';
import type { Op } from '../../../machines/kernel.ts';
import { typicalEvent } from '../../../machines/typical-events.ts';
import { agentErrors } from '../../errors.ts';
import { type CommonOptions, type Context, createContext } from '../context.ts';
import { lengthText, oneLine, table, timeText } from '../text.ts';
import { type Moment, momentOf } from './moment.ts';
import { openLog } from './open-log.ts';
import { sequenceOption, textOption } from './options.ts';

type Options = CommonOptions & Readonly<Record<string, unknown>>;

export async function whatIf(given: Context, file: string | undefined, options: Options): Promise<number> {
  const { context, fields } = separate(given, options);
  const actor = textOption(options.actor, '--actor');
  const at = sequenceOption(options.at);
  const log = await openLog(context, file);
  try {
    const moment = await momentOf(log.source, actor, at);
    if (typeof options.event !== 'string') return list(context, moment);
    return ask(context, moment, options.event, fields);
  } finally {
    await log.close();
  }
}

/** A setting has a dot in its name, a field of an event has none. */
function separate(given: Context, options: Options): { context: Context; fields: JsonObject } {
  const pairs = options.set ?? [];
  const isField = (pair: string) => /^[A-Za-z]\w*=/.test(pair);
  const fields: { [name: string]: Json } = {};
  for (const pair of pairs.filter(isField)) {
    const at = pair.indexOf('=');
    fields[pair.slice(0, at)] = readValue(pair.slice(at + 1));
  }
  return {
    context: createContext(given, { ...options, set: pairs.filter((pair) => !isField(pair)) }),
    fields,
  };
}

function readValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function list(context: Context, moment: Moment): number {
  const events = available(moment.kind, moment.cell, moment.at);
  context.tell({ type: 'result', ok: true, actor: moment.actor, state: moment.cell.value, events });
  context.say(`${moment.actor} is ${moment.cell.value}. Name one with --event:`);
  const rows = events
    .filter((event) => event.possible)
    .map(({ event, source, fields, to }) => [event, source, fields.join(' '), `→ ${to}`]);
  context.say(table([['EVENT', 'FROM', 'FIELDS', 'LEADS TO'], ...rows]));
  return 0;
}

function ask(context: Context, moment: Moment, type: string, fields: JsonObject): number {
  const { actor, kind, cell, at } = moment;
  const typical = typicalEvent(kind, cell, type) as JsonObject;
  const event = { ...typical, ...fields };
  const assumed = Object.keys(typical).filter((name) => name !== 'type' && !Object.hasOwn(fields, name));
  const answer = dryRun(kind, cell, event, { at });
  const about = { actor, n: cell.n, at, present: moment.present, event, assumed };
  if (!answer.accepted) {
    const { code, message, from } = answer;
    context.tell({ type: 'result', ok: false, ...about, accepted: false, from, code, message });
    context.say(`${actor} is ${from} and would not take ${type}: ${oneLine(message)} (${code})`);
    tellAssumed(context, event, assumed);
    return agentErrors.TENDER_COMMAND_REFUSED;
  }
  const { from, to, ops, diff } = answer;
  context.tell({
    type: 'result',
    ok: true,
    ...about,
    accepted: true,
    from,
    to,
    ops,
    diff,
    cell: answer.cell,
  });
  context.say(`${actor}${moment.present ? '' : ` at record ${moment.record?.seq}`}: ${from} → ${to}`);
  context.say(
    ops.length === 0 ? 'would do   nothing outside' : `would do   ${ops.map(opText).join('\n           ')}`,
  );
  for (const { path, before, after } of diff)
    context.say(oneLine(`would set  ${path}: ${short(before)} → ${short(after)}`));
  tellAssumed(context, event, assumed);
  context.say('Nothing was sent, nothing was written.');
  return 0;
}

function tellAssumed(context: Context, event: JsonObject, assumed: readonly string[]): void {
  if (assumed.length === 0) return;
  context.say(oneLine(`assumed    ${assumed.map((name) => `${name}=${short(event[name])}`).join('  ')}`));
}

function opText(op: Op): string {
  switch (op.op) {
    case 'start':
      return oneLine(`start ${op.type} as ${op.id}`);
    case 'arm':
      return oneLine(`arm the timer ${op.id} for ${lengthText(op.len)}, until ${timeText(op.due)}`);
    case 'amend':
      return `change the running effect ${op.id}`;
    default:
      return oneLine(`${op.op} ${op.id}`);
  }
}

const shortMax = 120;

function short(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > shortMax ? `${text.slice(0, shortMax)}…` : text;
}
