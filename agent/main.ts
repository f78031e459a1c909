// Wiring: builds the ports of a real machine, the daemon on them and the socket in front; starts them in order, and stops
// them in the reverse one. Called by `tender agent`; it decides nothing itself.
import { jsonLog } from './adapters/json-log.ts';
import { createLevelStorage } from './adapters/level-storage.ts';
import { nodeClock } from './adapters/node-clock.ts';
import { nodeFiles } from './adapters/node-files.ts';
import { nodeProcess } from './adapters/node-process.ts';
import { nodeRandom } from './adapters/node-random.ts';
import { nodeSecretFiles } from './adapters/node-secret-files.ts';
import { type ListeningApi, listenOnSocket } from './adapters/unix-http.ts';
import { wsDialer } from './adapters/ws-dialer.ts';
import { createRouter } from './api/router.ts';
import { logRoutes } from './api/routes/log.ts';
import { statusRoutes } from './api/routes/status.ts';
import { uploadRoutes } from './api/routes/uploads.ts';
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
  ready: (socket: string) => void,
): Promise<number> {
  const clock = nodeClock();
  const log = jsonLog(config.log.level, clock.wallMs);
  const secrets = nodeSecretFiles(config.state.directory);
  for (const { key, value, origin } of config.lines)
    log({ level: 'debug', message: 'setting', key, value, origin });
  const daemon = createDaemon(
    {
      clock,
      log,
      version,
      random: nodeRandom(),
      files: nodeFiles(),
      process: nodeProcess(),
      storage: openStorage(config.state.directory),
      dialer: await wsDialer(config.cloud.caFile),
      identity: () => loadIdentity(secrets),
    },
    config,
  );
  let api: ListeningApi | undefined;
  try {
    await daemon.start();
    const { aboard } = daemon;
    const handle = createRouter(
      [...uploadRoutes(aboard), ...logRoutes(aboard), ...statusRoutes(aboard)],
      log,
    );
    api = await listenOnSocket(config.api.socket, handle);
    log({ level: 'info', message: 'The agent is ready.', socket: config.api.socket, pid: process.pid });
    ready(config.api.socket);
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
    await api?.close();
    await daemon.stop();
    giveUp();
  }
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
