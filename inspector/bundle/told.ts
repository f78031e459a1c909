// A bundle in words: when it was made, what it holds, which checks it passed. Pure, for the bar above the inspector.

import { describe } from '../../machines/describe.ts';
import { isObject } from '../../machines/fields.ts';
import type { Json } from '../../machines/json.ts';
import { registry } from '../../machines/registry.ts';
import type { Bundle } from './read.ts';

export interface Told {
  readonly made: string;
  readonly span: string;
  readonly checks: readonly { readonly ok: boolean; readonly text: string }[];
  readonly parts: readonly {
    readonly title: string;
    readonly rows: readonly (readonly [string, string])[];
  }[];
  /** Sentences the inspector shows beside its own notes. */
  readonly notes: readonly string[];
}

const redactions = {
  all: 'Names, paths, people, addresses and keys were replaced before it was written.',
  names: 'File names and people are shown; addresses, keys and hashes were replaced.',
  nothing: 'Nothing was replaced.',
} as const;

/** Rows of one part; a configuration has about 60. */
const rowsMax = 400;

export function tell(bundle: Bundle): Told {
  const { header, replay, end, parts, notes } = bundle;
  const others = otherMachines(bundle);
  const problems = [...replay.problems, ...(end?.original.problems ?? [])];
  const checks = [
    {
      ok: replay.replays,
      text: `replays to the same states with this page’s machines: ${replay.replays ? 'yes' : 'no'}`,
    },
    {
      ok: end?.original.chain === true,
      text: end
        ? `chain of the original log: ${end.original.chain ? 'holds' : 'broken'}`
        : 'the file was cut off',
    },
    ...(end && !end.original.replays
      ? [{ ok: false, text: 'the original log did not replay when this was made' }]
      : []),
    ...(others.length > 0
      ? [{ ok: false, text: `other machines than this page’s: ${others.join(', ')}` }]
      : []),
  ];
  return {
    made: `Made ${timeText(header.made)}`,
    span: header.to === 0 ? 'no records' : `records ${header.from} to ${header.to}`,
    checks,
    notes: [
      redactions[header.redacted],
      ...notes,
      ...(replay.replays ? [] : ['It does not replay: see above.']),
    ],
    parts: [
      {
        title: 'About this file',
        rows: [
          ['redaction', redactions[header.redacted]],
          ...notes.map((note) => ['note', note] as const),
          ...problems.map((problem) => ['problem', problem] as const),
          ...listOf(header.versions),
          ['log', header.logId],
          ...Object.entries(header.files).map(([name, what]) => [`holds ${name}`, String(what)] as const),
        ],
      },
      ...(parts.doctor === undefined ? [] : [{ title: 'Doctor', rows: doctorRows(parts.doctor) }]),
      ...(parts.status === undefined ? [] : [{ title: 'Status', rows: listOf(parts.status) }]),
      ...(parts.config === undefined ? [] : [{ title: 'Configuration', rows: configRows(parts.config) }]),
    ],
  };
}

/** An object's leaves, each with its path. */
export function listOf(value: Json, path = ''): (readonly [string, string])[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [];
    return value.flatMap((item: Json, place) => listOf(item, `${path}[${place}]`)).slice(0, rowsMax);
  }
  if (!isObject(value)) return value === null ? [] : [[path, String(value)]];
  return Object.entries(value)
    .flatMap(([key, inner]) => listOf(inner, path === '' ? key : `${path}.${key}`))
    .slice(0, rowsMax);
}

function doctorRows(doctor: Json): (readonly [string, string])[] {
  const checks = isObject(doctor) && Array.isArray(doctor.checks) ? (doctor.checks as readonly Json[]) : [];
  return checks.filter(isObject).map((check) => {
    const fix = typeof check.fix === 'string' && check.fix !== '' ? ` → ${check.fix}` : '';
    return [`${String(check.name)}: ${String(check.verdict)}`, `${String(check.message)}${fix}`];
  });
}

function configRows(config: Json): (readonly [string, string])[] {
  if (!Array.isArray(config)) return [];
  return (config as readonly Json[])
    .filter(isObject)
    .map(({ key, value, origin }) => [
      String(key),
      `${String(value)}${origin === 'default' ? '' : ` (${String(origin)})`}`,
    ]);
}

/** Machines whose states or transitions differ from those this page replays with. */
function otherMachines({ machines }: Bundle): string[] {
  return machines
    .filter(({ kind }) => {
      const mine = registry[kind];
      const theirs = machines.find((one) => one.kind === kind);
      return !mine || JSON.stringify(describe(mine)) !== JSON.stringify(theirs);
    })
    .map(({ kind }) => kind);
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
