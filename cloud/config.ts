// Every setting of the cloud, once: name in the file, default, unit and why. Read from defaults < TOML file < environment
// (TENDER_CLOUD_… and DATABASE_URL) < flags into one frozen object before anything else happens; a name that is not here
// is refused with the nearest one. Pure: cloud/cli reads the file and the environment.
import { parse } from 'smol-toml';
import { CloudConfigError } from './config-error.ts';
import {
  nearest,
  type Read,
  readChoice,
  readCount,
  readDuration,
  readFlag,
  readList,
  readSize,
  readText,
} from './setting-values.ts';

interface Setting<Value> {
  readonly read: (text: string) => Read<Value>;
  /** As it would stand in the file; undefined: none. */
  readonly byDefault: string | undefined;
  readonly why: string;
  /** Never printed. */
  readonly secret?: true;
}

function setting<Value>(
  read: (text: string) => Read<Value>,
  byDefault: string | undefined,
  why: string,
  secret?: 'secret',
): Setting<Value> {
  return { read, byDefault, why, ...(secret ? { secret: true as const } : {}) };
}

const path = readText(/^\/[^\0]{0,4000}$/, 'an absolute path');
const postgresUrl = readText(/^postgres(ql)?:\/\/\S+$/, 'an address such as postgresql://user@host/database');
const perMinute = readCount(1, 1_000_000);

/** The table. Names as in the file and, upper-cased after TENDER_CLOUD_, in the environment. */
export const settings = {
  data_directory: setting(path, undefined, 'Key, blobs and the embedded database; belongs into the backup'),
  blob_directory: setting(path, undefined, 'Stored bytes; `blobs` in the data directory by default'),
  listen: setting(
    readText(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'HOST:PORT, such as 127.0.0.1:8420'),
    '127.0.0.1:8420',
    'Off loopback this needs TLS or behind_tls_proxy',
  ),
  public_url: setting(
    readText(/^https?:\/\/[^\s@]+$/, 'an https address'),
    '',
    'What yachts call; printed with enrolment codes',
  ),
  tls_certificate: setting(path, '', 'PEM file of the certificate chain'),
  tls_key: setting(path, '', 'PEM file of its private key'),
  behind_tls_proxy: setting(
    readFlag,
    'false',
    'A proxy in front ends TLS, and nobody else reaches this port',
  ),
  trusted_proxies: setting(
    readList(readText(/^[0-9a-fA-F:./]+$/, 'addresses or networks'), 0),
    '',
    'Whose X-Forwarded-For counts for rate limits',
  ),
  database_url: setting(
    postgresUrl,
    '',
    'A login that owns the schema, or a member of tender_app and tender_jobs; empty: the embedded PostgreSQL',
    'secret',
  ),
  migrate: setting(readFlag, 'true', 'Bring the schema up to date at start; false when the login may not'),
  only: setting(readChoice('both', 'api', 'worker'), 'both', 'Which half this process is'),
  log_level: setting(readChoice('info', 'warn', 'error', 'silent'), 'info', 'Least weight of a log line'),
  worker_concurrency: setting(readCount(1, 64), '2', 'Documents indexed at once, a core each'),
  worker_poll: setting(readDuration, '2s', 'How late a job is found when its wake-up was lost'),
  worker_sweep: setting(readDuration, '5s', 'How soon jobs of a dead worker are taken over'),
  index_retry_delays: setting(
    readList(readDuration, 1),
    '60s,300s,900s',
    'Waits after a transient fault; the last repeats',
  ),
  index_second_try: setting(
    readDuration,
    '5s',
    'Wait before a document that ended its reader is tried again',
  ),
  extract_input_max: setting(
    readSize,
    '64MB',
    'Larger office and PDF documents are not read; of larger texts this much',
  ),
  extract_text_max: setting(readSize, '8MB', 'Searchable text per document'),
  extract_memory_max: setting(readSize, '512MB', 'Memory of one extraction'),
  extract_wall_max: setting(readDuration, '60s', 'Time of one extraction'),
  extract_cpu_max: setting(readDuration, '30s', 'CPU time of one extraction, whole seconds'),
  requests_per_minute_address: setting(perMinute, '1200', 'Per address, before anything is known about it'),
  requests_per_minute_token: setting(perMinute, '600', 'Per shore token'),
  enrolments_per_minute_address: setting(perMinute, '20', 'Guessing a code should not be free'),
  connects_per_minute_device: setting(
    perMinute,
    '120',
    'A flapping link reconnects about once a second at worst',
  ),
  request_timeout: setting(readDuration, '120s', 'A whole request must be in by then'),
  loop_delay_max: setting(readDuration, '2s', 'Event loop delay beyond which new requests are turned away'),
  stop_max: setting(readDuration, '15s', 'A stop takes no longer than this'),
} as const;

