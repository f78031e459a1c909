// What leaves the yacht in a bundle: events, cells, configuration and status with every name, path, address, key and hash
// replaced. By the name of its field where that says what it is, else as a text (redact-text.ts). Equal stays equal and
// the machines still take the events, so that a redacted log replays to the same states.

import { isObject } from '../../machines/fields.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import { registry } from '../../machines/registry.ts';
import { isPlainWord } from './plain-words.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { createRedactText } from './redact-text.ts';

export type Reveal = 'nothing' | 'names' | 'everything';

export interface Redactor {
  actor(actor: string): string;
  value(value: Json): Json;
  text(text: string): string;
  /** Lines of `tender config show`. */
  config(lines: readonly JsonObject[]): Json;
}

type Rule = (text: string) => string;

const identifier = /^[a-z][A-Za-z0-9_]{0,40}$/;
const ourActor = /^(upload|connection|breaker|host)\/([0-9A-HJKMNP-TV-Z]{26}|main|line|log)$/;
/** Parties that are programs of ours. */
const ourParties = new Set(['agent', 'daemon', 'enrol', 'files', 'host', 'page', 'somebody', 'tender']);
/** Where added files are shown: a folder of ours, not of theirs. */
const ourFolders = new Set(['added']);

export function createRedactor(names: Pseudonyms, reveal: Reveal): Redactor {
  if (reveal === 'everything') {
    const same = <T>(value: T): T => value;
    return {
      actor: same,
      value: same,
      text: same,
      config: (lines) => lines as unknown as Json,
    };
  }
  const shown = reveal === 'names';
  const text = createRedactText(names);
  const only =
    (pattern: RegExp): Rule =>
    (value) =>
      pattern.test(value) ? value : text(value);
  const as =
    (kind: string): Rule =>
    (value) =>
      value === '' ? value : names.of(kind, value);
  const id = as('id');
  const secret = as('secret');

  const person: Rule = (value) => (shown || ourParties.has(value) ? value : names.of('person', value));
  const path: Rule = shown ? (value) => value : (value) => replacePath(names, value);
  const folder: Rule = shown ? (value) => value : (value) => replaceFolder(names, value);
  const host: Rule = (value) =>
    value === '' ? value : `https://${names.of('host', value).toLowerCase()}.invalid`;
  const hash: Rule = (value) =>
    /^[0-9a-f]{16,}$/.test(value) ? names.hex(value, value.length) : secret(value);
  const digits: Rule = (value) => (/^\d{1,25}$/.test(value) ? value : id(value));

  const rules: { readonly [field: string]: Rule } = {
    type: only(/^[a-z][A-Za-z]*([.-][A-Za-z]+)*$/),
    event: only(/^[a-z][A-Za-z]*([.-][A-Za-z]+)*$/),
    kind: only(/^[a-z-]{1,20}(@\d{1,4})?$/),
    back: only(/^[a-z]{1,20}$/),
    state: only(/^[a-z-]{1,20}$/),
    glance: only(/^[a-z]{1,20}$/),
    writing: only(/^[a-z]{1,20}$/),
    level: only(/^[a-z]{1,20}$/),
    profile: only(/^[a-z-]{1,20}$/),
    degradation: only(/^[a-z]{1,20}$/),
    class: only(/^[A-Z]{1,16}$/),
    code: only(/^(TENDER_[A-Z_]{1,60}|E[A-Z]{2,16})$/),
    version: only(/^\d+(\.\d+){0,3}([-+][0-9a-z.]{1,20})?$/),
    fx: only(/^\d+\.\d+$/),
    check: only(/^[a-z]{1,20}$/),
    verdict: only(/^[a-z]{1,20}$/),
    timer: (value) => timerId(value, person),
    actor: (value) => redactActor(value, id),
    // Documents are named `folder/file`; a bare word of ours names a part of tender in its status.
    name: (value) => (isOurWord(value) ? value : path(value)),
    path,
    file: path,
    folder,
    label: folder,
    directory: folder,
    spool: as('spool'),
    by: person,
    forcedBy: person,
    documentId: id,
    deviceId: id,
    sessionId: id,
    tenantId: id,
    keyId: id,
    id: (value) => (isOurWord(value) ? value : id(value)),
    sha256: hash,
    digest: hash,
    root: hash,
    receipt: secret,
    signature: secret,
    token: secret,
    password: secret,
    key: secret,
    url: host,
    cloudUrl: host,
    host,
    hostname: host,
    address: host,
    mtimeNs: digits,
    ctimeNs: digits,
    inode: digits,
    device: digits,
    logId: (value) => value,
  };

  function walk(value: Json, field: string): Json {
    if (typeof value === 'string')
      return (Object.hasOwn(rules, field) ? (rules[field] as Rule) : text)(value);
    if (Array.isArray(value)) return value.map((item: Json) => walk(item, field));
    if (!isObject(value)) return value;
    if (typeof value.b64 === 'string' && Object.keys(value).length === 1)
      return shown ? value : { b64: base64(replacePath(names, fromBase64(value.b64))) };
    const out: { [key: string]: Json } = {};
    for (const [key, inner] of Object.entries(value)) {
      // What `tender doctor` looks at has names of ours.
      const rule = field === 'checks' && key === 'name' ? 'check' : key;
      out[keyOf(key, field)] = walk(inner, rule);
    }
    return out;
  }

  /** Keys are ours, except where they carry somebody: who paused, and the timer that ends it. */
  function keyOf(key: string, parent: string): string {
    if (parent === 'by') return person(key);
    if (parent === 'tm') return timerId(key, person);
    return isOurKey(key) || /^\d+\.\d+$/.test(key) ? key : names.of('key', key);
  }

  return {
    actor: (actor) => redactActor(actor, id),
    value: (value) => walk(value, ''),
    text,
    config: (lines) => lines.map((line) => redactSetting(line, { text, path: folder, host })),
  };
}

