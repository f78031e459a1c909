// Every setting of the agent: default, unit, limits and one line of why. The property name ends in its unit; in the file
// the same setting is written without it, because there the value carries the unit: `retryBaseMs` is `retry_base = "1s"`.
// Read by config.ts; `tender config show --origin` prints it whole.
import { type ListenAddress, readListenAddress } from './listen-address.ts';
import { profileNames } from './presets.ts';
import { type Price, readPrice } from './price.ts';
import { failureText, type Read, readDuration, readRate, readSize } from './units.ts';

/** How one setting is read from a TOML value or from the text of an environment variable or flag. */
export interface Setting<T> {
  /** As it would be written in the file. */
  readonly fallback: string;
  readonly why: string;
  /** What may be written, for people: "duration, 100ms … 15m". */
  readonly accepts: string;
  /** TOML values arrive as they are; environment and flags always as text. */
  read(value: unknown, fromText: boolean): Read<T>;
}

function text(fallback: string, why: string): Setting<string> {
  const read = (value: unknown): Read<string> =>
    typeof value === 'string' ? { value } : { wrong: 'needs text in quotes' };
  return { fallback, why, accepts: 'text', read };
}

function choice<const T extends string>(options: readonly T[], fallback: T, why: string): Setting<T> {
  const read = (value: unknown): Read<T> => {
    const found = options.find((option) => option === value);
    return found === undefined ? { wrong: `needs one of ${options.join(', ')}` } : { value: found };
  };
  return { fallback, why, accepts: options.join(' | '), read };
}

function quantity(
  parse: (text: string) => Read<number>,
  kind: string,
  [least, most]: readonly [string, string],
  fallback: string,
  why: string,
): Setting<number> {
  const bound = (limit: string) => {
    const parsed = parse(limit);
    return 'value' in parsed ? parsed.value : failureText(limit, parsed.wrong);
  };
  const [from, to] = [bound(least), bound(most)];
  const read = (value: unknown): Read<number> => {
    if (typeof value !== 'string') return { wrong: `needs its unit in quotes, such as "${fallback}"` };
    const parsed = parse(value);
    if ('wrong' in parsed || (parsed.value >= from && parsed.value <= to)) return parsed;
    return { wrong: `must lie between "${least}" and "${most}"` };
  };
  return { fallback, why, accepts: `${kind}, ${least} … ${most}`, read };
}

const duration = (range: readonly [string, string], fallback: string, why: string) =>
  quantity(readDuration, 'duration', range, fallback, why);
const size = (range: readonly [string, string], fallback: string, why: string) =>
  quantity(readSize, 'size', range, fallback, why);
function rate(range: readonly [string, string], fallback: string, why: string): Setting<number> {
  const above = quantity(readRate, 'rate', range, fallback, why);
  const read: typeof above.read = (value, fromText) =>
    value === 'none' ? { value: 0 } : above.read(value, fromText);
  return { ...above, accepts: `none, or ${above.accepts}`, read };
}

function count([least, most]: readonly [number, number], fallback: number, why: string): Setting<number> {
  const read = (value: unknown, fromText: boolean): Read<number> => {
    const number = fromText && typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) return { wrong: 'needs a whole number' };
    return number >= least && number <= most
      ? { value: number }
      : { wrong: `must lie between ${least} and ${most}` };
  };
  return { fallback: String(fallback), why, accepts: `number, ${least} … ${most}`, read };
}

function flag(fallback: boolean, why: string): Setting<boolean> {
  const read = (value: unknown, fromText: boolean): Read<boolean> => {
    const known = fromText ? { true: true, false: false }[String(value)] : value;
    return typeof known === 'boolean' ? { value: known } : { wrong: 'needs true or false' };
  };
  return { fallback: String(fallback), why, accepts: 'true | false', read };
}

/** "50USD": what a gigabyte costs; "none": only bytes are counted. */
function price(fallback: string, why: string): Setting<Price | null> {
  const read = (value: unknown): Read<Price | null> =>
    typeof value === 'string' ? readPrice(value) : { wrong: 'needs text in quotes, such as "50USD"' };
  return { fallback, why, accepts: 'price with currency, such as 50USD | none', read };
}

function listenAddress(fallback: string, why: string): Setting<ListenAddress | null> {
  const read = (value: unknown): Read<ListenAddress | null> =>
    typeof value === 'string' ? readListenAddress(value) : { wrong: `needs text, such as "${fallback}"` };
  return { fallback, why, accepts: 'IP address:port | off', read };
}

const hostNamesMax = 32;

/** Names as a browser writes them into Host, each with a port of its own if it is not ours. */
function hostNames(why: string): Setting<readonly string[]> {
  const read = (value: unknown, fromText: boolean): Read<readonly string[]> => {
    const names =
      fromText && typeof value === 'string' ? value.split(',').filter((name) => name !== '') : value;
    if (!Array.isArray(names) || names.length > hostNamesMax)
      return { wrong: `needs a list of at most ${hostNamesMax} names` };
    const wrong = names.find((name) => typeof name !== 'string' || !/^[\w.-]{1,253}(:\d{1,5})?$/.test(name));
    return wrong === undefined
      ? { value: names.map((name: string) => name.toLowerCase()) }
      : { wrong: `holds ${JSON.stringify(wrong)}, which is no host name` };
  };
  return { fallback: '', why, accepts: 'list of names', read };
}

