// The judge, who looks from outside: every document is ashore once, byte for byte, indexed and told once, and the yacht
// holds a receipt that proves it to anybody with the cloud's public key.
import { expect } from 'vitest';
import type { UploadView } from '../../../agent/cli/uploads.ts';
import { hexFromBytes } from '../../../cloud/contract/ids.ts';
import { readReceipt, verifyReceipt } from '../../../cloud/contract/receipt.ts';
import { sha256 } from './content.ts';
import type { Ship } from './ship.ts';
import type { Shore } from './shore.ts';
import { until } from './until.ts';

/** Document name (`added/…` or `scans/…`) → its bytes, or those of its versions in order. */
export type Cargo = ReadonlyMap<string, Uint8Array | readonly Uint8Array[]>;

type Yacht = Pick<Ship, 'uploads' | 'deviceId' | 'cloudKey'>;

/** Waits until everything is indexed as the yacht sees it, then checks both ends. */
export async function expectDelivered(
  shore: Shore,
  ship: Yacht,
  cargo: Cargo,
  maxMs = 40_000,
): Promise<void> {
  const wanted = wantedOf(cargo);
  const aboard = await until(
    `${wanted.length} documents to be indexed`,
    async () => {
      const uploads = await ship.uploads().catch(() => []);
      const indexed = uploads.filter((upload) => upload.state === 'indexed');
      return indexed.length >= wanted.length && indexed;
    },
    maxMs,
  ).catch(async (error: Error) => {
    const stand = (await ship.uploads()).map(({ name, state, why }) => `${name}: ${state} (${why})`);
    throw new Error(`${error.message}. It stands like this:\n${stand.slice(0, 20).join('\n')}`);
  });
  expect(
    aboard
      .map((upload) => ({ key: keyOf(upload.name, upload.version), sha256: String(upload.sha256) }))
      .sort(byKey),
  ).toEqual(wanted);
  for (const upload of aboard) expectReceipt(upload, ship);
  const uploadIds = await expectAshore(shore, ship, cargo);
  expect(uploadIds.sort()).toEqual(aboard.map((upload) => upload.id).sort());
}

/** Waits until everything is ashore and indexed, and nothing else; answers the uploads it came with. */
export async function expectAshore(
  shore: Shore,
  { deviceId }: Pick<Ship, 'deviceId'>,
  cargo: Cargo,
  maxMs = 40_000,
): Promise<string[]> {
  const wanted = wantedOf(cargo);
  const found = await until(
    `${wanted.length} documents to be indexed ashore`,
    async () => {
      const versions = [];
      for (const { document_id: id, display_name: name } of await shore.documents(deviceId))
        for (const version of await shore.versions(id)) versions.push({ id, name, ...version });
      const indexed = versions.filter(({ index }) => index.state === 'indexed');
      return indexed.length === versions.length && indexed.length >= wanted.length && indexed;
    },
    maxMs,
  );
  const ashore: Wanted[] = [];
  for (const { id, name, version } of found)
    ashore.push({ key: keyOf(name, version), sha256: await shore.hash(id, version) });
  expect(ashore.sort(byKey)).toEqual(wanted);
  expect(await shore.noticesEver(deviceId)).toBe(wanted.length);
  return found.map((version) => version.upload_id);
}

interface Wanted {
  readonly key: string;
  readonly sha256: string;
}

function wantedOf(cargo: Cargo): Wanted[] {
  const wanted = [...cargo].flatMap(([name, content]) =>
    (content instanceof Uint8Array ? [content] : content).map((bytes, at) => ({
      key: keyOf(name, at + 1),
      sha256: sha256(bytes),
    })),
  );
  return wanted.sort(byKey);
}

const byKey = (a: Wanted, b: Wanted): number => (a.key < b.key ? -1 : 1);
const keyOf = (name: string, version: number): string => `${name} v${version}`;

/** Checks the kept receipt with nothing but the cloud's public key. */
function expectReceipt(upload: UploadView, ship: Pick<Ship, 'deviceId' | 'cloudKey'>): void {
  const stored = upload.stored as { receipt: string; signature: string };
  const receipt = Buffer.from(stored.receipt, 'base64');
  expect(verifyReceipt(receipt, Buffer.from(stored.signature, 'base64'), ship.cloudKey)).toBe(true);
  const facts = readReceipt(receipt)!;
  expect([facts.deviceId, facts.uploadId, facts.version, hexFromBytes(facts.sha256)]).toEqual([
    ship.deviceId,
    upload.id,
    upload.version,
    upload.sha256,
  ]);
}
