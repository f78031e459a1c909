// The yacht's end for tests of the line: the real Line and effects over a memory link, with documents in memory.
import { createHash } from 'node:crypto';
import { confirmStored } from '../../../agent/effects/confirm-stored.ts';
import { closeLine, openLine } from '../../../agent/effects/open-line.ts';
import { sendDocument } from '../../../agent/effects/send-document.ts';
import type { DocumentReader, ReadStep } from '../../../agent/files/document-reader.ts';
import type { ChunkLedger } from '../../../agent/files/ledger.ts';
import type { EffectHandler } from '../../../agent/host/contract.ts';
import type { Compress } from '../../../agent/line/encode-levels.ts';
import { type LineLimitsAboard, lineLimits } from '../../../agent/line/limits.ts';
import { Line } from '../../../agent/line/line.ts';
import type { Failure } from '../../../cloud/contract/failure.ts';
import { decodeYachtFrame } from '../../../cloud/contract/frame-decoder.ts';
import type { NoticeFrame, YachtFrame } from '../../../cloud/contract/frames.ts';
import { hexFromBytes, mintUlid } from '../../../cloud/contract/ids.ts';
import { backoffDefaults } from '../../../machines/backoff.ts';
import type { JsonObject } from '../../../machines/json.ts';
import type { MachineEvent } from '../../../machines/kernel.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeRandom } from '../../support/fake-random.ts';
import { MemoryLink } from './memory-link.ts';
import { type MemoryShore, memoryShore } from './shore.ts';

export const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

/** A document in memory, cut into chunks of one size. `changeAfter`: chunks after which the file is another one. */
export function memoryReader(content: Uint8Array, chunkBytes: number, changeAfter?: number): DocumentReader {
  let index = 0;
  const at = (n: number) => content.subarray(n * chunkBytes, (n + 1) * chunkBytes);
  return {
    async next(): Promise<ReadStep> {
      const offset = index * chunkBytes;
      if (changeAfter !== undefined && index >= changeAfter) return { changed: true };
      if (offset >= content.length) {
        return { end: { lengthBytes: content.length, sha256: sha256(content), chunks: index } };
      }
      const bytes = Uint8Array.from(at(index));
      return { chunk: { index: index++, offset, bytes, id: sha256(bytes) } };
    },
    again: async (n) => (changeAfter === undefined ? Uint8Array.from(at(n)) : undefined),
    release: () => {},
    close: async () => {},
  };
}

export function memoryLedger(): ChunkLedger & { readonly known: Set<string> } {
  const known = new Set<string>();
  return {
    known,
    has: async (id) => known.has(hexFromBytes(id)),
    remember: async (ids) => {
      for (const id of ids) known.add(hexFromBytes(id));
    },
    forget: async (ids) => {
      for (const id of ids) known.delete(hexFromBytes(id));
    },
  };
}

export interface Outcome {
  readonly event: Promise<MachineEvent>;
  readonly abort: (reason?: string) => void;
  readonly progress: JsonObject[];
  readonly checkpoints: MachineEvent[];
}

export class Yacht {
  readonly clock: FakeClock;
  readonly shore: MemoryShore;
  readonly link: MemoryLink;
  ledger = memoryLedger();
  readonly random: FakeRandom;
  line: Line;
  readonly lost: Failure[] = [];
  readonly notices: NoticeFrame[] = [];
  readonly contents = new Map<string, { bytes: Uint8Array; changeAfter?: number }>();
  /** Yacht frames as handed to the wire. */
  readonly frames: YachtFrame[] = [];
  boot = 1;
  logId = 'a'.repeat(32);
  /** How wrong the yacht's wall clock is. */
  wallErrorMs = 0;
  chunkBytes = 3_000;
  unchangedVersion: number | undefined;
  keepNotices: (notices: readonly NoticeFrame[]) => Promise<number>;
  /** Absent: documents go as they are. Another life of the process may have another. */
  compress: Compress | undefined;
  readonly #limits: LineLimitsAboard;

  constructor(
    clock: FakeClock,
    shore: MemoryShore,
    link: MemoryLink,
    limits: Partial<LineLimitsAboard>,
    seed = 'yacht',
    compress?: Compress,
  ) {
    this.compress = compress;
    this.clock = clock;
    this.shore = shore;
    this.link = link;
    // One lane, unless the test is about several; and no packs, unless it is about them.
    this.#limits = { ...lineLimits, lanesMax: 1, packDocumentMaxBytes: 0, ...limits };
    this.random = new FakeRandom(3, seed);
    this.keepNotices = async (notices) => {
      this.notices.push(...notices);
      return this.notices.at(-1)!.sequence;
    };
    link.onUp = (bytes) => {
      const decoded = decodeYachtFrame(bytes);
      if ('frame' in decoded) this.frames.push(decoded.frame);
    };
    this.line = this.newLine();
  }

