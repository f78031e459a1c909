// Reads every setting once, at start, into one frozen object: default < profile < file < environment < flag. Nothing is
// guessed: an unknown key is refused with the nearest name, a number without its unit too, and all findings are told
// together. Called by the command line and main.ts with texts they have read; this file touches no disk.
import {
  buildFolders,
  type FolderKey,
  folderKeys,
  labelProblem,
  readFolderKey,
  type WatchedFolder,
} from './config/folders.ts';
import { nearest } from './config/nearest.ts';
import { presetOf, profileNames } from './config/presets.ts';
import { fileKey, type Setting, type SettingValues, settings } from './config/settings.ts';
import { TenderError } from './errors.ts';

export interface ConfigSources {
  /** The configuration file, if there is one. */
  readonly file?: { readonly path: string; readonly text: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `section.key` → text, from the command line. */
  readonly flags: Readonly<Record<string, string>>;
}

/** One line of `tender config show --origin`. */
export interface ConfigLine {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
  readonly accepts: string;
  readonly why: string;
}

export interface Config extends SettingValues {
  readonly folders: readonly WatchedFolder[];
  readonly lines: readonly ConfigLine[];
}

/** A value before it is read: where it came from decides who wins. */
interface Given {
  readonly key: string;
  readonly value: unknown;
  readonly fromText: boolean;
  readonly origin: string;
}

const reserved = new Set(['TENDER_CONFIG', 'TENDER_SHORE_TOKEN']);
const socketPathMaxBytes = 107; // sun_path of Linux, less its final zero

const known: ReadonlyMap<string, { section: string; property: string; setting: Setting<unknown> }> = new Map(
  Object.entries(settings).flatMap(([section, table]) =>
    Object.entries(table as Record<string, Setting<unknown>>).map(
      ([property, setting]) => [`${section}.${fileKey(property)}`, { section, property, setting }] as const,
    ),
  ),
);

/** Throws TENDER_CONFIG_INVALID with every finding. */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const findings: string[] = [];
  const given = new Map<string, Given>();
  const layers = [
    await fromFile(sources.file, findings),
    fromEnvironment(sources.environment),
    Object.entries(sources.flags).map(([key, value]) => ({ key, value, fromText: true, origin: 'flag' })),
  ];
  for (const layer of layers) for (const item of layer) given.set(item.key, item);
  const folders = readFolders(given, findings);
  for (const item of given.values()) {
    if (known.has(item.key) || isFolder(item.key)) continue;
    findings.push(unknownKey(item));
  }
  applyProfile(given, findings);
  const { values, lines } = readSettings(given, findings);
  crossCheck(values as unknown as SettingValues, findings);
  if (findings.length > 0)
    throw new TenderError(
      'TENDER_CONFIG_INVALID',
      `The configuration is not usable:\n- ${findings.join('\n- ')}`,
    );
  const folderLines = folders.map((folder) => ({
    key: `folders.${folder.label}`,
    value: `${folder.path} priority ${folder.priority}`,
    origin: given.get(`folders.${folder.label}.path`)?.origin ?? '',
    accepts: 'path, priority 1 … 10',
    why: 'A watched folder: its files are sent from where they lie.',
  }));
  return Object.freeze({
    ...(values as unknown as SettingValues),
    folders,
    lines: Object.freeze([...lines, ...folderLines]),
  });
}

async function fromFile(file: ConfigSources['file'], findings: string[]): Promise<Given[]> {
  if (!file) return [];
  // Loaded only where a file is read: the parser costs the idle daemon about 1 MB.
  const { parse } = await import('smol-toml');
  const given: Given[] = [];
  let table: Record<string, unknown>;
  try {
    table = parse(file.text);
  } catch (error) {
    findings.push(`${file.path} is not TOML: ${String((error as Error).message).trim()}`);
    return [];
  }
  const walk = (value: unknown, key: string, depth: number) => {
    if (depth < 3 && isTable(value))
      for (const [name, inner] of Object.entries(value)) walk(inner, `${key}.${name}`, depth + 1);
    else given.push({ key, value, fromText: false, origin: `file ${file.path}` });
  };
  for (const [section, value] of Object.entries(table)) walk(value, section, 0);
  return given;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** TENDER_LINK__RETRY_BASE=2s → link.retry_base. Sections we do not know belong to the cloud on the same machine. */
function fromEnvironment(environment: ConfigSources['environment']): Given[] {
  const given: Given[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('TENDER_') || value === undefined || reserved.has(name)) continue;
    const parts = name.slice('TENDER_'.length).toLowerCase().split('__');
    if (parts.length < 2 || !(parts[0]! in settings || parts[0] === 'folders')) continue;
    given.push({ key: parts.join('.'), value, fromText: true, origin: `environment ${name}` });
  }
  return given;
}

function isFolder(key: string): boolean {
  return key.startsWith('folders.');
}

