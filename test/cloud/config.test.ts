// Settings of the cloud: one table, four sources, units, and what is refused with which words.
import { describe, expect, it } from 'vitest';
import { isLoopback, listenAddress, printable, readCloudConfig, settings } from '../../cloud/config.ts';
import { CloudConfigError } from '../../cloud/config-error.ts';

function read(
  sources: { file?: string; environment?: Record<string, string>; flags?: Record<string, string> } = {},
) {
  return readCloudConfig({
    ...(sources.file === undefined ? {} : { file: { path: 'cloud.toml', text: sources.file } }),
    environment: sources.environment ?? {},
    flags: sources.flags ?? {},
    dataDirectory: '/var/lib/x',
  });
}
const refusal = (sources: Parameters<typeof read>[0]) => {
  try {
    read(sources);
  } catch (error) {
    if (error instanceof CloudConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('settings', () => {
  it('every default is one that the table itself accepts', () => {
    const config = read();
    expect(config.index_retry_delays).toEqual([60_000, 300_000, 900_000]);
    expect(config.extract_memory_max).toBe(512 * 2 ** 20);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.keys(config).sort()).toEqual(Object.keys(settings).sort());
  });

  it('flags beat the environment, which beats the file, which beats the default', () => {
    const file =
      'worker_poll = "3s"\nworker_sweep = "3s"\nindex_second_try = "3s"\nindex_retry_delays = ["1s", "2m"]';
    const environment = { TENDER_CLOUD_WORKER_POLL: '4s', TENDER_CLOUD_WORKER_SWEEP: '4s' };
    const config = read({ file, environment, flags: { worker_poll: '5s' } });
    expect([config.worker_poll, config.worker_sweep, config.index_second_try]).toEqual([5000, 4000, 3000]);
    expect(config.index_retry_delays).toEqual([1000, 120_000]);
  });

  it.each([
    [{ file: 'worker_pol = "3s"' }, 'There is no setting worker_pol (cloud.toml): did you mean worker_poll?'],
    [
      { environment: { TENDER_CLOUD_LISTN: 'x' } },
      'There is no setting listn (TENDER_CLOUD_LISTN): did you mean listen?',
    ],
    [
      { flags: { worker_poll: '5' } },
      'worker_poll (--worker-poll) needs a time with its unit, such as 500ms, 60s, 15m or 6h, not "5".',
    ],
    [
      { file: 'worker_concurrency = 0' },
      'worker_concurrency (cloud.toml) needs a whole number from 1 to 64, not "0".',
    ],
    [{ file: 'listen = {}' }, 'listen in cloud.toml needs a plain value or a list.'],
    [{ flags: { listen: '127.0.0.1:70000' } }, 'listen needs a port from 0 to 65535, not 70000.'],
    [{ flags: { tls_key: '/a' } }, 'tls_certificate and tls_key belong together: set both or neither.'],
  ])('%o is refused in words', (sources, sentence) => {
    expect(refusal(sources)).toBe(sentence);
  });

  it('a file that is not TOML is named, and a secret is never quoted', () => {
    expect(refusal({ file: 'listen = ' })).toContain('cloud.toml is not TOML');
    expect(refusal({ environment: { DATABASE_URL: 'mysql://me:canary@host/db' } })).not.toContain('canary');
    const config = read({ environment: { DATABASE_URL: 'postgres://me:canary@host/db' } });
    expect(JSON.stringify(printable(config))).not.toContain('canary');
  });

  it('plain text is refused off loopback, unless TLS or a proxy that ends it stands in front', () => {
    for (const listen of ['0.0.0.0:80', '[::]:80', '192.168.1.5:80', 'cloud.example:80', '128.0.0.1:80']) {
      expect(refusal({ flags: { listen } })).toContain('clear text');
      expect(refusal({ flags: { listen, behind_tls_proxy: 'true' } })).toBe('accepted');
      expect(refusal({ flags: { listen, tls_key: '/k', tls_certificate: '/c' } })).toBe('accepted');
      expect(refusal({ flags: { listen, only: 'worker' } })).toBe('accepted');
    }
    for (const listen of ['127.0.0.1:80', 'localhost:0', '[::1]:80', '127.9.9.9:80']) {
      expect(isLoopback(read({ flags: { listen } }))).toBe(true);
    }
    expect(listenAddress({ listen: '[::1]:80' })).toEqual({ host: '::1', port: 80 });
  });
});
