// The shore's process as its supervisor sees it: the true decisions, the true line service and notice hub, over rows and
// segments that outlive it. The rows are PostgreSQL's and never crash here; their clock and random source are their own.

import { signerFromSeed } from '../../cloud/contract/keys.ts';
import { createDevices } from '../../cloud/decide/devices.ts';
import { createDocuments } from '../../cloud/decide/documents.ts';
import { createNotices } from '../../cloud/decide/notices.ts';
import { decodeZstd } from '../../cloud/line/decode-zstd.ts';
import { lineLimits } from '../../cloud/line/limits.ts';
import { createLineService } from '../../cloud/line/service.ts';
import { createMemoryCloud, type IndexJob, type MemoryCloud } from '../../cloud/memory/memory-store.ts';
import { createNoticeHub, hubLimits } from '../../cloud/notify/hub.ts';
import type { BlobStore, CloudStore } from '../../cloud/ports.ts';
import type { FakeBlobs } from '../support/fake-blobs.ts';
import { type Death, FakeLife } from '../support/fake-life.ts';
import type { FakeNetwork } from '../support/fake-network.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import type { FakeTimeline } from '../support/fake-timeline.ts';
import type { CheckAshore } from './check-ashore.ts';
import type { Plant } from './plants.ts';
import type { Report } from './report.ts';
import { reachedBy, type StoreTrouble } from './shore-store.ts';

export interface ShoreParts {
  readonly timeline: FakeTimeline;
  readonly random: FakeRandom;
  readonly report: Report;
  readonly network: FakeNetwork;
  readonly blobs: FakeBlobs;
  readonly ashore: CheckAshore;
  readonly trouble: StoreTrouble;
  readonly plant: Plant;
  readonly epochMs: number;
}

export interface EnrolledDevice {
  readonly deviceId: string;
  readonly tenantId: string;
}

const restartMs = [500, 30_000] as const;
/** Rarer than in production: a lost wake is not what these voyages are about, and every poll costs time. */
const hubPollMs = 60_000;

export class Shore {
  readonly #parts: ShoreParts;
  readonly #cloud: MemoryCloud;
  readonly #rows: CloudStore;
  readonly signer;
  #life: FakeLife | undefined;
  boots = 0;
  /** So many compressed contents to come are not readable. */
  undecodableNext = 0;

  constructor(parts: ShoreParts) {
    this.#parts = parts;
    const { timeline, random, epochMs, ashore, plant } = parts;
    this.signer = signerFromSeed(random.fork('cloud key').bytes(32));
    const wallMs = (): number => epochMs + timeline.now;
    this.#cloud = createMemoryCloud({
      clock: timeline.clock(new FakeLife('rows'), wallMs),
      random: random.fork('rows'),
    });
    const witnessed = ashore.watch(plant.rows ? plant.rows(this.#cloud.store) : this.#cloud.store);
    this.#rows = plant.store ? plant.store(witnessed, timeline) : witnessed;
  }

  /** A tenant with one yacht, known by this key. */
  async enrol(publicKey: Uint8Array): Promise<EnrolledDevice> {
    const { timeline, random, epochMs } = this.#parts;
    const { store, registry } = this.#cloud;
    const clock = timeline.clock(new FakeLife('office'), () => epochMs + timeline.now);
    const devices = createDevices({ store, registry, clock, random: random.fork('office') });
    const tenantId = '0b5e7a2e-52a1-4f0e-9d0f-6f1c1f5f3a10';
    await registry.addTenant(tenantId, 'fleet');
    const { secret } = await devices.issueCode(tenantId, 'yacht');
    const { deviceId } = await devices.enrol({ secret, publicKey });
    this.#parts.ashore.tenantId = tenantId;
    return { deviceId, tenantId };
  }

  boot(): void {
    const { timeline, random, report, network, epochMs } = this.#parts;
    const life = new FakeLife('cloud');
    this.#life = life;
    this.boots++;
    report.trace(`cloud boots (${this.boots})`);
    life.onEnd((death) => {
      report.crash(`cloud ${death}`);
      timeline.after(random.spread(...restartMs), () => this.boot());
    });
    const { store, blobs } = this.portsOf(life);
    const clock = timeline.clock(life, () => epochMs + timeline.now);
    const { registry, wakes } = this.#cloud;
    const notices = createNotices({ store });
    // A dead process is not woken; a living one sometimes is not either (NOTIFY promises nothing).
    const whileAlive =
      (watch: (run: (deviceId: string) => void) => () => void) => (run: (deviceId: string) => void) => {
        const stop = watch((deviceId) => {
          if (life.alive && !random.chance(0.05))
            timeline.after(random.spread(0.5, 30), () => life.alive && run(deviceId));
        });
        life.onEnd(stop);
        return stop;
      };
    const hub = createNoticeHub({
      notices,
      wakes: { onNotice: whileAlive(wakes.onNotice), onDevice: whileAlive(wakes.onDevice) },
      clock,
      limits: { ...hubLimits, pollMs: hubPollMs },
    });
    const service = createLineService({
      devices: createDevices({ store, registry, clock, random: random.fork(`cloud ${this.boots}`) }),
      documents: createDocuments({ store, blobs }),
      notices,
      hub,
      signer: this.signer,
      clock,
      limits: lineLimits,
      unzstd: async (bytes, lengthBytes) => {
        if (this.undecodableNext > 0) {
          this.undecodableNext--;
          throw new Error('damaged');
        }
        return decodeZstd(bytes, lengthBytes);
      },
      log: (line) => report.trace(`cloud says ${JSON.stringify(line)}`),
    });
    network.listen({
      life,
      upgrade: (request) =>
        life.call(async () => {
          const answer = await service.admit({
            method: 'GET',
            path: new URL(request.url).pathname,
            headers: lowerCase(request.headers),
          });
          if ('refuse' in answer) report.trace(`cloud refuses a lane: ${answer.refuse.code}`);
          return answer;
        }),
    });
  }

  crash(death: Death): void {
    this.#life?.end(death);
  }

  dieAtBoundary(n: number, death: Death): void {
    this.#life?.endAtBoundary(n, death);
  }

  takeJob(): IndexJob | undefined {
    return this.#cloud.takeJob();
  }

  /** Rows and segments as one process ashore reaches them. */
  portsOf(life: FakeLife): { readonly store: CloudStore; readonly blobs: BlobStore } {
    const { timeline, random, trouble, blobs } = this.#parts;
    return { store: reachedBy(life, this.#rows, timeline, random, trouble), blobs: blobs.port(life) };
  }
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
