// A blob store whose medium remembers what was promised. Chunks are appended to segments; an answer comes after the
// simulated fdatasync; a power cut of the shore keeps all that was answered and a random prefix of what was not.
import type { BlobStore, ChunkPlace } from '../../cloud/ports.ts';
import type { FakeLife } from './fake-life.ts';
import type { FakeRandom } from './fake-random.ts';
import type { FakeTimeline } from './fake-timeline.ts';

const segmentMaxBytes = 1024 * 1024;

export class FakeBlobs {
  readonly #timeline: FakeTimeline;
  readonly #random: FakeRandom;
  readonly #syncMs: readonly [number, number];
  readonly #chunks = new Map<string, { readonly bytes: Uint8Array; durable: boolean }>();
  #flying: string[] = [];
  #segment = 1;
  #offset = 0;
  #failures = 0;
  /** A planted bug answers before the sync when this is set. */
  answerBeforeSync = false;

  constructor(timeline: FakeTimeline, random: FakeRandom, syncMs: readonly [number, number]) {
    this.#timeline = timeline;
    this.#random = random;
    this.#syncMs = syncMs;
  }

  failNext(count: number): void {
    this.#failures = count;
  }

  heal(): void {
    this.#failures = 0;
  }

  /** The bytes at a place, only if a power cut now would leave them there: for checkers. */
  durable(tenantId: string, place: ChunkPlace): Uint8Array | undefined {
    const found = this.#chunks.get(keyOf(tenantId, place));
    return found?.durable && found.bytes.length === place.length ? found.bytes : undefined;
  }

  port(life: FakeLife): BlobStore {
    life.onEnd((death) => this.#crash(death === 'power'));
    return {
      append: (tenantId, chunks) => life.call(() => this.#append(life, tenantId, chunks)),
      read: (tenantId, place) =>
        life.call(async () => {
          const found = this.#chunks.get(keyOf(tenantId, place));
          if (!found || found.bytes.length !== place.length)
            throw Object.assign(new Error('TENDER_BLOB_MISSING'), { code: 'TENDER_BLOB_MISSING' });
          return found.bytes;
        }),
      close: () => life.call(async () => {}),
    };
  }

  async #append(life: FakeLife, tenantId: string, chunks: readonly Uint8Array[]): Promise<ChunkPlace[]> {
    const places: ChunkPlace[] = [];
    const keys: string[] = [];
    for (const chunk of chunks) {
      if (this.#offset + chunk.length > segmentMaxBytes) {
        this.#segment++;
        this.#offset = 0;
      }
      const place = { segment: `segment-${this.#segment}`, offset: this.#offset, length: chunk.length };
      this.#offset += chunk.length;
      places.push(place);
      const key = keyOf(tenantId, place);
      keys.push(key);
      // A copy: the caller may reuse its buffer once it has been answered.
      this.#chunks.set(key, { bytes: chunk.slice(), durable: false });
    }
    this.#flying.push(...keys);
    if (this.answerBeforeSync) return places;
    const [low, high] = this.#syncMs;
    await this.#timeline.sleep(low + (high - low) * this.#random.unit());
    if (!life.alive) return places;
    if (this.#failures > 0) {
      this.#failures--;
      throw Object.assign(new Error('EIO: the segment was not synced'), { code: 'EIO' });
    }
    for (const key of keys) {
      const found = this.#chunks.get(key);
      if (found) found.durable = true;
    }
    this.#flying = this.#flying.filter((key) => this.#chunks.get(key)?.durable === false);
    return places;
  }

  #crash(power: boolean): void {
    const flying = this.#flying.splice(0);
    const kept = power ? this.#random.between(0, flying.length) : flying.length;
    flying.forEach((key, at) => {
      if (at < kept) this.#chunks.get(key)!.durable = true;
      else this.#chunks.delete(key);
    });
    this.#segment++;
    this.#offset = 0;
  }
}

function keyOf(tenantId: string, place: ChunkPlace): string {
  return `${tenantId}/${place.segment}/${place.offset}/${place.length}`;
}
