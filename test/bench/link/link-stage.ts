// A cloud ashore and an agent aboard as real processes in the lab's two namespaces, TLS between them, the line open and idle:
// the state a yacht's daemon is in for most of its life.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, type ApiClient, connectApi } from '../../../agent/cli/client.ts';
import { errand, serve } from '../../../agent/cli/demo/processes.ts';
import { later } from './cleanup.ts';
import { type Journal, keepJournal } from './journal.ts';
import { cloudAddress, type Lab, labFolder } from './lab.ts';

export interface LinkStage {
  /** Watched by the agent. */
  readonly folder: string;
  /** Beside it, on the same disk: what is not to be seen yet. */
  readonly workshop: string;
  readonly api: ApiClient;
  readonly journal: Journal;
  readonly agentPid: number;
  /** SHA-256 of what lies ashore, by document id, asked in the cloud's namespace so that the link carries nothing of it. */
  hashesAshore(documentIds: readonly string[]): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

const cloudPort = 8443;
const connectMaxMs = 180_000;
const lookEveryMs = 50;
const hashesMaxMs = 300_000;
const hashesMaxBytes = 4 * 1024 * 1024;
/** The cloud gives each token 600 requests a minute. */
const documentsPerToken = 500;

export async function setLinkStage(lab: Lab, settings: readonly string[] = []): Promise<LinkStage> {
  const directory = await mkdtemp(join(tmpdir(), 'tender-line-'));
  // PostgreSQL refuses to run as root and drops to a user who must be able to walk here.
  await chmod(directory, 0o755);
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const hangUp = new AbortController();
  const close = later(async () => {
    hangUp.abort();
    for (const step of undo.splice(0).reverse()) await step();
  });
  try {
    const certificate = join(labFolder, 'cloud.certificate.pem');
    const cloudOptions = ['--data', join(directory, 'cloud')];
    const tls = ['--tls-certificate', certificate, '--tls-key', join(labFolder, 'cloud.key.pem')];
    const cloud = await serve(
      'cloud',
      [...cloudOptions, '--listen', `${cloudAddress}:${cloudPort}`, ...tls, '--json'],
      (line) => (line.type === 'ready' ? true : undefined),
      lab.inCloud,
    );
    undo.push(() => cloud.running.stop());
    await errand('cloud', ['tenant', 'add', 'bench', ...cloudOptions], lab.inCloud);
    const yachtAdd = ['yacht', 'add', 'bench', '--tenant', 'bench', ...cloudOptions];
    const [enrolment] = await errand('cloud', yachtAdd, lab.inCloud);
    const folder = join(directory, 'bench');
    const socket = join(directory, 'agent.sock');
    const workshop = join(directory, 'workshop');
    await mkdir(folder);
    await mkdir(workshop);
    const agentOptions = [
      ...[
        `state.directory=${join(directory, 'agent')}`,
        `api.socket=${socket}`,
        `cloud.ca_file=${certificate}`,
      ],
      ...[
        `folders.bench.path=${folder}`,
        'files.settle_quiet=200ms',
        'files.rescan=2s',
        'spool.free_min=1MB',
      ],
      ...settings,
    ].flatMap((setting) => ['--set', setting]);
    const url = `https://${cloudAddress}:${cloudPort}`;
    await errand('agent', ['enrol', url, String(enrolment?.code), ...agentOptions], lab.inYacht);
    const agent = await serve(
      'agent',
      ['agent', ...agentOptions, '--json'],
      (line) => (line.type === 'ready' ? true : undefined),
      lab.inYacht,
    );
    undo.push(() => agent.running.stop());
    const api = connectApi(socket, hangUp.signal);
    await connected(api);
    const journal = keepJournal(api);
    undo.push(async () => journal.close());
    const tokens: string[] = [];
    return {
      folder,
      workshop,
      api,
      journal,
      agentPid: agent.running.pid,
      async hashesAshore(ids) {
        while (tokens.length * documentsPerToken < ids.length) {
          const [made] = await errand(
            'cloud',
            ['token', 'add', '--tenant', 'bench', ...cloudOptions],
            lab.inCloud,
          );
          tokens.push(String(made?.token));
        }
        return askHashes(lab, certificate, JSON.stringify({ url, tokens, ids }));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function askHashes(lab: Lab, certificate: string, question: string): Promise<Record<string, string>> {
  const [command, ...rest] = [...lab.inCloud, process.execPath, join(import.meta.dirname, 'hash-ashore.js')];
  return new Promise((resolve, reject) => {
    const child = execFile(
      command!,
      rest,
      {
        timeout: hashesMaxMs,
        maxBuffer: hashesMaxBytes,
        env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
      },
      (error, out) => (error ? reject(error) : resolve(JSON.parse(out) as Record<string, string>)),
    );
    child.stdin?.end(question);
  });
}

export async function connected(api: ApiClient): Promise<void> {
  const deadline = performance.now() + connectMaxMs;
  for (;;) {
    const { connection } = (await api.get('/v1/status')) as { connection: Answer };
    if (connection.isAvailable === true) return;
    if (performance.now() > deadline) throw new Error(`the line did not open: ${JSON.stringify(connection)}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
