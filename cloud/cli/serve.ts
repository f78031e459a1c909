// `tender cloud`: runs API, worker or both until it is told to stop. Says one line when it is ready; its log goes to stderr.
import type { Command } from 'commander';
import { type CommonOptions, configFrom, tell } from './command-line.ts';
import { common } from './options.ts';

interface ServeOptions extends CommonOptions {
  readonly listen?: string;
  readonly only?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly behindTlsProxy?: boolean;
  readonly publicUrl?: string;
  readonly logLevel?: string;
}

export function addServeCommand(program: Command): void {
  common(program)
    .option(
      '--listen <host:port>',
      'where to listen; off loopback only with TLS or behind a proxy that ends it',
    )
    .option('--only <api|worker>', 'run one half in this process')
    .option('--tls-certificate <file>', 'PEM file of the certificate chain')
    .option('--tls-key <file>', 'PEM file of its private key')
    .option('--behind-tls-proxy', 'a proxy in front ends TLS, and nobody else reaches this port')
    .option('--public-url <url>', 'what yachts call')
    .option('--log-level <level>', 'info, warn, error or silent')
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const config = configFrom(options, {
    listen: options.listen,
    only: options.only,
    tls_certificate: options.tlsCertificate,
    tls_key: options.tlsKey,
    behind_tls_proxy: options.behindTlsProxy ? 'true' : undefined,
    public_url: options.publicUrl,
    log_level: options.logLevel,
  });
  const asked = stopAsked();
  // Loaded only here: an errand needs no web server, and its import costs a third of a second.
  const { startCloud } = await import('../main.ts');
  const cloud = await startCloud(config);
  const what = { both: 'API and worker', api: 'API', worker: 'Worker' }[config.only];
  const line = {
    type: 'ready',
    url: cloud.url,
    only: config.only,
    database: cloud.database,
    pid: process.pid,
  };
  tell(
    options,
    line,
    cloud.url ? `${what} at ${cloud.url} (${cloud.database} PostgreSQL)` : `${what} running`,
  );
  const reason = await Promise.race([asked, cloud.failed]);
  await cloud.stop();
  tell(options, { type: 'stopped', reason }, `Stopped: ${reason}.`);
  // A download to a slow reader may still hold a socket: it has had its time.
  process.exit(reason === 'SIGTERM' || reason === 'SIGINT' ? 0 : 75);
}

/** The first signal asks for an orderly stop; a second one ends the process at once. */
function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve(signal);
      });
    }
  });
}
