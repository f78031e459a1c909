// A true shore in memory: the real decisions, hub and line service over the memory store, with a blob store in a map.
import { signerFromSeed } from '../../../cloud/contract/keys.ts';
import { createDevices } from '../../../cloud/decide/devices.ts';
import { createDocuments, type Documents } from '../../../cloud/decide/documents.ts';
import { createNotices } from '../../../cloud/decide/notices.ts';
import { decodeZstd, type Unzstd } from '../../../cloud/line/decode-zstd.ts';
import { type LineLimitsAshore, lineLimits } from '../../../cloud/line/limits.ts';
import { createLineService, type LineService } from '../../../cloud/line/service.ts';
import { createMemoryCloud, type MemoryCloud } from '../../../cloud/memory/memory-store.ts';
import { createNoticeHub } from '../../../cloud/notify/hub.ts';
import type { BlobStore, ChunkPlace, IndexWork } from '../../../cloud/ports.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { FakeRandom } from '../../support/fake-random.ts';

export interface MemoryShore {
  readonly cloud: MemoryCloud;
  service: LineService;
  readonly cloudKey: ReturnType<typeof signerFromSeed>;
  readonly deviceKey: ReturnType<typeof signerFromSeed>;
  readonly tenantId: string;
  readonly deviceId: string;
  readonly documents: Documents;
  /** All bytes of an upload's stored version, in order. */
  content(uploadId: string): Promise<Buffer>;
  /** A new process over the same rows and blobs. */
  restart(): LineService;
  readonly logged: Readonly<Record<string, unknown>>[];
}

export function memoryBlobs(): BlobStore {
  const chunks = new Map<number, Uint8Array>();
  let offset = 0;
  return {
    async append(_tenantId, bytes) {
      return bytes.map((chunk): ChunkPlace => {
        const place = { segment: '1', offset, length: chunk.length };
        chunks.set(offset, Uint8Array.from(chunk));
        offset += Math.max(1, chunk.length);
        return place;
      });
    },
    read: async (_tenantId, place) => chunks.get(place.offset)!,
    close: async () => {},
  };
}

export async function memoryShore(
  clock: FakeClock,
  options: {
    limits?: Partial<LineLimitsAshore>;
    wrap?: (documents: Documents) => Documents;
    unzstd?: Unzstd;
  } = {},
): Promise<MemoryShore> {
  const random = new FakeRandom(7, 'shore');
  const cloud = createMemoryCloud({ clock, random });
  const { store, registry, wakes } = cloud;
  const blobs = memoryBlobs();
  const devices = createDevices({ store, registry, clock, random });
  const plain = createDocuments({ store, blobs });
  const documents = options.wrap?.(plain) ?? plain;
  const notices = createNotices({ store });
  const cloudKey = signerFromSeed(new Uint8Array(32).fill(1));
  const deviceKey = signerFromSeed(new Uint8Array(32).fill(2));
  const tenantId = '0b5e7a2e-52a1-4f0e-9d0f-6f1c1f5f3a10';
  await registry.addTenant(tenantId, 'fleet');
  const { secret } = await devices.issueCode(tenantId, 'yacht');
  const { deviceId } = await devices.enrol({ secret, publicKey: deviceKey.publicKey });
  /** Taken from the jobs and not asked for yet. */
  const works = new Map<string, IndexWork>();
  const logged: Readonly<Record<string, unknown>>[] = [];
  const restart = () =>
    createLineService({
      devices,
      documents,
      notices,
      hub: createNoticeHub({ notices, wakes, clock }),
      signer: cloudKey,
      clock,
      limits: { ...lineLimits, ...options.limits },
      unzstd: options.unzstd ?? (async (bytes, lengthBytes) => decodeZstd(bytes, lengthBytes)),
      log: (line) => logged.push(line),
    });
  const shore: MemoryShore = {
    cloud,
    service: restart(),
    cloudKey,
    deviceKey,
    tenantId,
    deviceId,
    documents,
    logged,
    restart() {
      shore.service = restart();
      return shore.service;
    },
    async content(uploadId) {
      for (let job = cloud.takeJob(); job; job = cloud.takeJob()) {
        const work = await store.takeIndexWork(job.documentId, job.version);
        if (work) works.set(work.uploadId, work);
      }
      const work = works.get(uploadId);
      if (!work) throw new Error('not stored');
      const ids = work.entries.map((entry) => entry.id);
      const places = await store.findChunks(tenantId, ids);
      return Buffer.concat(await Promise.all(places.map((place) => blobs.read(tenantId, place!))));
    },
  };
  return shore;
}
