import { describe, expect, test } from 'vitest';
import { profileNames } from '../../agent/config/presets.ts';
import { fileKey, settings } from '../../agent/config/settings.ts';
import { durationText, readDuration, readRate, readSize, sizeText } from '../../agent/config/units.ts';
import { loadConfig } from '../../agent/config.ts';

const file = (text: string) => ({
  file: { path: '/etc/tender/tender.toml', text },
  environment: {},
  flags: {},
});
const load = (text: string) => loadConfig(file(text));
const nothing = { environment: {}, flags: {} };

describe('quantities', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['14d', 1_209_600_000],
    ['30 s', 30_000],
  ])('the duration %s is %d ms', (text, value) => {
    expect(readDuration(text)).toEqual({ value });
  });
  test.each(['30', '', 's', '-1s', '1e3s', '3 weeks', '1s 2s', '30S', '99999999999999999d'])(
    'the duration %j is refused',
    (text) => {
      expect(readDuration(text)).toHaveProperty('wrong');
    },
  );
  test('a size knows 1000 from 1024', () => {
    expect([readSize('64MB'), readSize('64MiB')]).toEqual([{ value: 64_000_000 }, { value: 67_108_864 }]);
  });
  test('a rate is bits or a size per second, or none', () => {
    expect([readRate('500kbit'), readRate('2Mbit'), readRate('1.5Mbit/s')]).toEqual(
      [62_500, 250_000, 187_500].map((value) => ({ value })),
    );
    expect(readRate('5furbit')).toHaveProperty('wrong');
    expect([readRate('500KB/s'), readRate('none')]).toEqual([{ value: 500_000 }, { value: 0 }]);
    expect(readRate('500KB')).toHaveProperty('wrong');
    expect(readRate('0B/s')).toHaveProperty('wrong');
  });
  test('what is printed reads back as the same number', () => {
    for (const value of [1, 999, 60_000, 90_000, 5_400_000, 86_400_000])
      expect(readDuration(durationText(value))).toEqual({ value });
    for (const value of [1, 1000, 1024, 5_000_000_000]) expect(readSize(sizeText(value))).toEqual({ value });
  });
});

