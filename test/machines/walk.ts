// Random walks through a machine, as a host would drive it: results for open effects, armed timers, commands, and now and
// then something that does not belong there. One seed, one walk.
import type { JsonObject } from '../../machines/json.ts';
import { type Cell, init, type MachineEvent, type Step, step } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import { eventFor, spooled, watched } from './cells.ts';

const classes = [
  'LINK',
  'CAPTIVE',
  'INTERCEPTED',
  'BUSY',
  'SERVER',
  'RESYNC',
  'AUTH',
  'ITEM',
  'LOCAL',
  'POLICY',
];
const parties = ['cli', 'page', 'api'];

const pick = <T>(random: FakeRandom, from: readonly T[]): T =>
  from[Math.floor(random.unit() * from.length)] as T;

export function randomInput(kind: string, random: FakeRandom): JsonObject {
  if (kind === 'upload') return random.unit() < 0.5 ? watched : spooled;
  if (kind === 'connection') return random.unit() < 0.8 ? {} : { attemptsMax: 3 };
  return random.unit() < 0.8 ? {} : { openMinMs: 1_000, openMaxMs: 4_000, closeEarly: random.unit() < 0.5 };
}

/** Some event this kind knows, with fields that vary where guards look at them. */
export function randomEvent(kind: string, cell: Cell, random: FakeRandom): MachineEvent {
  const specs = definitionOf(kind).events;
  // Half of the time something the cell waits for, else the walk would mostly be refusals.
  const due = Object.values(cell.tm).map((timer) => timer.event);
  const answers = Object.values(cell.fx).flatMap((effect) =>
    Object.keys(specs).filter((type) => specs[type]?.effects?.includes(effect.type)),
  );
  if (due.length > 0 && random.unit() < 0.1) return pick(random, due);
  const type =
    answers.length > 0 && random.unit() < 0.4 ? pick(random, answers) : pick(random, Object.keys(specs));
  const fields = specs[type]?.fields ?? {};
  const vary: Record<string, JsonObject[string]> = {};
  if ('class' in fields) vary.class = pick(random, classes);
  if ('delayMs' in fields) vary.delayMs = Math.floor(random.unit() * 60_000);
  if ('permanent' in fields && random.unit() < 0.1) vary.permanent = true;
  if ('by' in fields && specs[type]?.source === 'cmd') vary.by = pick(random, parties);
  if ('untilMs' in fields && random.unit() < 0.5) vary.untilMs = 1 + Math.floor(random.unit() * 60_000);
  if ('priority' in fields) vary.priority = 1 + Math.floor(random.unit() * 10);
  if ('bytesDurable' in fields) vary.bytesDurable = Math.floor(random.unit() * 1_000);
  if ('wireBytes' in fields && random.unit() < 0.3)
    for (const name of ['wireBytes', 'dedupedBytes', 'resumedBytes'])
      vary[name] = Math.floor(random.unit() * 1_000);
  if ('epoch' in fields && random.unit() < 0.5) vary.epoch = 7 + Math.floor(random.unit() * 2);
  if ('spread' in fields) vary.spread = random.unit() * 0.4 - 0.2;
  if ('retryAfterMs' in fields && random.unit() < 0.2)
    vary.retryAfterMs = Math.floor(random.unit() * 2_000_000);
  return eventFor(kind, cell, type, vary);
}

export interface Seen {
  readonly before: Cell;
  readonly event: MachineEvent;
  readonly at: number;
  readonly step: Step | null;
}

/** Walks `length` events, born anew where the work is over; `see` is shown everything, and the births with `event` null. */
export function walk(
  kind: string,
  random: FakeRandom,
  length: number,
  see: (seen: Seen) => void,
  born: (input: JsonObject, step: Step, at: number) => void = () => {},
): void {
  let at = 1_000_000;
  let cell: Cell | undefined;
  for (let i = 0; i < length; i++) {
    at += Math.floor(random.unit() * 20_000);
    if (!cell || (definitionOf(kind).finalStates.includes(cell.value) && random.unit() < 0.5)) {
      const input = randomInput(kind, random);
      const first = init(kind, input, { at });
      born(input, first, at);
      cell = first.cell;
    }
    const event = randomEvent(kind, cell, random);
    const next = step(kind, cell, event, { at });
    see({ before: cell, event, at, step: next });
    if (next) cell = next.cell;
  }
}
