// What other tools reach on the same link in the same lab with the same seed: curl, rclone, rsync if they are on PATH, tus if its
// packages can be resolved from the folder that TENDER_PEERS names. They go without TLS, which is in their favour. Each runs as its
// own documentation says, in a loop where it gives up; the bytes that arrive are hashed.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Goal } from '../../../support/bench.ts';
import { median, round } from '../arithmetic.ts';
import type { Case } from '../cases.ts';
import { later } from '../cleanup.ts';
import { mediansOf } from '../goals.ts';
import { cloudAddress, type Lab } from '../lab.ts';
import { commonFigures, type Figures, observe } from '../observe.ts';
import { seededBytes, sha256Of, writePayload } from '../payload.ts';
import { installed } from '../requirements.ts';
import { inLab, type Options } from '../run.ts';
import { insertInto } from '../runners/delta.ts';
import { documentSizes, writeDocuments } from '../runners/documents.ts';
import { peersFolder } from './tus-packages.ts';

const port = 8080;
const readyMaxMs = 20_000;

type Kind = Case['kind'];
interface Place {
  /** What is to be sent lies here … */
  readonly from: string;
  readonly files: readonly string[];
  /** … and is to arrive here. */
  readonly to: string;
  readonly work: string;
  readonly concurrency: number;
}

export interface Peer {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Why it cannot be measured here; undefined: it can. */
  missing(): string | undefined;
  server(place: Place): Promise<readonly string[]>;
  client(place: Place): readonly string[];
}

export type PeerRun =
  | { readonly peer: string; readonly seed: number; readonly figures: Figures }
  | { readonly peer: string; readonly seed: number; readonly failed: string };

const url = `http://${cloudAddress}:${port}`;
const node = process.execPath;
const beside = (file: string) => join(import.meta.dirname, `${file}.js`);
const keepTrying = (command: readonly string[]) => [
  'sh',
  '-c',
  'until "$@"; do sleep 1; done',
  'keep-trying',
  ...command,
];
const onPath = (program: string) => () =>
  installed(program) ? undefined : `${program} is not installed: install the package ${program}`;

const tus = (name: string, parallel: number, kinds: readonly Kind[], concurrency?: number): Peer => ({
  name,
  kinds,
  missing: () =>
    peersFolder() === undefined
      ? 'the packages of tus are not there: `npm install tus-js-client@4.3.1 @tus/server@2.4.5 @tus/file-store@2.1.1` in an empty folder of your own, and name it in TENDER_PEERS'
      : undefined,
  server: async ({ to }) => [node, beside('tus-server'), to, String(port)],
  client: ({ files, concurrency: most }) => [
    node,
    beside('tus-client'),
    `${url}/files`,
    String(parallel),
    String(concurrency ?? most),
    ...files,
  ],
});

const rclone = (name: string, transfers: number, kinds: readonly Kind[]): Peer => ({
  name,
  kinds,
  missing: onPath('rclone'),
  server: async ({ to }) => [
    'rclone',
    '--config',
    '/dev/null',
    'serve',
    'webdav',
    to,
    '--addr',
    `${cloudAddress}:${port}`,
  ],
  client: ({ from }) =>
    keepTrying([
      ...['env', 'RCLONE_CONFIG_X_TYPE=webdav', `RCLONE_CONFIG_X_URL=${url}`, 'RCLONE_CONFIG_X_VENDOR=other'],
      ...['rclone', '--config', '/dev/null', 'copy', from, 'x:', '--transfers', String(transfers)],
    ]),
});

