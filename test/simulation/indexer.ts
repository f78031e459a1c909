// The worker ashore: the true indexing task, with a queue around it that does what graphile-worker promises (at least
// once, new jobs later) and no more: workers die with jobs in hand, two of them get the same one, the extractor fails.
import { type IndexPayload, type IndexPorts, indexDocument } from '../../cloud/jobs/index-document.ts';
import type { IndexJob } from '../../cloud/memory/memory-store.ts';
import type { BlobStore, CloudStore } from '../../cloud/ports.ts';
import type { Death, FakeLife } from '../support/fake-life.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import type { FakeTimeline } from '../support/fake-timeline.ts';
import type { Report } from './report.ts';

/** What an indexing attempt meets; the weather sets it. */
export interface IndexTrouble {
  /** The extractor ends in an error of its machine's, not the document's. */
  transientChance: number;
  /** The document ends its extractor. */
  poisonChance: number;
  twiceChance: number;
}

export interface IndexerParts {
  readonly timeline: FakeTimeline;
  readonly random: FakeRandom;
  readonly report: Report;
  readonly trouble: IndexTrouble;
  readonly takeJob: () => IndexJob | undefined;
  readonly ports: (life: FakeLife) => { readonly store: CloudStore; readonly blobs: BlobStore };
  readonly newLife: (name: string) => FakeLife;
}

interface Job {
  readonly payload: IndexPayload;
  takes: number;
}

/** What a lost wake costs. */
const pollMs = 10_000;
const wakeMs = 20;
const restartMs = 2_000;
/** The queue's own retry when not even a new job could be queued. */
const queueRetryMs = 10_000;

const limits: IndexPorts['limits'] = {
  retryDelaysMs: [60_000, 300_000, 900_000],
  secondTryMs: 5_000,
  failuresMax: 3,
  workerDeathsMax: 5,
  inputMaxBytes: 1_000_000,
  textMaxBytes: 1_000_000,
  memoryMaxBytes: 1_000_000,
  wallMaxMs: 60_000,
  cpuMaxSeconds: 60,
};

export class Indexer {
  readonly #parts: IndexerParts;
  #life: FakeLife | undefined;
  /** Jobs in hand: of no other worker until they are done or this one has died. */
  readonly #hand = new Set<Job>();
  /** Jobs that wait for a worker. */
  readonly #queue: Job[] = [];

  constructor(parts: IndexerParts) {
    this.#parts = parts;
  }

  boot(): void {
    const { timeline, newLife, report } = this.#parts;
    const life = newLife('worker');
    this.#life = life;
    life.onEnd((death) => {
      report.crash(`worker ${death}`);
      // Its locks are let go of when the next one starts.
      for (const job of this.#hand) timeline.after(restartMs, () => this.#again(job));
      this.#hand.clear();
      timeline.after(restartMs, () => this.boot());
    });
    this.#poll(life);
  }

  crash(death: Death): void {
    this.#life?.end(death);
  }

  /** A job was added: NOTIFY, as far as it goes. */
  wake(): void {
    const life = this.#life;
    if (life?.alive && this.#parts.random.chance(0.95))
      this.#parts.timeline.after(wakeMs, () => this.#take(life));
  }

  #poll(life: FakeLife): void {
    if (!life.alive) return;
    this.#take(life);
    this.#parts.timeline.after(pollMs, () => this.#poll(life));
  }

  #take(life: FakeLife): void {
    if (!life.alive) return;
    const { timeline, random, trouble, takeJob } = this.#parts;
    const fresh = takeJob();
    if (fresh) this.#queue.push({ payload: fresh, takes: 0 });
    const job = this.#queue.shift();
    if (job) {
      this.#hand.add(job);
      job.takes++;
      void this.#work(life, job);
      // A lock that ran out while its holder still lives: two workers, one job.
      if (random.chance(trouble.twiceChance)) void this.#work(life, { ...job });
    }
    if (job) timeline.after(1, () => this.#take(life));
  }

  #again(job: Job): void {
    this.#queue.push(job);
    this.wake();
  }

  async #work(life: FakeLife, job: Job): Promise<void> {
    const { timeline } = this.#parts;
    try {
      await indexDocument(this.#ports(life), job.payload, {
        takes: job.takes,
        signal: new AbortController().signal,
        again: async (payload, delayMs) => {
          timeline.after(delayMs, () => this.#again({ payload, takes: 0 }));
        },
      });
    } catch {
      if (life.alive) timeline.after(queueRetryMs, () => this.#again(job));
    }
    if (life.alive) this.#hand.delete(job);
  }

  #ports(life: FakeLife): IndexPorts {
    const { timeline, random, trouble, report } = this.#parts;
    const say = (fields: object, message?: string): void =>
      report.trace(`worker: ${(fields as { code?: string }).code ?? ''} ${message ?? ''}`);
    return {
      ...this.#parts.ports(life),
      random: random.fork('task'),
      log: { info: say, warn: say, error: say },
      limits,
      extract: (request) =>
        life.call(async () => {
          let bytes = 0;
          for await (const part of request.bytes()) bytes += part.length;
          await timeline.sleep(random.spread(5, 3_000));
          if (bytes !== request.lengthBytes)
            report.violate(
              'P4 whole or nothing',
              `the indexer read ${bytes} of ${request.lengthBytes} bytes`,
            );
          if (random.chance(trouble.transientChance)) throw new Error('the extractor could not be started');
          if (random.chance(trouble.poisonChance))
            return { failed: 'TENDER_EXTRACT_CRASHED', reason: 'its reader ended', certain: false };
          return { passages: [`a passage of ${bytes} bytes`], reason: '' };
        }),
    };
  }
}