describe('configuration', () => {
  test('every default is a value its own setting accepts', async () => {
    const config = await loadConfig(nothing);
    for (const line of config.lines) expect(line.origin).toBe('default');
    expect(config.link.retryBaseMs).toBe(1000);
    expect(config.spool.maxBytes).toBe(5_000_000_000);
  });

  test('every setting has a reason and a line', async () => {
    const config = await loadConfig(nothing);
    const keys = Object.entries(settings).flatMap(([section, table]) =>
      Object.keys(table).map((property) => `${section}.${fileKey(property)}`),
    );
    expect(config.lines.map((line) => line.key)).toEqual(keys);
    for (const line of config.lines) expect(line.why.length).toBeGreaterThan(15);
  });

  test('default < profile < file < environment < flag', async () => {
    const text = '[link]\nprofile = "satellite"\nretry_cap = "10m"\n[breaker]\nfailures_max = 7\n';
    const config = await loadConfig({
      file: { path: 'f', text },
      environment: { TENDER_BREAKER__FAILURES_MAX: '8', TENDER_LINK__RETRY_CAP: '11m' },
      flags: { 'link.retry_cap': '12m' },
    });
    const origin = (key: string) => config.lines.find((line) => line.key === key)?.origin;
    expect(config.link).toMatchObject({ retryBaseMs: 5000, retryCapMs: 720_000 });
    expect(config.breaker.failuresMax).toBe(8);
    expect(origin('link.retry_base')).toBe('profile satellite');
    expect(origin('link.profile')).toBe('file f');
    expect(origin('breaker.failures_max')).toBe('environment TENDER_BREAKER__FAILURES_MAX');
    expect(origin('link.retry_cap')).toBe('flag');
    expect(origin('log.level')).toBe('default');
  });

  test.each(profileNames)('the profile %s holds only values that are accepted', async (profile) => {
    const config = await load(`[link]\nprofile = "${profile}"`);
    expect(config.link.profile).toBe(profile);
  });

  test('the configuration cannot be changed after it is read', async () => {
    const config = await load('[folders.scans]\npath = "/srv/scans"');
    expect(Object.isFrozen(config) && Object.isFrozen(config.link) && Object.isFrozen(config.folders)).toBe(
      true,
    );
    expect(Object.isFrozen(config.folders[0])).toBe(true);
  });

  test.each([
    ['[link]\nretry_bas = "1s"', 'Did you mean link.retry_base?'],
    ['[lnik]\nretry_base = "1s"', 'Did you mean link.retry_base?'],
    ['[link]\nretryBaseMs = "1s"', 'link.retryBaseMs'],
    ['colour = "blue"', '`tender config show` lists all settings.'],
    ['[link]\nprofile = "satelite"', 'Did you mean satellite?'],
    ['[link]\nretry_base = 5', 'needs its unit in quotes, such as "1s"'],
    ['[link]\nretry_base = "5"', 'needs a number and one of the units'],
    ['[link]\nretry_base = "2h"', 'must lie between "100ms" and "15m"'],
    ['[link]\nretry_base = "5m"\nretry_cap = "1m"', 'retry_base is longer than link.retry_cap'],
    ['[work]\nsenders_max = "4"', 'needs a whole number'],
    ['[work]\nsenders_max = 0', 'must lie between 1 and 64'],
    ['[link\n', 'is not TOML'],
    ['[cloud]\nurl = "http://fleet.example.com"', 'must begin with https://'],
    ['[cloud]\nurl = "https://me:secret@fleet.example.com"', 'must not hold a name or password'],
    ['[cloud]\nurl = "fleet"', 'is not an address'],
    ['[state]\ndirectory = "relative"', 'needs an absolute path'],
    [`[api]\nsocket = "/${'x'.repeat(120)}"`, 'longer than 107 bytes'],
    ['[folders.scans]\npth = "/srv"', 'Did you mean folders.scans.path?'],
    ['[folders.scans]\npath = "srv"', 'needs an absolute path'],
    ['[folders.scans]\npriority = 3', 'folders.scans needs a path'],
    ['[folders.scans]\npath = "/srv"\npriority = 11', 'from 1 (critical) to 10 (low)'],
    ['[folders.added]\npath = "/srv"', 'choose another label'],
    ['[folders."a/b"]\npath = "/srv"', 'needs a label'],
    ['[folders.a]\npath = "/srv"\n[folders.b]\npath = "/srv/scans"', 'hold the same files'],
    ['[link.retry_base]\ndeep = "1s"', 'link.retry_base.deep'],
    ['[[link]]\nretry_base = "1s"', 'is not a setting'],
  ])('%j is refused with a sentence that helps', async (text, sentence) => {
    const refusal = load(text);
    await expect(refusal).rejects.toMatchObject({ code: 'TENDER_CONFIG_INVALID' });
    await expect(refusal).rejects.toThrow(sentence);
  });

  test('all findings are told together', async () => {
    const refusal = load('[link]\nretry_bas = "1s"\nretry_cap = 5\n[folders.a]\npath = "x"');
    const message = await refusal.then(String, (error: Error) => error.message);
    expect(message.split('\n- ')).toHaveLength(4);
  });

  test('a mistyped environment variable of a section we know is refused, those of others are left alone', async () => {
    await expect(loadConfig({ environment: { TENDER_LINK__RETRY_BAS: '1s' }, flags: {} })).rejects.toThrow(
      'Did you mean link.retry_base?',
    );
    await loadConfig({ environment: { TENDER_DATABASE__URL: 'x', TENDER_SHORE_TOKEN: 'y' }, flags: {} });
  });

  test('folders may come from the environment, and a trailing slash is no other folder', async () => {
    const config = await loadConfig({
      environment: { TENDER_FOLDERS__SCANS__PATH: '/srv/scans/', TENDER_FOLDERS__SCANS__PRIORITY: '1' },
      flags: {},
    });
    expect(config.folders).toEqual([{ label: 'scans', path: '/srv/scans', priority: 1 }]);
  });

  test('loopback may be plain http', async () => {
    expect((await load('[cloud]\nurl = "http://127.0.0.1:8080"')).cloud.url).toBe('http://127.0.0.1:8080');
  });
});

describe('where the page is served', () => {
  const listen = async (text: string) => (await load(`[ui]\nlisten = ${JSON.stringify(text)}`)).ui.listen;
  test.each([
    ['127.0.0.1:7420', { host: '127.0.0.1', port: 7420 }],
    ['localhost:0', { host: '127.0.0.1', port: 0 }],
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['[::1]:7420', { host: '::1', port: 7420 }],
    ['[::]:65535', { host: '::', port: 65535 }],
    ['off', null],
  ])('%s', async (text, expected) => {
    expect(await listen(text)).toEqual(expected);
  });
  test.each([
    ...['', '7420', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '127.0.0.1:-1', '256.0.0.1:1', '127.1:1'],
    ...['tender.local:7420', '[::g]:1', '::1:7420', '01.2.3.4:1', 'http://127.0.0.1:1', 'OFF'],
  ])('%j is refused', async (text) => {
    await expect(listen(text)).rejects.toThrow('ui.listen');
  });
  test('names come as a list, or with commas', async () => {
    expect((await load('[ui]\nallowed_hosts = ["Tender.local", "box:80"]')).ui.allowedHosts).toEqual([
      'tender.local',
      'box:80',
    ]);
    const { ui } = await loadConfig({ environment: {}, flags: { 'ui.allowed_hosts': 'a.local,b.local' } });
    expect(ui.allowedHosts).toEqual(['a.local', 'b.local']);
    await expect(load('[ui]\nallowed_hosts = ["http://x"]')).rejects.toThrow('no host name');
    await expect(load('[ui]\nallowed_hosts = "x"')).rejects.toThrow('list');
  });
});