export type SettingName = keyof typeof settings;
type ValueOf<S> = S extends Setting<infer Value> ? Value : never;
export type CloudConfig = { readonly [Name in SettingName]: ValueOf<(typeof settings)[Name]> };

export interface ConfigSources {
  /** Text and path of the TOML file, if there is one. */
  readonly file?: { readonly path: string; readonly text: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By setting name. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** The data directory when nobody names one. */
  readonly dataDirectory: string;
}

const names = Object.keys(settings) as SettingName[];
const prefix = 'TENDER_CLOUD_';
/** Not settings: they say where the settings are. */
const outside = new Set([`${prefix}CONFIG`]);

/** Throws CloudConfigError naming the setting, where it stood and what it needs. */
export function readCloudConfig(sources: ConfigSources): CloudConfig {
  const given = new Map<SettingName, { readonly text: string; readonly from: string }>();
  for (const name of names) {
    const text = settings[name].byDefault;
    if (text) given.set(name, { text, from: 'the default' });
  }
  given.set('data_directory', { text: sources.dataDirectory, from: 'the default' });
  fromFile(sources, given);
  const { environment } = sources;
  if (environment.DATABASE_URL)
    given.set('database_url', { text: environment.DATABASE_URL, from: 'DATABASE_URL' });
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || outside.has(variable) || text === undefined) continue;
    given.set(known(variable.slice(prefix.length).toLowerCase(), variable), { text, from: variable });
  }
  for (const [name, text] of Object.entries(sources.flags)) {
    if (text !== undefined)
      given.set(known(name, 'a flag'), { text, from: `--${name.replaceAll('_', '-')}` });
  }
  const config: Record<string, unknown> = {};
  for (const name of names) config[name] = settingValue(name, given.get(name));
  return Object.freeze(checked(config as CloudConfig));
}

function fromFile(
  { file }: ConfigSources,
  given: Map<SettingName, { readonly text: string; readonly from: string }>,
): void {
  if (!file) return;
  let table: Record<string, unknown>;
  try {
    table = parse(file.text);
  } catch (error) {
    throw new CloudConfigError(
      `${file.path} is not TOML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  for (const [name, value] of Object.entries(table)) {
    const text = Array.isArray(value) ? value.join(',') : value;
    if (!['string', 'number', 'boolean', 'bigint'].includes(typeof text)) {
      throw new CloudConfigError(`${name} in ${file.path} needs a plain value or a list.`);
    }
    given.set(known(name, file.path), { text: String(text), from: file.path });
  }
}

function known(name: string, from: string): SettingName {
  if (Object.hasOwn(settings, name)) return name as SettingName;
  const near = nearest(name, names);
  throw new CloudConfigError(
    `There is no setting ${name} (${from})${near ? `: did you mean ${near}?` : '.'}`,
  );
}

function settingValue(
  name: SettingName,
  source: { readonly text: string; readonly from: string } | undefined,
): unknown {
  if (!source || source.text === '') return settings[name].read === readFlag ? false : '';
  const read: Read<unknown> = settings[name].read(source.text);
  if ('value' in read) return read.value;
  const shown = 'secret' in settings[name] ? '' : `, not "${source.text.slice(0, 80)}"`;
  throw new CloudConfigError(`${name} (${source.from}) ${read.wrong}${shown}.`);
}

/** What no single setting can know. */
function checked(config: CloudConfig): CloudConfig {
  if ((config.tls_certificate === '') !== (config.tls_key === '')) {
    throw new CloudConfigError('tls_certificate and tls_key belong together: set both or neither.');
  }
  const lists = { ...config, trusted_proxies: config.trusted_proxies || [] } as CloudConfig;
  const { port } = listenAddress(lists);
  if (port > 65_535) throw new CloudConfigError(`listen needs a port from 0 to 65535, not ${port}.`);
  if (!isLoopback(lists) && !lists.tls_certificate && !lists.behind_tls_proxy && lists.only !== 'worker') {
    throw new CloudConfigError(
      `listen = "${config.listen}" would carry documents in clear text: set tls_certificate and tls_key, ` +
        'or behind_tls_proxy when a proxy in front ends TLS, or listen on 127.0.0.1.',
    );
  }
  return lists;
}

export function listenAddress(config: Pick<CloudConfig, 'listen'>): {
  readonly host: string;
  readonly port: number;
} {
  const at = config.listen.lastIndexOf(':');
  return {
    host: config.listen.slice(0, at).replace(/^\[|\]$/g, ''),
    port: Number(config.listen.slice(at + 1)),
  };
}

export function isLoopback(config: Pick<CloudConfig, 'listen'>): boolean {
  const { host } = listenAddress(config);
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** For the log at start: every setting, secrets hidden. */
export function printable(config: CloudConfig): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [name, 'secret' in settings[name] && config[name] !== '' ? 'set' : config[name]]),
  );
}
