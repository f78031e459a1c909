// A document open under a handle of a session: joins the upload's assembly with the decisions (offer, finish) and with what the
// yacht is told of it. Ends with a receipt, a refusal, a drop, or the session.
import { type AnnouncedChunk, type CopyFrame, type FinishFrame, frameLimits } from '../contract/frames.ts';
import { type Run, RunSet } from '../contract/runs.ts';
import type { Offer, Receipt } from '../ports.ts';
import type { Assembly, AssemblyOwner, SliceVerdict } from './assembly.ts';
import { CopyRuns } from './copy-runs.ts';
import type { EncodedChunk } from './decode.ts';
import type { Desk } from './desk.ts';

/** Of chunks asked for and not come yet: more runs of them are not remembered. */
const askedRunsMaxCount = 65_536;

type Finish = Pick<FinishFrame, 'lengthBytes' | 'chunks' | 'sha256'>;

export class OpenDocument implements AssemblyOwner {
  readonly handle: number;
  readonly assembly: Assembly;
  readonly #desk: Desk;
  readonly #offer: Offer;
  readonly #copies: CopyRuns;
  readonly openedMs: number;
  /** Monotonic time of the newest frame of this document. */
  #frameMs: number;
  #finish: Finish | undefined;
  #finishing = false;
  #offered = false;
  #left = false;
  #cancelHoles: (() => void) | undefined;
  /** Chunks asked for of which nothing has come yet: a finish that was on its way meanwhile does not ask again. */
  readonly #asked = new RunSet();

