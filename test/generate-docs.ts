// Writes the generated parts of docs/machines.md from the machines themselves: `npm run docs`. With `--check` it writes
// nothing and ends with 1 when a part is not what the machines say. Hand-written text around the parts is left alone.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Description, describe, mermaid } from '../machines/describe.ts';
import { registry } from '../machines/registry.ts';
import { guardMeanings, guardWords } from '../machines/why-guards.ts';
import {
  breakerWords,
  cancelledWords,
  connectionWords,
  failureWords,
  holdWords,
  parkedWords,
  stateWords,
} from '../machines/why-words.ts';
import { generateAboardOpenApi } from './generate-aboard-openapi.ts';
import { generateOpenApi } from './generate-openapi.ts';

const root = join(import.meta.dirname, '..');
const path = join(root, 'docs', 'machines.md');

const row = (cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
const code = (text: string) => `\`${text}\``;
const codes = (texts: readonly string[]) => texts.map(code).join(', ');

/** Where an event leads from a state: each branch with its guard, in the order in which they are tried. */
function cell({ edges }: Description, state: string, event: string): string {
  const branches = edges.filter((edge) => edge.from === state && edge.event === event);
  const targets = new Set(branches.map((edge) => edge.to));
  const last = branches.at(-1);
  // Guards that only decide what is done on the way would hide where it leads.
  if (last && last.guard === null && targets.size === 1) return last.to === state ? 'stays' : last.to;
  const words = branches.map((edge) => {
    const target = edge.to === state ? 'stays' : edge.to;
    return edge.guard ? `${target} if ${code(edge.guard)}` : branches.length > 1 ? `else ${target}` : target;
  });
  return words.join('; ') || '·';
}

const parts: { readonly [name: string]: (description: Description) => string } = {
  diagram: (description) => `\`\`\`mermaid\n${mermaid(description)}\n\`\`\``,
  states: ({ states, edges, groups }) =>
    table(
      ['state', 'shown under', 'what it means', 'on entering', 'on leaving', 'left at once'],
      states.map((state) => [
        code(state.id) + (state.final ? ' (end)' : ''),
        groups.find((group) => group.states.includes(state.id))?.name ?? '',
        state.description,
        codes(state.entry),
        codes(state.exit),
        edges
          .filter((edge) => edge.from === state.id && edge.event === '')
          .map((edge) => (edge.guard ? `to ${edge.to} if ${code(edge.guard)}` : `else to ${edge.to}`))
          .join('; '),
      ]),
    ),
  events: (description) => {
    const { states, events } = description;
    // A state that is always left at once never sees an event.
    const resting = states.filter((state) =>
      description.edges.some((edge) => edge.from === state.id && edge.event),
    );
    return table(
      ['event', ...resting.map((state) => state.id)],
      events.map((event) => [
        code(event.type),
        ...resting.map((state) => cell(description, state.id, event.type)),
      ]),
    );
  },
  guards: ({ kind }) =>
    table(
      ['guard', 'passes when', 'says when it refuses'],
      Object.entries(guardMeanings[kind] ?? {}).map(([guard, meaning]) => [
        code(guard),
        meaning,
        guardWords[kind]?.[guard] ?? '',
      ]),
    ),
  fields: ({ events, effects }) =>
    [
      table(
        ['event', 'from', 'fields'],
        events.map((event) => [code(event.type), sources[event.source] ?? event.source, codes(event.fields)]),
      ),
      ...(effects.length === 0
        ? []
        : [
            '',
            table(
              ['effect', 'needs', 'results'],
              effects.map((effect) => [
                code(effect.type),
                effect.permit === 'line' ? 'a permit for the line' : 'nothing',
                codes(effect.results),
              ]),
            ),
          ]),
    ].join('\n'),
};

const sources: { readonly [source: string]: string } = {
  cmd: 'a person or program',
  fx: 'an effect',
  tm: 'a timer',
  sys: 'the agent itself',
};

function whyTable(): string {
  const rows = (what: string, words: { readonly [name: string]: { sentence: string; whatToDo: string } }) =>
    Object.entries(words).map(([name, { sentence, whatToDo }]) => [what, code(name), sentence, whatToDo]);
  return table(
    ['about', 'name', 'sentence', 'what to do'],
    [
      ...rows('upload', stateWords),
      ...rows('waiting or parked, class', failureWords),
      ...rows('parked, cause', parkedWords),
      ...rows('cancelled, reason', cancelledWords),
      ...rows('held back by', holdWords),
      ...rows('connection', connectionWords),
      ...rows('breaker', breakerWords),
    ],
  );
}

/** The document with every part between its marks written anew. */
export function generated(text: string): string {
  const used = new Set<string>();
  const result = text.replaceAll(
    /(<!-- generated: ([a-z-]+) ?([a-z]*) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, open: string, subject: string, part: string, close: string) => {
      used.add(`${subject} ${part}`.trim());
      const definition = registry[subject];
      const write = parts[part];
      if (subject === 'why') return `${open}${whyTable()}\n${close}`;
      if (!definition || !write)
        throw new Error(`docs/machines.md asks for "${subject} ${part}", which nobody generates`);
      return `${open}${write(describe(definition))}\n${close}`;
    },
  );
  const wanted = [
    'why',
    ...Object.keys(registry).flatMap((kind) => Object.keys(parts).map((part) => `${kind} ${part}`)),
  ];
  const missing = wanted.filter((name) => !used.has(name));
  if (missing.length > 0) throw new Error(`docs/machines.md has no place for: ${missing.join(', ')}`);
  return result;
}

/** Writes or compares; answers the exit code. */
export function main(flags: readonly string[]): number {
  const name = relative(root, path);
  const before = readFileSync(path, 'utf8');
  const after = generated(before);
  if (before === after) return 0;
  if (flags.includes('--check')) {
    process.stderr.write(`${name} is not what the machines say: run \`npm run docs\` and commit it.\n`);
    return 1;
  }
  writeFileSync(path, after);
  process.stderr.write(`${name} written.\n`);
  return 0;
}

if (import.meta.main) {
  const flags = process.argv.slice(2);
  process.exitCode = main(flags) || (await generateOpenApi(flags)) || generateAboardOpenApi(flags);
}