export const logLevels = ['error', 'warning', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** section → property → setting. `folders.<label>` is read by folders.ts: its keys are named by the user. */
export const settings = {
  state: {
    directory: text('/var/lib/tender', 'Key, log, spool and lock live here; one agent per directory.'),
  },
  api: {
    socket: text('/run/tender/tender.sock', 'Where the command line meets the daemon; mode 0660.'),
    streamsMax: count([1, 1000], 32, 'Open event streams; each holds one page of the log in memory.'),
  },
  ui: {
    listen: listenAddress(
      '127.0.0.1:7420',
      'Where the page is served. Beyond this machine only once a password is set; port 0: any free one.',
    ),
    allowedHosts: hostNames(
      'Names in the address bar besides IP addresses, such as ["tender.local"]: others may be pointed at us.',
    ),
    sessionMs: duration(['10m', '400d'], '30d', 'How long a login at the page lasts, restarts included.'),
  },
  cloud: {
    url: text('', 'Address of the cloud. Empty: the one this device enrolled with.'),
    caFile: text('', 'PEM file of a private certificate authority. Empty: the public ones.'),
    heartbeatMs: duration(
      ['1s', '1h'],
      '5m',
      'Proof of life on an idle line; six times rarer where a gigabyte costs 5 or more, unless set here.',
    ),
  },
  link: {
    profile: choice(profileNames, 'tender', 'A named set of values for the settings below; see presets.ts.'),
    retryBaseMs: duration(['100ms', '15m'], '1s', 'First wait after a failure; doubles each time.'),
    retryCapMs: duration(
      ['500ms', '15m'],
      '2m',
      'Longest wait: a 2 min cap idles 40 s on average, 5 min 211 s.',
    ),
    attemptsMax: count(
      [1, 100],
      5,
      'Failures of one document before it is parked; the loss of the link never counts.',
    ),
    rateMaxBytesPerSecond: rate(
      ['1KB/s', '1GB/s'],
      'none',
      'Ceiling on wire bytes; the line finds the rate below it by itself.',
    ),
    connectTimeoutMs: duration(
      ['5s', '5m'],
      '30s',
      'DNS, TCP, TLS and upgrade: 5 round trips of 1.5 s, one lost.',
    ),
  },
  breaker: {
    failuresMax: count([1, 100], 5, 'Failures in a row of the cloud itself before it is left alone.'),
    openBaseMs: duration(['1s', '1h'], '5s', 'First rest; doubles up to the cap.'),
    openCapMs: duration(['1s', '1h'], '60s', 'Longest rest; a link that comes back ends it early.'),
    closeEarly: flag(
      true,
      'A link that comes back ends the rest early: waiting on would only cost its time.',
    ),
    linkLossCounts: flag(
      false,
      'The loss of the link says nothing about the cloud; at sea it happens all day.',
    ),
  },
  cost: {
    perGb: price('none', 'What 1 GB on the line costs; with it the meter tells money beside bytes.'),
  },
  spool: {
    maxBytes: size(
      ['1MB', '10TB'],
      '5GB',
      'Added files kept aboard until stored; beyond it adding is refused.',
    ),
    freeMinBytes: size(
      ['1MB', '1TB'],
      '200MB',
      'Space left to others; below it adding is refused, the log goes on.',
    ),
  },
  files: {
    rescanMs: duration(['1s', '1d'], '60s', 'Network shares give no events: the rescan is the truth.'),
    settleQuietMs: duration(
      ['100ms', '1h'],
      '2s',
      'A file counts as finished when two looks this far apart agree.',
    ),
  },
  work: {
    sendersMax: count([1, 64], 4, 'Documents on their way at once; urgent ones overtake within the line.'),
    settlersMax: count([1, 64], 4, 'Files looked at at once.'),
  },
  shore: {
    tokenFile: text(
      '',
      'File with a shore token for `tender search`; the token itself is never in the configuration.',
    ),
  },
  log: {
    level: choice(logLevels, 'info', 'Lines on stderr, one JSON object each; the journal keeps them.'),
  },
} as const satisfies Record<string, Record<string, Setting<unknown>>>;

type Table = typeof settings;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The values of the table, by section and property. */
export type SettingValues = {
  readonly [S in keyof Table]: { readonly [K in keyof Table[S]]: ValueOf<Table[S][K]> };
};

const unitAtTheEnd = /(?:Ms|BytesPerSecond|Bytes)$/;

/** `retryBaseMs` → `retry_base`: how the setting is called in the file. */
export function fileKey(property: string): string {
  return property.replace(unitAtTheEnd, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