  newLine(cloudKey: Uint8Array = this.shore.cloudKey.publicKey, sign = this.shore.deviceKey.sign): Line {
    return new Line({
      dialer: this.link.dialer,
      clock: {
        wallMs: () => this.clock.wallMs() + this.wallErrorMs,
        monotonicMs: () => this.clock.monotonicMs(),
        after: (delayMs, run) => this.clock.after(delayMs, run),
      },
      random: this.random,
      limits: this.#limits,
      ...(this.compress && { compress: this.compress }),
      heartbeatMs: 60_000,
      identity: async () => ({
        deviceId: this.shore.deviceId,
        cloudUrl: 'http://localhost:1',
        cloudKeys: [cloudKey],
        sign,
      }),
      keepNotices: (notices) => this.keepNotices(notices),
      lost: (failure) => this.lost.push(failure),
      crossed: () => {},
      log: () => {},
    });
  }

  /** Another life of the process: everything in memory is gone. */
  restart(): void {
    this.line.close();
    this.boot += 1;
    this.line = this.newLine();
  }

  async open(): Promise<MachineEvent> {
    const claim = async () => ({
      logId: this.logId,
      boot: this.boot,
      cursor: this.notices.at(-1)?.sequence ?? 0,
    });
    const handler = openLine({ line: this.line, claim, random: this.random, backoff: backoffDefaults });
    const { event } = this.run(handler, 'connection/main', { attempt: 1 });
    await this.clock.advance(100);
    return event;
  }

  close(): Promise<MachineEvent> {
    return this.run(closeLine(this.line), 'connection/main', {}).event;
  }

  /** A new upload of these bytes. */
  upload(bytes: Uint8Array): string {
    const uploadId = mintUlid(this.clock.wallMs(), this.random.bytes(10));
    this.contents.set(uploadId, { bytes });
    return uploadId;
  }

  send(uploadId: string, priority = 5, name = `docs/${uploadId}`, version = 1): Outcome {
    const handler = sendDocument({
      line: this.line,
      open: () => {
        const { bytes, changeAfter } = this.contents.get(uploadId)!;
        return memoryReader(bytes, this.chunkBytes, changeAfter);
      },
      ledger: this.ledger,
      unchanged: async () => this.unchangedVersion,
      clock: this.clock,
      random: this.random,
    });
    const sizeBytes = this.contents.get(uploadId)!.bytes.length;
    const source = { kind: 'spooled', spool: uploadId, sizeBytes };
    return this.run(handler, `upload/${uploadId}`, { source, name, version, priority });
  }

  confirm(uploadId: string, sent: MachineEvent, name = `docs/${uploadId}`, version = 1): Outcome {
    const handler = confirmStored({
      line: this.line,
      uploadOf: async () => ({ name, priority: 5 }),
      random: this.random,
    });
    const { lengthBytes, sha256: hash } = sent as unknown as { lengthBytes: number; sha256: string };
    return this.run(handler, `upload/${uploadId}`, { version, lengthBytes, sha256: hash });
  }

  /** Sends and confirms, time moving until both are done. */
  async carry(uploadId: string): Promise<MachineEvent> {
    const sent = await this.until(this.send(uploadId).event);
    if (sent.type !== 'document.sent') return sent;
    return this.until(this.confirm(uploadId, sent).event);
  }

  async until<T>(promise: Promise<T>, maxMs = 600_000): Promise<T> {
    let done = false;
    promise.then(
      () => {
        done = true;
      },
      () => {
        done = true;
      },
    );
    for (let waited = 0; !done && waited < maxMs; waited += 50) await this.clock.advance(50);
    if (!done) throw new Error('nothing happened');
    return promise;
  }

  run(handler: EffectHandler, actor: string, params: JsonObject): Outcome {
    const controller = new AbortController();
    const progress: JsonObject[] = [];
    const checkpoints: MachineEvent[] = [];
    const event = handler({
      id: `${this.logId}/${actor}/1.0`,
      actor,
      type: 'effect',
      params,
      signal: controller.signal,
      progress: (json) => progress.push(json as JsonObject),
      checkpoint: (mark) => checkpoints.push(mark),
    });
    event.catch(() => {});
    return {
      event,
      abort: (reason = 'withdrawn') => controller.abort(new Error(reason)),
      progress,
      checkpoints,
    };
  }

  /** Slice bytes per chunk index handed to the wire. */
  sliceBytes(): number {
    return this.frames.reduce((sum, frame) => sum + (frame.type === 'SLICE' ? frame.bytes.length : 0), 0);
  }
}

export async function yachtAndShore(
  options: {
    aboard?: Partial<LineLimitsAboard>;
    ashore?: Parameters<typeof memoryShore>[1];
    compress?: Compress;
  } = {},
): Promise<Yacht> {
  const clock = new FakeClock();
  const shore = await memoryShore(clock, options.ashore);
  const link = new MemoryLink(clock, shore.service);
  return new Yacht(clock, shore, link, options.aboard ?? {}, undefined, options.compress);
}

export function content(length: number, seed: number | string = 1): Uint8Array {
  return new FakeRandom(seed, 'content').bytes(length);
}
