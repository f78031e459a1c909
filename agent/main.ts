// Wiring: builds the ports of a real machine, the daemon on them and the socket in front; starts them in order, and stops
// them in the reverse one. Called by `tender agent`; it decides nothing itself.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { jsonLog } from './adapters/json-log.ts';
import { createLevelStorage } from './adapters/level-storage.ts';
import { nodeClock } from './adapters/node-clock.ts';
import { nodeFiles } from './adapters/node-files.ts';
import { nodeProcess } from './adapters/node-process.ts';
import { nodeRandom } from './adapters/node-random.ts';
import { nodeScrypt } from './adapters/node-scrypt.ts';
import { nodeSecretFiles } from './adapters/node-secret-files.ts';
import { compressAside } from './adapters/node-zstd.ts';
import { pageFiles } from './adapters/page-files.ts';
import { tcpCount } from './adapters/tcp-count.ts';
import { listenOnTcp } from './adapters/tcp-http.ts';
import { timeZone } from './adapters/time-zone.ts';
import { type ListeningApi, listenOnSocket } from './adapters/unix-http.ts';
import { wsDialer } from './adapters/ws-dialer.ts';
import { type Access, createAccess } from './api/access/access.ts';
import { createRouter } from './api/router.ts';
import { apiRoutes } from './api/table.ts';
import type { Config } from './config.ts';
import { createDaemon } from './daemon.ts';
import { agentErrors, TenderError } from './errors.ts';
import { loadIdentity } from './identity/device-file.ts';

/** An orderly stop that takes longer is ended: the log is made for that, and supervisors are not patient for ever. */
const stopMaxMs = 5_000;

/** Runs until `signal` fires; answers the exit code. `ready` once the socket answers. Throws what keeps it from starting. */
export async function runAgent(
  config: Config,
  signal: AbortSignal,
  version: string,
  ready: (socket: string, page: string | undefined) => void,
): Promise<number> {
  const clock = nodeClock();
  const random = nodeRandom();
  const log = jsonLog(config.log.level, clock.wallMs);
  const secrets = nodeSecretFiles(config.state.directory);
  for (const { key, value, origin } of config.lines)
    log({ level: 'debug', message: 'setting', key, value, origin });
  const daemon = createDaemon(
    {
      clock,
      log,
      version,
      random,
      files: nodeFiles(),
      process: nodeProcess(),
      storage: openStorage(config.state.directory),
      dialer: await wsDialer(config.cloud.caFile),
      compress: compressAside,
      tcpCount,
      identity: () => loadIdentity(secrets),
    },
    config,
  );
  let api: ListeningApi | undefined;
  let access: Access | undefined;
  try {
    await daemon.start();
    const page = createAccess(
      {
        ...{ clock, log, random, rows: daemon.aboard.host, scrypt: nodeScrypt, listen: listenOnTcp },
        pages: pageFiles(installed('dist/inspector/page')),
        document: () => readFile(installed('docs/aboard-openapi.json')).catch(() => undefined),
      },
      config,
    );
    access = page;
    const { status } = daemon.aboard;
    const zone = await timeZone();
    const aboard = {
      ...daemon.aboard,
      ...(zone === undefined ? {} : { zone }),
      status: async () => ({ ...(await status()), page: page.status() }),
    };
    const handle = createRouter(apiRoutes(aboard, page.ui), log);
    api = await listenOnSocket(config.api.socket, handle);
    await page.start(handle);
    const url = page.url();
    log({
      ...{ level: 'info', message: 'The agent is ready.', socket: config.api.socket, pid: process.pid },
      ...(url === undefined ? {} : { page: url }),
    });
    ready(config.api.socket, url);
    await fired(signal);
    log({
      level: 'info',
      message: 'The agent stops.',
      reason: String(signal.reason?.message ?? signal.reason),
    });
    return 0;
  } finally {
    const giveUp = clock.after(stopMaxMs, () => {
      log({
        level: 'error',
        message: `Stopping took longer than ${stopMaxMs} ms and was ended; the next start takes it up.`,
      });
      process.exit(agentErrors.TENDER_INTERNAL);
    });
    await access?.stop();
    await api?.close();
    await daemon.stop();
    giveUp();
  }
}

/** A file of this package, seen from dist/agent/ or, in a checkout, from agent/. */
function installed(name: string): string {
  const above = join(import.meta.dirname, '..');
  return join(basename(above) === 'dist' ? join(above, '..') : above, name);
}

function openStorage(directory: string) {
  try {
    return createLevelStorage(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new TenderError(
      'TENDER_CONFIG_INVALID',
      `state.directory ${directory} cannot be used (${code}): make it and give it to the agent's user, or choose another.`,
      { cause: error },
    );
  }
}

function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