const peers: readonly Peer[] = [
  {
    name: 'curl',
    kinds: ['large', 'cut'],
    missing: onPath('curl'),
    server: async ({ to }) => [node, beside('put-server'), to, String(port)],
    client: ({ files }) => keepTrying(['curl', '-sS', '-T', files[0]!, `${url}/payload.bin`]),
  },
  tus('tus', 1, ['large', 'cut', 'delta'], 1),
  tus('tus-4', 4, ['large', 'cut'], 1),
  tus('tus-documents-4', 1, ['documents'], 4),
  rclone('rclone', 4, ['large', 'cut', 'delta', 'documents']),
  rclone('rclone-8', 8, ['documents']),
  {
    name: 'rsync',
    kinds: ['large', 'cut', 'delta', 'documents'],
    missing: onPath('rsync'),
    async server({ to, work }) {
      const config = join(work, 'rsyncd.conf');
      const module = ['[m]', `path=${to}`, 'read only=no', 'use chroot=no', 'uid=0', 'gid=0'];
      await writeFile(config, ['reverse lookup=no', ...module, ''].join('\n'));
      const listen = [`--port=${port}`, `--config=${config}`, `--address=${cloudAddress}`];
      return ['rsync', '--daemon', '--no-detach', ...listen, '--log-file=/dev/null'];
    },
    client: ({ from }) =>
      keepTrying(['rsync', '-a', '--partial', `${from}/`, `rsync://${cloudAddress}:${port}/m/`]),
  },
];

/** Those that know this kind of work and are here; what is not here is told once. */
export function peersOf(about: Case): readonly Peer[] {
  return peers.filter((peer) => {
    if (!peer.kinds.includes(about.kind)) return false;
    const missing = peer.missing();
    if (missing !== undefined) process.stderr.write(`${peer.name} is left out: ${missing}.\n`);
    return missing === undefined;
  });
}

export async function runPeer(peer: Peer, about: Case, options: Options): Promise<PeerRun> {
  const work = await mkdtemp(join(tmpdir(), 'tender-peer-'));
  const remove = later(() => rm(work, { recursive: true, force: true }));
  try {
    const figures = await inLab(about, options, (lab) => measure(peer, about, options, lab, work));
    return { peer: peer.name, seed: options.seed, figures };
  } finally {
    await remove();
  }
}