function readFolders(given: ReadonlyMap<string, Given>, findings: string[]): readonly WatchedFolder[] {
  const parts = new Map<string, Map<FolderKey, string | number>>();
  for (const item of given.values()) {
    if (!isFolder(item.key)) continue;
    const [, label = '', key = '', ...rest] = item.key.split('.');
    const wrongLabel = labelProblem(label);
    const folderKey = folderKeys.find((one) => one === key);
    if (wrongLabel) findings.push(`${item.key} (${item.origin}) ${wrongLabel}`);
    else if (!folderKey || rest.length > 0) {
      const near = nearest(key, folderKeys);
      const hint = near
        ? `Did you mean folders.${label}.${near}?`
        : `A folder has ${folderKeys.join(' and ')}.`;
      findings.push(`${item.key} (${item.origin}) is not a setting. ${hint}`);
    } else {
      const read = readFolderKey(folderKey, item.value, item.fromText);
      if ('wrong' in read) findings.push(`${item.key} (${item.origin}) ${read.wrong}`);
      else parts.set(label, (parts.get(label) ?? new Map()).set(folderKey, read.value));
    }
  }
  const folders = buildFolders(parts);
  if ('value' in folders) return folders.value;
  // A folder whose path was refused above is not reported again as missing one.
  if (findings.length === 0) findings.push(folders.wrong);
  return [];
}

function unknownKey(item: Given): string {
  const near = nearest(item.key, known.keys());
  const hint = near ? `Did you mean ${near}?` : '`tender config show` lists all settings.';
  return `${item.key} (${item.origin}) is not a setting. ${hint}`;
}

/** A profile fills in what nobody has set; it is read before the rest because it decides their defaults. */
function applyProfile(given: Map<string, Given>, findings: string[]): void {
  const item = given.get('link.profile');
  if (!item) return;
  const read = settings.link.profile.read(item.value, item.fromText);
  if ('wrong' in read) {
    const near = typeof item.value === 'string' ? nearest(item.value, profileNames) : undefined;
    findings.push(`link.profile (${item.origin}) ${read.wrong}${near ? `. Did you mean ${near}?` : ''}`);
    given.delete('link.profile');
    return;
  }
  const profile = read.value;
  for (const [key, value] of Object.entries(presetOf(profile)))
    if (!given.has(key)) given.set(key, { key, value, fromText: true, origin: `profile ${profile}` });
}

function readSettings(given: ReadonlyMap<string, Given>, findings: string[]) {
  const values: Record<string, Record<string, unknown>> = {};
  const lines: ConfigLine[] = [];
  for (const [key, { section, property, setting }] of known) {
    const fallback: Given = { key, value: setting.fallback, fromText: true, origin: 'default' };
    let item = given.get(key) ?? fallback;
    let read = setting.read(item.value, item.fromText);
    if ('wrong' in read) {
      findings.push(`${key} (${item.origin}) ${read.wrong}`);
      item = fallback;
      read = setting.read(fallback.value, true);
      if ('wrong' in read) throw new Error(`the default of ${key} ${read.wrong}`);
    }
    values[section] ??= {};
    values[section][property] = read.value;
    lines.push({
      key,
      value: String(item.value),
      origin: item.origin,
      accepts: setting.accepts,
      why: setting.why,
    });
  }
  for (const section of Object.values(values)) Object.freeze(section);
  return { values, lines };
}

/** Rules between settings. */
function crossCheck(values: SettingValues, findings: string[]): void {
  if (values.link.retryBaseMs > values.link.retryCapMs)
    findings.push('link.retry_base is longer than link.retry_cap: shorten one or lengthen the other');
  if (values.breaker.openBaseMs > values.breaker.openCapMs)
    findings.push('breaker.open_base is longer than breaker.open_cap: shorten one or lengthen the other');
  if (Buffer.byteLength(values.api.socket) > socketPathMaxBytes)
    findings.push(
      `api.socket is longer than ${socketPathMaxBytes} bytes, the limit of the system: shorten it`,
    );
  for (const [key, value] of [
    ['state.directory', values.state.directory],
    ['api.socket', values.api.socket],
  ] as const)
    if (!value.startsWith('/') || value.includes('\0')) findings.push(`${key} needs an absolute path`);
  if (values.cloud.url !== '') {
    const problem = cloudUrlProblem(values.cloud.url);
    if (problem) findings.push(`cloud.url ${problem}`);
  }
}

/** Why this address cannot be the cloud's, or undefined. Plain http is for this machine only. */
export function cloudUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not an address: write it like https://tender.example.com';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    return 'must not hold a name or password: enrol the device instead';
  if (url.search !== '' || url.hash !== '') return 'must end with its path: nothing after ? or #';
  if (url.protocol === 'https:') return undefined;
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol === 'http:' && loopback) return undefined;
  return 'must begin with https:// (plain http is accepted on this machine only, such as http://127.0.0.1:8080)';
}