/** Fields of cells, inputs, contexts and events: a machine without them is none. */
const machineKeys: ReadonlySet<string> = new Set([
  ...['n', 'value', 'context', 'fx', 'tm', 'type', 'params', 'due', 'len', 'event', 'timer', 'at', 'input'],
  ...Object.values(registry).flatMap(({ input, context, events }) => [
    ...Object.keys(input),
    ...Object.keys(context),
    ...Object.values(events).flatMap(({ fields }) => Object.keys(fields)),
  ]),
]);

const isOurWord = (text: string): boolean => /^[a-z]{2,20}$/.test(text) && isPlainWord(text);

/** `bytesDurable`, `sha256`, `retry_base`: each part a word of ours. A key of another make may be somebody's name. */
function isOurKey(key: string): boolean {
  if (machineKeys.has(key)) return true;
  if (!identifier.test(key)) return false;
  const parts = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(/[ _\d]+/);
  return parts.every((part) => part.length < 2 || isPlainWord(part) || isPlainWord(part.replace(/s$/, '')));
}

function timerId(timer: string, person: Rule): string {
  if (/^[a-z]{1,20}$/.test(timer)) return timer;
  const dot = timer.indexOf('.');
  return dot < 1 ? person(timer) : `${timer.slice(0, dot)}.${person(timer.slice(dot + 1))}`;
}

function redactActor(actor: string, id: Rule): string {
  if (ourActor.test(actor)) return actor;
  const slash = actor.indexOf('/');
  return slash < 1 ? id(actor) : `${actor.slice(0, slash)}/${id(actor.slice(slash + 1))}`;
}

/** Each step by itself: two files of one folder stay two files of one folder. */
function replacePath(names: Pseudonyms, path: string): string {
  if (path === '') return path;
  const steps = path.split('/');
  const out = steps.map((step, i) => {
    if (step === '' || (i === 0 && steps.length > 1 && ourFolders.has(step))) return step;
    return i === steps.length - 1 ? names.file(step) : names.of('dir', step);
  });
  // So that messages that name the whole path are found too.
  if (steps.length > 1) names.of('path', path);
  return out.join('/');
}

function replaceFolder(names: Pseudonyms, path: string): string {
  return path
    .split('/')
    .map((step) => (step === '' || ourFolders.has(step) ? step : names.of('dir', step)))
    .join('/');
}

/** Values with units, numbers and choices stay, and what nobody changed; all else is a place, an address or a name. */
function redactSetting(
  line: JsonObject,
  rules: { readonly text: Rule; readonly path: Rule; readonly host: Rule },
): Json {
  const { key, accepts, why } = line;
  const origin = String(line.origin);
  const name = String(key);
  const value = String(line.value);
  if (name.startsWith('folders.')) {
    const [, path = value, priority = ''] = /^(.*)( priority \d+)$/s.exec(value) ?? [];
    return {
      key: `folders.${rules.path(name.slice('folders.'.length))}`,
      value: rules.path(path) + priority,
      origin: origin.split(' ')[0] ?? '',
      accepts: accepts ?? '',
      why: why ?? '',
    };
  }
  return {
    key: name,
    value:
      origin === 'default' || value === '' || isPlainSetting(value, String(accepts))
        ? value
        : hide(name, value),
    // The path of a file is theirs; the name of a variable is ours.
    origin: origin.startsWith('file ') ? 'file' : origin,
    accepts: accepts ?? '',
    why: why ?? '',
  };

  function hide(setting: string, secret: string): string {
    if (setting.endsWith('url')) return rules.host(secret);
    return secret.startsWith('/') ? rules.path(secret) : rules.text(secret);
  }
}

function isPlainSetting(value: string, accepts: string): boolean {
  if (accepts.split(' | ').includes(value)) return true;
  return (
    /^(none, or )?(duration|size|rate|number)\b/.test(accepts) &&
    /^(none|\d[\d.]*[A-Za-z/]{0,6})$/.test(value)
  );
}

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
const fromBase64 = (text: string) => Buffer.from(text, 'base64').toString('latin1');
