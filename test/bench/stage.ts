// A cloud with its own durable PostgreSQL and an agent that watches one folder, as the processes they are in real life, in
// one temporary directory. What lies between the two is the benchmark's: nothing, or a relay.
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, type ApiClient, connectApi } from '../../agent/cli/client.ts';
import { errand, serve } from '../../agent/cli/demo/processes.ts';

export interface Stage {
  readonly folder: string;
  readonly api: ApiClient;
  readonly cloudUrl: string;
  readonly token: string;
  readonly pids: { readonly agent: number; readonly cloud: number; readonly postgres: number };
  close(): Promise<void>;
}

const folderLabel = 'bench';

/** `between` is given the cloud's port and answers the one the agent is to call. */
export async function setStage(between: (cloudPort: number) => Promise<number>): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'tender-bench-'));
  // PostgreSQL refuses to run as root and drops to a user who must be able to walk here.
  await chmod(directory, 0o755);
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const hangUp = new AbortController();
  const close = async (): Promise<void> => {
    hangUp.abort();
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const data = join(directory, 'cloud');
    const cloudOptions = ['--data', data];
    const cloud = await serve('cloud', [...cloudOptions, '--listen', '127.0.0.1:0', '--json'], (line) =>
      line.type === 'ready' ? String(line.url) : undefined,
    );
    undo.push(() => cloud.running.stop());
    await errand('cloud', ['tenant', 'add', 'bench', ...cloudOptions]);
    const [enrolment] = await errand('cloud', [
      'yacht',
      'add',
      'bench',
      '--tenant',
      'bench',
      ...cloudOptions,
    ]);
    const [token] = await errand('cloud', ['token', 'add', '--tenant', 'bench', ...cloudOptions]);
    const port = await between(Number(new URL(cloud.answer).port));

    const folder = join(directory, folderLabel);
    const socket = join(directory, 'agent.sock');
    await mkdir(folder);
    const agentOptions = [
      ...['--set', `state.directory=${join(directory, 'agent')}`, '--set', `api.socket=${socket}`],
      ...['--set', `folders.${folderLabel}.path=${folder}`],
      ...['--set', 'files.settle_quiet=200ms', '--set', 'files.rescan=2s', '--set', 'ui.listen=127.0.0.1:0'],
    ];
    await errand('agent', ['enrol', `http://127.0.0.1:${port}`, String(enrolment?.code), ...agentOptions]);
    const agent = await serve('agent', ['agent', ...agentOptions, '--json'], (line) =>
      line.type === 'ready' ? true : undefined,
    );
    undo.push(() => agent.running.stop());
    const postmaster = await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8');
    return {
      folder,
      api: connectApi(socket, hangUp.signal),
      cloudUrl: cloud.answer,
      token: String(token?.token),
      pids: { agent: agent.running.pid, cloud: cloud.running.pid, postgres: Number.parseInt(postmaster, 10) },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const lookEveryMs = 100;

export interface Delivered {
  readonly documentId: string;
  /** Log time of the records that mark the journey. */
  readonly settledMs: number;
  readonly storedMs: number;
}

/** Waits until the document of this file name is stored, its receipt verified. Rejects when it takes longer, or rests. */
export async function delivered(stage: Stage, fileName: string, withinMs: number): Promise<Delivered> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const { items } = (await stage.api.get('/v1/uploads?limit=1000')) as { items: Answer[] };
    const upload = items.find(({ name }) => name === `${folderLabel}/${fileName}`);
    if (upload?.state === 'stored' || upload?.state === 'indexed') return marks(stage, upload);
    if (upload?.state === 'parked' || upload?.state === 'cancelled')
      throw new Error(`${fileName} is ${upload.state}: ${upload.why}`);
    if (performance.now() > deadline)
      throw new Error(`${fileName} is still ${upload?.state ?? 'unseen'} after ${withinMs / 1000} s`);
  }
}

async function marks({ api }: Stage, upload: Answer): Promise<Delivered> {
  const { items } = (await api.get(`/v1/log?actor=upload/${upload.id}`)) as { items: Answer[] };
  const at = (type: string) => Number(items.find((record) => record.type === type)?.at);
  return {
    documentId: String((upload.stored as Answer).documentId),
    settledMs: at('file.settled'),
    storedMs: at('upload.stored'),
  };
}
