// What the contract suites need of a cloud's rows, whoever keeps them, and the few steps that every test begins with.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { CloudStore, DeviceScope, ManifestEntry, Offer, Receipt } from '../../cloud/ports.ts';
import type { Registry } from '../../cloud/registry.ts';

export interface CloudFixture {
  readonly store: CloudStore;
  readonly registry: Registry;
  /** The indexing jobs queued so far, oldest first, as graphile-worker would see them. */
  jobs(): Promise<readonly { readonly documentId: string; readonly version: number }[]>;
  close(): Promise<void>;
}

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest());
export const randomHex = (): string => randomBytes(16).toString('hex');

let uploads = 0;
/** A fresh upload id of 26 characters. */
export function uploadId(): string {
  uploads += 1;
  return `01TEST${uploads.toString().padStart(8, '0')}${randomBytes(6).toString('hex').toUpperCase()}`;
}

export async function addTenant(registry: Registry): Promise<string> {
  const tenantId = randomUUID();
  await registry.addTenant(tenantId, `tenant ${tenantId}`);
  return tenantId;
}

/** An enrolled device without a session. */
export async function addDevice(registry: Registry, tenantId: string): Promise<string> {
  const codeHash = randomBytes(32);
  await registry.addEnrolment(tenantId, {
    enrolmentId: randomUUID(),
    codeHash,
    deviceName: 'Aurora',
    expiresMs: 2_000,
  });
  const device = await registry.redeemEnrolment({
    codeHash,
    deviceId: randomUUID(),
    publicKey: randomBytes(32),
    nowMs: 1_000,
  });
  return device!.deviceId;
}

/** A yacht in its first session, of a new tenant or of a given one. */
export async function addYacht(
  { store, registry }: Pick<CloudFixture, 'store' | 'registry'>,
  ofTenant?: string,
): Promise<DeviceScope> {
  const tenantId = ofTenant ?? (await addTenant(registry));
  const deviceId = await addDevice(registry, tenantId);
  const grant = await store.beginSession(deviceId, { logId: randomHex(), boot: 1, sessionId: randomHex() });
  if (!grant.granted) throw new Error(grant.code);
  return { tenantId, deviceId, epoch: grant.epoch };
}

export function offerOf(name: Offer['name'], version = 1): Offer {
  return { uploadId: uploadId(), name, version, priority: 5, modifiedMs: 1_700_000_000_000 };
}

/** An entry with a place, as if its bytes had just been appended. */
export function placed(index: number, content: string) {
  const bytes = Buffer.from(content);
  const place = { segment: randomHex(), offset: 0, length: bytes.length };
  return { index, id: sha256(bytes), length: bytes.length, place };
}

export function plain({ index, id, length }: ManifestEntry): ManifestEntry {
  return { index, id: new Uint8Array(id), length };
}

/** Takes a document of these chunks all the way to its receipt. */
export async function storeDocument(
  store: CloudStore,
  scope: DeviceScope,
  offer: Offer,
  ...chunks: readonly string[]
): Promise<Receipt> {
  await store.offerDocument(scope, offer);
  const entries = chunks.map((chunk, index) => placed(index, chunk));
  await store.recordChunks(scope, offer.uploadId, entries);
  const content = Buffer.from(chunks.join(''));
  return store.finishVersion(scope, {
    uploadId: offer.uploadId,
    lengthBytes: content.length,
    sha256: sha256(content),
    entries,
  });
}

/** Buffers and Uint8Arrays with the same bytes are the same. */
export function comparable(receipt: Receipt): unknown {
  return { ...receipt, sha256: Buffer.from(receipt.sha256).toString('hex') };
}