  constructor(handle: number, offer: Offer, assembly: Assembly, desk: Desk) {
    this.handle = handle;
    this.assembly = assembly;
    this.#desk = desk;
    this.#offer = offer;
    this.openedMs = desk.ports.clock.monotonicMs();
    this.#frameMs = this.openedMs;
    this.#copies = new CopyRuns({
      base: (version, range) => desk.ports.documents.baseEntries(desk.scope, offer.name, version, range),
      announce: (first, entries) => assembly.describe(first, entries),
      hasRoom: () => assembly.referencesPending < desk.ports.limits.storeBatchMaxCount,
      unknown: (run) => {
        if (!this.#left) this.#want('unknown-reference', [run]);
      },
      failed: (error) => this.failed(assembly, error),
      idle: () => this.#tryFinish(),
    });
    assembly.belongTo(this, desk.scope.epoch);
  }

  get isOffered(): boolean {
    return this.#offered;
  }

  leave(): void {
    this.#left = true;
    this.#cancelHoles?.();
    this.#cancelHoles = undefined;
    if (this.assembly.owner === this) this.assembly.owner = undefined;
  }

  /** Slices may come before the answer; they wait in the assembly. */
  offer(): void {
    const { scope, ports } = this.#desk;
    ports.documents.offer(scope, this.#offer).then(
      (answer) => {
        if (this.#left) return;
        if (answer.state === 'conflict') return this.#refuse('TENDER_VERSION_CONFLICT');
        if (answer.state === 'finished') return this.#finished(answer.receipt);
        this.assembly.open(scope, answer.entries);
        this.#offered = true;
        this.#desk.offered(this);
        this.#copies.start();
        this.#tryFinish();
      },
      (error: unknown) => this.failed(this.assembly, error),
    );
  }

  describe(first: number, entries: readonly AnnouncedChunk[]): boolean {
    this.#touch();
    this.#asked.delete(first, first + entries.length);
    return this.assembly.describe(first, entries);
  }

  /** Chunks that an older version of this document has: looked up when the offer is answered, some at a time. */
  copy(frame: CopyFrame): void {
    this.#touch();
    const count = frame.runs.reduce((sum, run) => sum + run.count, 0);
    this.#asked.delete(frame.first, frame.first + count);
    this.#copies.add(frame);
    if (this.#offered) this.#copies.start();
  }

  slice(index: number, offset: number, bytes: Uint8Array): SliceVerdict {
    this.#touch();
    return this.assembly.slice(index, offset, bytes);
  }

  /** Said again after every burst; a finish with holes asks for them. */
  finish(finish: Finish): void {
    this.#touch();
    this.#finish = finish;
    this.#tryFinish();
  }

  #touch(): void {
    this.#frameMs = this.#desk.ports.clock.monotonicMs();
  }

  // ------------------------------------------------------------------------------ what the assembly reports

  durable(_assembly: Assembly, indexes: readonly number[]): void {
    if (!this.#left) this.#desk.durable(this.handle, indexes);
    this.#copies.start();
  }

  unknownReferences(_assembly: Assembly, indexes: readonly number[]): void {
    if (!this.#left) this.#want('unknown-reference', runsOf(indexes).runs);
  }

  decode(chunk: EncodedChunk): Promise<Uint8Array> {
    const { scope, ports } = this.#desk;
    const { name, version } = this.#offer;
    return ports.decodeChunk(chunk, { scope, name, version });
  }

  undecodable(_assembly: Assembly, index: number, error: unknown): void {
    this.#desk.ports.log({ event: 'line.chunk.undecodable', error: String(error) });
    if (!this.#left) this.#want('undecodable', [{ start: index, end: index + 1 }]);
  }

  idle(): void {
    this.#copies.start();
    this.#tryFinish();
  }

  failed(_assembly: Assembly, error: unknown): void {
    if (!this.#left) this.#desk.failed(this.handle, error);
  }

  // ------------------------------------------------------------------------------ the end

  #tryFinish(): void {
    const finish = this.#finish;
    if (!finish || !this.#offered || this.#finishing || this.#left || !this.#isIdle) return;
    const holes = this.assembly.durable.holes(finish.chunks);
    if (holes.length > 0) {
      this.#askForHoles();
      return;
    }
    this.#finishing = true;
    const { scope, ports } = this.#desk;
    const { lengthBytes, chunks, sha256 } = finish;
    ports.documents.finish(scope, { uploadId: this.assembly.uploadId, lengthBytes, chunks, sha256 }).then(
      (answer) => {
        this.#finishing = false;
        if (this.#left && !('receipt' in answer)) return;
        if ('missing' in answer) {
          this.assembly.lose(answer.missing);
          this.#finish = undefined;
          return this.#want('hole', runsOf(answer.missing).runs);
        }
        ports.shelf.forget(this.assembly);
        if ('mismatch' in answer) return this.#refuse('TENDER_CONTENT_MISMATCH');
        if (this.#left) return; // committed; the yacht learns it from the receipt it will ask for
        this.#finished(answer.receipt);
      },
      (error: unknown) => {
        this.#finishing = false;
        this.failed(this.assembly, error);
      },
    );
  }

  get #isIdle(): boolean {
    return this.assembly.isIdle && this.#copies.isIdle;
  }

  #finished(receipt: Receipt): void {
    this.#desk.ports.shelf.forget(this.assembly);
    this.#desk.finished(this.handle, receipt);
  }

  /**
   * On one lane the finish comes last, so a hole is a hole. On several the missing may still be on its way, and what a dead lane
   * swallowed the yacht sends again unasked: this asks only when that seems forgotten.
   */
  #askForHoles(): void {
    if (this.#cancelHoles) return;
    const { clock } = this.#desk.ports;
    const waitMs = this.#desk.holeWaitMs(this.openedMs, this.#frameMs);
    if (waitMs > 0) {
      this.#cancelHoles = clock.after(waitMs, () => {
        this.#cancelHoles = undefined;
        this.#tryFinish();
      });
      return;
    }
    const holes = RunSet.of(this.assembly.durable.holes(this.#finish!.chunks));
    for (const run of this.#asked.runs) holes.delete(run.start, run.end);
    this.#finish = undefined; // the yacht says it again after the bytes
    if (!holes.isEmpty) this.#want('hole', holes.runs);
  }

  #want(reason: 'hole' | 'unknown-reference' | 'undecodable', runs: readonly Run[]): void {
    for (const run of runs) this.#asked.add(run.start, run.end);
    // Forgotten they cost no more than being asked for twice.
    if (this.#asked.runs.length > askedRunsMaxCount) this.#asked.delete(0, frameLimits.chunksMaxCount);
    this.#desk.want(this.handle, reason, runs);
  }

  #refuse(code: 'TENDER_VERSION_CONFLICT' | 'TENDER_CONTENT_MISMATCH'): void {
    this.#desk.refuse(this.handle, code);
  }
}

function runsOf(indexes: readonly number[]): RunSet {
  const runs = new RunSet();
  for (const index of [...indexes].sort((a, b) => a - b)) runs.add(index);
  return runs;
}
