// A file that is ashore already changes: what travels of it? The first version goes over a link without limits; then the link gets
// its profile back, the line connects anew, and bytes are inserted.

import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Case } from '../cases.ts';
import { cloudAddress, type Lab, labFolder } from '../lab.ts';
import { connected } from '../link-stage.ts';
import { commonFigures, observe } from '../observe.ts';
import { seededBytes, writePayload } from '../payload.ts';
import { type Options, onStage, type Runner, verify } from '../run.ts';

const noLimits = 'set rate=0 delay=0 jitter=0 loss=0 burst=0,0,0 queue=500ms';
const blockBytes = 8 * 1024 * 1024;
/** Receipts and confirmations of the connection's beginning are over by then. */
const quietMs = 4_000;
/** What the last confirmation still sets off counts, too. */
const tailMs = 2_000;

/** The keys of a profile, as the lab's file has them. */
async function profileKeys(profile: string): Promise<string> {
  const lines = (await readFile(join(labFolder, 'profiles.conf'), 'utf8')).split('\n');
  return lines
    .find((line) => line.startsWith(`${profile}:`))!
    .slice(profile.length + 1)
    .trim();
}

async function withLimits(lab: Lab, about: Case, options: Options): Promise<void> {
  const keys = [await profileKeys(about.profile), ...(about.keys ?? []), ...options.keys];
  await lab.tell(`set ${keys.join(' ')}`);
}

/** Copies a file with bytes inserted at a place; answers the SHA-256 of the copy. */
export async function insertInto(from: string, to: string, at: number, inserted: Buffer): Promise<string> {
  const [source, copy] = [await open(from, 'r'), await open(to, 'wx')];
  const hash = createHash('sha256');
  const put = async (bytes: Uint8Array) => {
    hash.update(bytes);
    await copy.write(bytes);
  };
  try {
    const block = Buffer.alloc(blockBytes);
    for (let read = 0; ; ) {
      const most = read < at ? Math.min(blockBytes, at - read) : blockBytes;
      const { bytesRead } = await source.read(block, 0, most, read);
      if (bytesRead === 0) break;
      await put(block.subarray(0, bytesRead));
      read += bytesRead;
      if (read === at) await put(inserted);
    }
    await copy.sync();
  } finally {
    await source.close();
    await copy.close();
  }
  return hash.digest('hex');
}

export const delta: Runner<'delta'> = (about, options) =>
  onStage(about, options, async (lab, stage) => {
    await lab.tell(noLimits);
    const name = 'plan.bin';
    const [draft, path] = [join(stage.workshop, name), join(stage.folder, name)];
    const first = await writePayload(draft, about.bytes, String(options.seed));
    await rename(draft, path);
    await stage.journal.stored(1, about.maxSeconds);
    const [earlier] = [...stage.journal.journeys.keys()];
    await verify(stage, [{ id: earlier!, sha256: first }]);
    const inserted = seededBytes(about.insertedBytes, `${options.seed} inserted`);
    const sha256 = await insertInto(path, draft, Math.floor(about.bytes / 3), inserted);
    await withLimits(lab, about, options);
    // Connections that were opened on a link of 1 ms take everything for lost, now that an answer takes 600: new ones.
    await stage.api.post('/v1/connection/stop', { by: `bench to ${cloudAddress}` });
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    await stage.api.post('/v1/connection/start', { by: `bench to ${cloudAddress}` });
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    await connected(stage.api);
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    const seen = await observe(lab, async () => {
      await rename(draft, path);
      await stage.journal.settled(2, about.maxSeconds);
      const from = performance.now();
      await stage.journal.stored(2, about.maxSeconds);
      const to = performance.now();
      await new Promise((resolve) => setTimeout(resolve, tailMs));
      return { from, to };
    });
    const later = [...stage.journal.journeys.keys()].find((id) => id !== earlier)!;
    await verify(stage, [{ id: later, sha256 }]);
    const { seconds, upBytes, downBytes, repeatedBytes } = commonFigures(seen, about.insertedBytes);
    return { seconds: seconds!, upBytes: upBytes!, downBytes: downBytes!, repeatedBytes: repeatedBytes! };
  });
