// A document open under a handle of a session: joins the upload's assembly with the decisions (offer, finish) and with what the
// yacht is told of it. Ends with a receipt, a refusal, a drop, or the session.
import type { AnnouncedChunk, FinishFrame } from '../contract/frames.ts';
import { type Run, RunSet } from '../contract/runs.ts';
import type { Offer } from '../ports.ts';
import type { Assembly, AssemblyOwner, SliceVerdict } from './assembly.ts';
import type { Session } from './session.ts';

type Finish = Pick<FinishFrame, 'lengthBytes' | 'chunks' | 'sha256'>;

export class OpenDocument implements AssemblyOwner {
  readonly handle: number;
  readonly assembly: Assembly;
  readonly #session: Session;
  #finish: Finish | undefined;
  #finishing = false;
  #offered = false;
  #left = false;
  #cancelGrace: () => void = () => {};
  /** Chunks asked for of which nothing has come yet: a finish that was on its way meanwhile does not ask again. */
  readonly #asked = new RunSet();

  constructor(handle: number, assembly: Assembly, session: Session) {
    this.handle = handle;
    this.assembly = assembly;
    this.#session = session;
    assembly.belongTo(this, session.scope.epoch);
  }

  get isOffered(): boolean {
    return this.#offered;
  }

  leave(): void {
    this.#left = true;
    this.#cancelGrace();
    if (this.assembly.owner === this) this.assembly.owner = undefined;
  }

  /** Slices may come before the answer; they wait in the assembly. */
  offer(offer: Offer): void {
    const { scope, ports } = this.#session;
    ports.documents.offer(scope, offer).then(
      (answer) => {
        if (this.#left) return;
        if (answer.state === 'conflict') return this.#refuse('TENDER_VERSION_CONFLICT');
        if (answer.state === 'finished') {
          this.#session.receipts.add(answer.receipt);
          ports.shelf.forget(this.assembly);
          return this.#session.closeHandle(this.handle);
        }
        this.assembly.open(scope, answer.entries);
        this.#offered = true;
        this.#session.offered(this);
        this.#tryFinish();
      },
      (error: unknown) => this.failed(this.assembly, error),
    );
  }

  describe(first: number, entries: readonly AnnouncedChunk[]): boolean {
    this.#asked.delete(first, first + entries.length);
    return this.assembly.describe(first, entries);
  }

  slice(index: number, offset: number, bytes: Uint8Array): SliceVerdict {
    return this.assembly.slice(index, offset, bytes);
  }

  /** Said again after every burst; a finish with holes asks for them. */
  finish(finish: Finish): void {
    this.#finish = finish;
    this.#tryFinish();
  }

  // ------------------------------------------------------------------------------ what the assembly reports

  durable(_assembly: Assembly, indexes: readonly number[]): void {
    if (!this.#left) this.#session.durable(this.handle, indexes);
  }

  unknownReferences(_assembly: Assembly, indexes: readonly number[]): void {
    if (!this.#left) this.#want('unknown-reference', runsOf(indexes).runs);
  }

  idle(): void {
    this.#tryFinish();
  }

  failed(_assembly: Assembly, error: unknown): void {
    if (!this.#left) this.#session.failed(this.handle, error);
  }

  // ------------------------------------------------------------------------------ the end

  #tryFinish(): void {
    const finish = this.#finish;
    if (!finish || !this.#offered || this.#finishing || this.#left || !this.assembly.isIdle) return;
    const holes = this.assembly.durable.holes(finish.chunks);
    if (holes.length > 0) {
      this.#askForHoles();
      return;
    }
    this.#finishing = true;
    const { scope, ports } = this.#session;
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
        this.#session.receipts.add(answer.receipt);
        this.#session.closeHandle(this.handle);
      },
      (error: unknown) => {
        this.#finishing = false;
        this.failed(this.assembly, error);
      },
    );
  }

  /** On one lane the finish comes last, so a hole is a hole. On several a slice may still be on its way. */
  #askForHoles(): void {
    this.#cancelGrace();
    const ask = () => {
      const finish = this.#finish;
      if (!finish || this.#left || !this.assembly.isIdle) return;
      const holes = RunSet.of(this.assembly.durable.holes(finish.chunks));
      for (const run of this.#asked.runs) holes.delete(run.start, run.end);
      this.#finish = undefined; // the yacht says it again after the bytes
      if (!holes.isEmpty) this.#want('hole', holes.runs);
    };
    if (this.#session.isSingleLane) {
      ask();
      return;
    }
    const { clock, limits } = this.#session.ports;
    this.#cancelGrace = clock.after(limits.holeGraceMs, ask);
  }

  #want(reason: 'hole' | 'unknown-reference', runs: readonly Run[]): void {
    for (const run of runs) this.#asked.add(run.start, run.end);
    this.#session.want(this.handle, reason, runs);
  }

  #refuse(code: 'TENDER_VERSION_CONFLICT' | 'TENDER_CONTENT_MISMATCH'): void {
    this.#session.refuse(this.handle, code);
  }
}

function runsOf(indexes: readonly number[]): RunSet {
  const runs = new RunSet();
  for (const index of [...indexes].sort((a, b) => a - b)) runs.add(index);
  return runs;
}
