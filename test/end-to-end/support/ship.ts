// A yacht of a test: an enrolled state directory, a watched folder, and the agent as a process that can be killed and
// started again. What it says of itself is asked over its own socket, as `tender` does.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { requestJson } from '../../../agent/adapters/http-json.ts';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import { nodeSecretFiles } from '../../../agent/adapters/node-secret-files.ts';
import { type ApiClient, connectApi } from '../../../agent/cli/client.ts';
import type { UploadView } from '../../../agent/cli/uploads.ts';
import { enrol } from '../../../agent/identity/enrol.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type Program, startProgram } from './program.ts';
import type { Shore } from './shore.ts';
import { until } from './until.ts';

export interface Ship {
  readonly home: string;
  readonly state: string;
  readonly folder: string;
  readonly deviceId: string;
  /** Raw Ed25519 key of the cloud it enrolled with. */
  readonly cloudKey: Uint8Array;
  /** The agent that runs now, or ran last. */
  readonly agent: Program;
  readonly api: ApiClient;
  /** Options that make `tender` speak to this yacht's agent, or be it. */
  readonly options: readonly string[];
  /** Starts the agent and waits until its socket answers. */
  start(): Promise<void>;
  /** Starts it and waits for nothing. */
  launch(): Program;
  add(name: string, bytes: Uint8Array, priority?: number): Promise<UploadView>;
  /** Puts a file into the watched folder. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  uploads(): Promise<readonly UploadView[]>;
  status(): Promise<ShipStatus>;
  untilConnected(): Promise<void>;
}

export interface ShipStatus {
  readonly connection: {
    readonly state: string;
    readonly untilMs: number | null;
    readonly epoch: number | null;
    readonly attempt: number;
    readonly lastError: { readonly class: string; readonly code: string; readonly message: string } | null;
  };
  readonly queue: { readonly states: Readonly<Record<string, number>>; readonly accepting: boolean };
  readonly log: { readonly writing: string; readonly boot: number };
  readonly inventoryOwed: boolean;
}

/** Enrols a yacht; its agent reaches the shore at `url`. `home`: where its state lies, else a directory of the test's. */
export async function commission(
  shore: Shore,
  url: string,
  options: { readonly settings?: readonly string[]; readonly home?: string } = {},
): Promise<Ship> {
  const home = options.home ?? (await temporaryDirectory());
  const state = join(home, 'state');
  const folder = join(home, 'scans');
  await mkdir(folder, { recursive: true });
  const device = await enrol(
    {
      files: nodeSecretFiles(state),
      random: nodeRandom(),
      post: (address, body) => requestJson('POST', address, { body }),
      wallMs: () => Date.now(),
    },
    { url: shore.url, code: await shore.enrolmentCode('Aurelia'), replace: false },
  );
  return board({ home, state, folder, url, settings: options.settings ?? [], ...device });
}

/** A copy of a yacht's state directory as a yacht of its own: what restoring a disk image twice does. */
export function board(place: {
  readonly home: string;
  readonly state: string;
  readonly folder: string;
  readonly url: string;
  readonly settings: readonly string[];
  readonly deviceId: string;
  readonly cloudKey: Uint8Array;
}): Ship {
  const { home, state, folder, url, deviceId, cloudKey } = place;
  const socket = join(home, 'agent.sock');
  const settings = [
    ...[`state.directory=${state}`, `api.socket=${socket}`, `cloud.url=${url}`],
    ...[`folders.scans.path=${folder}`, 'files.settle_quiet=100ms', 'files.rescan=1s', 'ui.listen=off'],
    // Loopback is quick and the disk of a test machine is nobody else's.
    ...['link.connect_timeout=5s', 'link.retry_base=200ms', 'link.retry_cap=1s', 'spool.free_min=1MB'],
    ...place.settings,
  ];
  const given = settings.flatMap((setting) => ['--set', setting]);
  const api = connectApi(socket, new AbortController().signal);
  const agents: Program[] = [];
  onTestFinished(async () => {
    await Promise.all(agents.filter((agent) => agent.alive).map((agent) => agent.kill()));
  });

  const launch = (): Program => {
    const agent = startProgram('agent', ['agent', ...given]);
    agents.push(agent);
    return agent;
  };
  const status = async (): Promise<ShipStatus> => (await api.get('/v1/status')) as unknown as ShipStatus;
  return {
    ...{ home, state, folder, deviceId, cloudKey, api, launch, status, options: given },
    get agent() {
      return agents.at(-1)!;
    },
    async start() {
      await launch().said('ready');
    },
    async add(name, bytes, priority = 5) {
      const headers = {
        'content-type': 'application/octet-stream',
        'tender-name': Buffer.from(name).toString('base64url'),
        'tender-size': String(bytes.length),
        'tender-modified': '0',
      };
      const pieces = bytes.length === 0 ? [] : [bytes];
      return (await api.send(
        `/v1/uploads?priority=${priority}`,
        headers,
        Readable.from(pieces),
      )) as UploadView;
    },
    put: (name, bytes) => writeFile(join(folder, name), bytes),
    uploads: async () => (await api.get('/v1/uploads?limit=1000')).items as readonly UploadView[],
    status,
    async untilConnected() {
      await until('the agent to be connected', async () => (await status()).connection.state === 'online');
    },
  };
}

/** What a person would read of the device on this disk. */
export async function deviceJson(state: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(state, 'device.json'), 'utf8')) as Record<string, unknown>;
}
