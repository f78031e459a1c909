// The agent's daemon inside the test's own process, on a clock that the test holds: real LevelDB, real files, real
// sockets to a real shore, but a day passes in a second. Also the way to give it a clock that is years off.
import { onTestFinished } from 'vitest';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import { nodeFiles } from '../../../agent/adapters/node-files.ts';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import { nodeSecretFiles } from '../../../agent/adapters/node-secret-files.ts';
import { createWsDialer } from '../../../agent/adapters/ws-dialer.ts';
import type { UploadView } from '../../../agent/cli/uploads.ts';
import { loadConfig } from '../../../agent/config.ts';
import { createDaemon } from '../../../agent/daemon.ts';
import { loadIdentity } from '../../../agent/identity/device-file.ts';
import { nameFromBytes } from '../../../cloud/contract/name.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { Ship, ShipStatus } from './ship.ts';

/** A dial on loopback and two records on the disk take less. */
const restMaxMs = 20_000;

export interface HeldShip {
  readonly clock: FakeClock;
  readonly deviceId: string;
  readonly cloudKey: Uint8Array;
  add(name: string, bytes: Uint8Array): Promise<string>;
  uploads(): Promise<readonly UploadView[]>;
  status(): Promise<ShipStatus>;
  /** Lets held time pass, not faster than the world outside can answer. */
  pass(lengthMs: number, stepMs: number): Promise<void>;
  /** From now on held time runs as the real one does. */
  run(): void;
}

/** Takes over the state of an enrolled ship whose own agent does not run. */
export async function holdShip(ship: Ship, wallMs: number): Promise<HeldShip> {
  const clock = new FakeClock(wallMs);
  const flags = Object.fromEntries(
    ship.options
      .filter((option) => option !== '--set')
      .map((setting) => [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)]),
  );
  const config = await loadConfig({ environment: {}, flags });
  const secrets = nodeSecretFiles(ship.state);
  const daemon = createDaemon(
    {
      clock,
      random: nodeRandom(),
      files: nodeFiles(),
      storage: createLevelStorage(ship.state),
      process: { pid: process.pid, rssBytes: () => 0, exit: () => {} },
      dialer: createWsDialer(),
      log: () => {},
      identity: () => loadIdentity(secrets),
      version: 'test',
    },
    config,
  );
  let running = false;
  let beat: NodeJS.Timeout | undefined;
  onTestFinished(async () => {
    running = false;
    clearTimeout(beat);
    await daemon.stop();
  });
  await daemon.start();

  const status = async (): Promise<ShipStatus> => (await daemon.aboard.status()) as unknown as ShipStatus;
  /** Disk and sockets answer in their own time: held time stands still until the connection waits for it again. */
  async function rest(): Promise<void> {
    const deadline = performance.now() + restMaxMs;
    for (;;) {
      const cell = await daemon.aboard.host.read('connection/main');
      const until = (cell?.context as { untilMs?: number | null } | undefined)?.untilMs ?? null;
      if (cell && cell.value !== 'connecting' && (until === null || until > clock.wallMs())) return;
      if (performance.now() > deadline) throw new Error(`no answer to a dial within ${restMaxMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  return {
    clock,
    status,
    deviceId: ship.deviceId,
    cloudKey: ship.cloudKey,
    add: (name, bytes) =>
      daemon.aboard.add(
        { name: nameFromBytes(Buffer.from(name)), priority: 5 },
        (async function* () {
          yield bytes;
        })(),
      ),
    uploads: async () =>
      (await daemon.aboard.uploads.list({ limit: 1000 })).items as unknown as readonly UploadView[],
    async pass(lengthMs, stepMs) {
      const end = clock.monotonicMs() + lengthMs;
      while (clock.monotonicMs() < end) {
        await clock.advance(Math.min(stepMs, end - clock.monotonicMs()));
        await rest();
      }
    },
    run() {
      running = true;
      let last = performance.now();
      const tick = async (): Promise<void> => {
        const now = performance.now();
        const passed = now - last;
        last = now;
        await clock.advance(passed);
        if (running) beat = setTimeout(tick, 2);
      };
      void tick();
    },
  };
}
