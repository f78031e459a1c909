// What a runner is given and gives back, and the setting that most of them share: a lab, a stage in it, both taken down again
// whatever happens.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { type Lab, openLab } from './lab.ts';
import { type LinkStage, setLinkStage } from './link-stage.ts';
import type { Figures } from './observe.ts';
import { writePayload } from './payload.ts';
import { startTrace } from './trace.ts';

export interface Options {
  readonly seed: number;
  readonly congestion: string;
  /** Keys of the emulator, from the command line: they win over the case's. */
  readonly keys: readonly string[];
  /** Settings of the agent, from the command line. */
  readonly agent: readonly string[];
  readonly trace: boolean;
}

export type Runner<Kind extends Case['kind']> = (
  about: Extract<Case, { kind: Kind }>,
  options: Options,
) => Promise<Figures>;

/** Opens a lab, runs `body`, takes the lab down. */
export async function inLab<T>(about: Case, options: Options, body: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await openLab({
    profile: about.profile,
    seed: options.seed,
    congestion: options.congestion,
    keys: [...(about.keys ?? []), ...options.keys],
  });
  try {
    return await body(lab);
  } finally {
    await lab.down();
  }
}

/** The same with cloud and agent in it, connected and idle. */
export function onStage<T>(
  about: Case,
  options: Options,
  body: (lab: Lab, stage: LinkStage) => Promise<T>,
): Promise<T> {
  return inLab(about, options, async (lab) => {
    const stage = await setLinkStage(lab, [...(about.agent ?? []), ...options.agent]);
    const stopTrace = options.trace ? startTrace(lab, stage) : undefined;
    try {
      return await body(lab, stage);
    } finally {
      await stopTrace?.();
      await stage.close();
    }
  });
}

export interface Added {
  readonly id: string;
  readonly sha256: string;
}

/** Writes a payload and hands it to the agent; resolves when it is queued. */
export async function add(
  stage: LinkStage,
  name: string,
  bytes: number,
  seed: string,
  priority = 5,
): Promise<() => Promise<Added>> {
  const path = join(stage.workshop, name);
  const sha256 = await writePayload(path, bytes, seed);
  return async () => {
    const answer = await stage.api.send(
      `/v1/uploads?priority=${priority}`,
      {
        'content-type': 'application/octet-stream',
        'tender-name': Buffer.from(name).toString('base64url'),
        'tender-size': String(bytes),
      },
      createReadStream(path),
    );
    return { id: String(answer.id), sha256 };
  };
}

/** Fails unless what lies ashore hashes to what was written. */
export async function verify(stage: LinkStage, sent: readonly Added[]): Promise<void> {
  const documentIds = new Map<string, string>();
  for (const { id } of sent) {
    const { stored } = (await stage.api.get(`/v1/uploads/${id}`)) as { stored?: { documentId?: string } };
    documentIds.set(id, String(stored?.documentId));
  }
  const hashes = await stage.hashesAshore([...documentIds.values()]);
  for (const { id, sha256 } of sent) {
    const ashore = hashes[documentIds.get(id)!];
    if (ashore !== sha256) throw new Error(`ashore ${id} hashes to ${ashore}, aboard to ${sha256}`);
  }
}