async function measure(peer: Peer, about: Case, options: Options, lab: Lab, work: string): Promise<Figures> {
  const [from, to] = [join(work, 'from'), join(work, 'to')];
  await mkdir(from);
  await mkdir(to);
  const { hashes, bytes } = await prepare(about, from, to, options.seed);
  const names = await readdir(from);
  const place = { from, to, work, files: names.map((name) => join(from, name)), concurrency: 1 };
  const start = (through: readonly string[], command: readonly string[]) => {
    const [program, ...rest] = [...through, ...command];
    const child = spawn(program!, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
    return new Promise<number | null>((resolve) => child.on('close', resolve));
  };
  void start(lab.inCloud, await peer.server(place));
  await listening(lab);
  const timers: NodeJS.Timeout[] = [];
  const seen = await observe(lab, async () => {
    const steps = about.kind === 'large' ? (about.steps ?? []) : [];
    for (const { atSeconds, bitsPerSecond } of steps)
      timers.push(setTimeout(() => void lab.tell(`set up.rate=${bitsPerSecond}`), atSeconds * 1000));
    if (about.kind === 'cut') {
      const atMs = (about.atShare * about.bytes * 8000) / (await lab.stats()).up.rate_bps;
      timers.push(setTimeout(() => void lab.tell(`cut ${about.cutSeconds}`), atMs));
    }
    const from = performance.now();
    const code = await start(lab.inYacht, [
      'timeout',
      '-k',
      '1',
      String(about.maxSeconds),
      ...peer.client(place),
    ]);
    if (code !== 0) throw new Error(`ended with ${code}`);
    return { from };
  }).finally(() => {
    for (const timer of timers) clearTimeout(timer);
  });
  const arrived = new Set<string>();
  for (const name of await readdir(to)) arrived.add(sha256Of(await readFile(join(to, name))));
  if (!hashes.every((hash) => arrived.has(hash))) throw new Error('what arrived hashes to something else');
  // They speak without TLS: what is counted of its records means nothing.
  const { tlsRecords, besidePayloadBytes, beyondBulkBytes, ...common } = commonFigures(
    seen,
    bytes,
    about.kind === 'large' ? about.steps : undefined,
  );
  return {
    ...common,
    ...(about.kind === 'documents' ? { documentsPerSecond: about.count / seen.seconds } : {}),
  };
}

/** The same payload as ours has. */
async function prepare(
  about: Case,
  from: string,
  to: string,
  seed: number,
): Promise<{ readonly hashes: readonly string[]; readonly bytes: number }> {
  if (about.kind === 'documents')
    return {
      hashes: [...(await writeDocuments(about, from, seed)).values()],
      bytes: documentSizes(about).reduce((sum, size) => sum + size, 0),
    };
  if (!('bytes' in about)) throw new Error(`peers have no part in the case of kind ${about.kind}`);
  const path = join(from, 'payload.bin');
  const sha256 = await writePayload(path, about.bytes, String(seed));
  if (about.kind !== 'delta') return { hashes: [sha256], bytes: about.bytes };
  await rename(path, join(to, 'payload.bin'));
  const inserted = seededBytes(about.insertedBytes, `${seed} inserted`);
  const changed = await insertInto(join(to, 'payload.bin'), path, Math.floor(about.bytes / 3), inserted);
  return { hashes: [changed], bytes: about.insertedBytes };
}

/** Asks in the cloud's own namespace, so that the link carries nothing of it. */
async function listening(lab: Lab): Promise<void> {
  const deadline = performance.now() + readyMaxMs;
  const script = `require('net').connect(${port}, '${cloudAddress}', () => process.exit(0)).on('error', () => process.exit(1))`;
  for (;;) {
    const [command, ...rest] = [...lab.inCloud, node, '-e', script];
    const child = spawn(command!, rest, { stdio: 'ignore' });
    if ((await new Promise((resolve) => child.on('close', resolve))) === 0) return;
    if (performance.now() > deadline) throw new Error('the server of the peer does not listen');
  }
}

/** Politeness beyond which a peer's goodput needs only be reached, not doubled. */
const politeMaxMs = 150;
const politeTimes = 2;

export interface PeerRow {
  readonly peer: string;
  readonly figures?: Figures;
  readonly failed: number;
  /** Ours reaches twice the goodput of a polite peer, and that of any other. */
  readonly beaten: boolean;
}

export interface Comparison {
  readonly rows: readonly PeerRow[];
  /** Our goodput by that of the best polite peer, and by that of the best of the others; without such a peer no figure. */
  readonly figures: Figures;
  readonly goals: Readonly<Record<string, Goal>>;
  readonly met: boolean;
}

export function comparePeers(ours: Figures, runs: readonly PeerRun[]): Comparison {
  const best = { polite: 0, other: 0 };
  const rows = [...new Set(runs.map(({ peer }) => peer))].map((peer): PeerRow => {
    const its = runs.filter((run) => run.peer === peer);
    const done = its.flatMap((run) => ('figures' in run ? [run.figures] : []));
    const failed = its.length - done.length;
    if (done.length === 0) return { peer, failed, beaten: true };
    const figures = mediansOf(done);
    const isPolite = median(done.map((one) => one.addedDelayP95Ms!)) <= politeMaxMs;
    const kind = isPolite ? 'polite' : 'other';
    best[kind] = Math.max(best[kind], figures.goodputPercent!);
    const beaten = ours.goodputPercent! >= (isPolite ? politeTimes : 1) * figures.goodputPercent!;
    return { peer, figures, failed, beaten };
  });
  const times = (goodput: number) => round(ours.goodputPercent! / goodput, 2);
  return {
    rows,
    figures: {
      ...(best.polite > 0 ? { timesPolitePeers: times(best.polite) } : {}),
      ...(best.other > 0 ? { timesOtherPeers: times(best.other) } : {}),
    },
    goals: {
      ...(best.polite > 0 ? { timesPolitePeers: { min: politeTimes } } : {}),
      ...(best.other > 0 ? { timesOtherPeers: { min: 1 } } : {}),
    },
    met: rows.every(({ beaten }) => beaten),
  };
}
