// One agent: the true daemon on the simulator's ports. Decorates its host so that every start of an effect is checked
// against the disk, and hands the crew what people can ask.
import { compressHere } from '../../agent/adapters/node-zstd.ts';
import { loadConfig } from '../../agent/config.ts';
import { createDaemon } from '../../agent/daemon.ts';
import type { Host } from '../../agent/host/contract.ts';
import { signerFromSeed } from '../../cloud/contract/keys.ts';
import { nameFromBytes } from '../../cloud/contract/name.ts';
import type { FakeDisk } from '../support/fake-disk.ts';
import type { FakeFiles } from '../support/fake-files.ts';
import { type FakeLife, never } from '../support/fake-life.ts';
import type { FakeNetwork } from '../support/fake-network.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import type { FakeTimeline } from '../support/fake-timeline.ts';
import { createChecked } from './check-effects.ts';
import type { CheckLog } from './check-log.ts';
import { type Aboard, folderLabel, folderPath, type Known } from './crew.ts';
import type { Plant } from './plants.ts';
import type { Report } from './report.ts';
import type { Shore } from './shore.ts';

export interface AboardParts {
  readonly timeline: FakeTimeline;
  readonly random: FakeRandom;
  readonly report: Report;
  readonly disk: FakeDisk;
  readonly files: FakeFiles;
  readonly network: FakeNetwork;
  readonly shore: Shore;
  readonly log: CheckLog;
  readonly plant: Plant;
  /** The process ended itself. */
  readonly exited: (life: FakeLife) => void;
}

const statePath = '/state';
export const directories = [folderPath, statePath];
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

export async function createAboard(
  parts: AboardParts,
): Promise<(life: FakeLife, wallMs: () => number) => Promise<Aboard>> {
  const { timeline, random, report, plant, shore, network } = parts;
  const config = await loadConfig({
    environment: {},
    flags: {
      'state.directory': statePath,
      'cloud.url': 'http://127.0.0.1:8080',
      [`folders.${folderLabel}.path`]: folderPath,
    },
  });
  const key = signerFromSeed(random.fork('device key').bytes(32));
  const enrolled = await shore.enrol(key.publicKey);
  const device = {
    ...enrolled,
    name: 'yacht',
    cloudUrl: config.cloud.url,
    cloudKey: shore.signer.publicKey,
    keyFile: 'device.key',
    enrolledMs: 0,
  };
  let boots = 0;
  return async (life, wallMs) => {
    const storage = parts.disk.storage(life);
    const files = parts.files.port(life);
    let host: Host | undefined;
    const daemon = createDaemon(
      {
        clock: timeline.clock(life, wallMs),
        random: random.fork(`boot ${++boots}`),
        files: plant.files ? plant.files(files) : files,
        storage: plant.storage ? plant.storage(storage) : storage,
        process: { pid: boots, rssBytes: () => 0, exit: () => parts.exited(life) },
        dialer: network.dialer(life),
        compress: compressHere,
        log: ({ level, message, code }) => report.trace(`agent ${level}: ${code ?? ''} ${message}`),
        identity: () => (life.boundary() ? Promise.resolve({ device, key }) : never()),
        version: 'voyage',
        decorate: (inner) => {
          host = createChecked(inner, parts.log, report);
          return host;
        },
      },
      config,
    );
    await daemon.start();
    const { aboard } = daemon;
    return {
      add: (fileName, bytes, priority) =>
        aboard.add(
          { name: nameFromBytes(bytesOf(fileName)), priority, sizeBytes: bytes.length },
          pieces(bytes),
        ),
      command: (uploadId, command) => aboard.uploads.command(uploadId, command),
      uploads: async () => {
        const known: Known[] = [];
        for await (const { actor, cell } of host!.list({ kind: 'upload', limit: 10_000 }))
          known.push({ uploadId: actor.slice('upload/'.length), state: cell.value, cell });
        return known;
      },
    };
  };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 32 * 1024) yield bytes.subarray(at, at + 32 * 1024);
}
