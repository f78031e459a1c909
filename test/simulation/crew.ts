// The people aboard, and the programs that write into their folders: new scans, new versions, a file that is replaced,
// renamed away or changed while it is read; documents handed over by `tender add`; pauses, cancels, retries.
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import type { FakeFiles } from '../support/fake-files.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import type { FakeTimeline } from '../support/fake-timeline.ts';
import type { Report } from './report.ts';
import { type Sources, sha256Hex } from './sources.ts';

/** What the crew can ask of the agent that runs at the moment. A promise may never settle: the agent died. */
export interface Aboard {
  /** Streams bytes in; resolves with the upload's id once the agent says "queued". Rejects with what it says instead. */
  add(fileName: string, bytes: Uint8Array, priority: number): Promise<string>;
  /** Resolves when the command is in the log; rejects when the state does not allow it. */
  command(uploadId: string, command: MachineEvent): Promise<void>;
  /** All uploads the agent still knows of, finished ones too. */
  uploads(): Promise<readonly Known[]>;
}

export interface Known {
  readonly uploadId: string;
  readonly state: string;
  readonly cell: Cell;
}

/** A document that the agent has promised to keep. */
export interface Promised {
  readonly uploadId: string;
  readonly name: string;
  readonly sha256: string;
}

export interface CrewParts {
  readonly timeline: FakeTimeline;
  readonly random: FakeRandom;
  readonly report: Report;
  readonly files: FakeFiles;
  readonly sources: Sources;
  /** The agent, if one runs. */
  readonly aboard: () => Aboard | undefined;
}

/** States in which a person has nothing more to say. */
export const over: ReadonlySet<string> = new Set(['indexed', 'cancelled', 'stored']);

/** Who gives commands: names of people and programs, not of files. */
const people = ['crew', 'page/tab 2'] as const;

export const folderLabel = 'scans';
export const folderPath = '/scans';

/** Wait before a person tries again what the agent refused or did not answer. */
const askAgainMs = 20_000;

export class Crew {
  readonly #parts: CrewParts;
  #names = 0;
  readonly promised: Promised[] = [];
  /** Uploads that somebody cancelled: they need not arrive. */
  readonly cancelled = new Set<string>();
  /** Set in calm weather: nobody starts anything new. */
  ashore = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  /** One document comes into being: a new file, a new version of one, or one handed over. */
  produce(): void {
    const { random } = this.#parts;
    const kind = random.unit();
    if (kind < 0.27) this.#newFile();
    else if (kind < 0.65) this.changeFile();
    else if (kind < 0.7) this.#burst();
    else this.#add();
  }

  /** A folder of receipts, all at once. */
  #burst(): void {
    const { random } = this.#parts;
    const count = random.between(3, 8);
    for (let n = 0; n < count; n++) this.#newFile(random.bytes(Math.floor(random.spread(10, 6_000))));
  }

  /** An existing file gets other bytes: in place, by replacement, or back to what it once was. */
  changeFile(path = this.#anyFile()): void {
    const { random, files, sources } = this.#parts;
    if (!path) {
      this.#newFile();
      return;
    }
    const name = nameOf(path);
    const old = files.content(path) as Uint8Array;
    const bytes = random.chance(0.15) ? this.#earlier(name, old) : this.#edited(old);
    const how = random.unit();
    if (how < 0.4) files.replace(path, bytes);
    else if (how < 0.8) files.write(path, bytes);
    else {
      // Written in two steps, as scanners do: between them the file really is only half there.
      const half = bytes.slice(0, random.between(0, bytes.length));
      sources.has(name, half);
      files.write(path, half);
      this.#parts.timeline.after(random.spread(50, 20_000), () => {
        if (files.content(path) !== half) return;
        sources.has(name, bytes);
        files.write(path, bytes);
      });
      return;
    }
    sources.has(name, bytes);
  }

  /** All bytes of a file become others in place, of the same length: what a read in two parts would splice. */
  rewriteFile(path: string): void {
    const { random, files, sources } = this.#parts;
    const bytes = random.bytes(files.content(path)?.length ?? 0);
    sources.has(nameOf(path), bytes);
    files.write(path, bytes);
  }

  removeFile(): void {
    const { files, timeline, random, sources } = this.#parts;
    const path = this.#anyFile();
    if (!path) return;
    const bytes = files.content(path) as Uint8Array;
    files.delete(path);
    if (random.chance(0.3)) return;
    timeline.after(random.spread(1_000, 600_000), () => {
      if (files.content(path) !== undefined) return;
      sources.has(nameOf(path), bytes);
      files.write(path, bytes);
    });
  }

  failRead(): void {
    const { files, timeline, random } = this.#parts;
    const path = this.#anyFile();
    if (!path) return;
    files.failReads(path, random.pick(['EIO', 'EACCES']));
    timeline.after(random.spread(500, 300_000), () => files.failReads(path, undefined));
  }

  /** Pause, resume, cancel, retry, prioritise: whatever comes to mind, whether or not it makes sense. */
  command(): void {
    const { random, report } = this.#parts;
    void this.#withOpen(async (aboard, uploads) => {
      if (uploads.length === 0) return;
      const { uploadId } = random.pick(uploads);
      const by = random.pick(people);
      const command = random.pick([
        { type: 'pause', by },
        { type: 'pause', by, untilMs: Math.floor(random.spread(1_000, 1_000_000)) },
        { type: 'resume', by },
        { type: 'retry', by },
        { type: 'prioritise', by, priority: random.between(1, 10) },
        { type: 'cancel', by },
      ]);
      // Asked is asked: the agent may take it though its answer never comes.
      if (command.type === 'cancel') this.cancelled.add(uploadId);
      report.trace(`crew ${command.type} ${uploadId}`);
      await aboard.command(uploadId, command);
    });
  }

  /** In calm weather somebody goes through the list and lets everything go on. */
  letGo(): void {
    void this.#withOpen(async (aboard, uploads) => {
      for (const { uploadId, state } of uploads) {
        // Whoever did not pause it is told so: that is no trouble.
        if (state === 'paused')
          for (const by of people) await aboard.command(uploadId, { type: 'resume', by }).catch(() => {});
        if (state === 'parked') await aboard.command(uploadId, { type: 'retry', by: 'crew' });
      }
    });
  }

  async #withOpen(run: (aboard: Aboard, uploads: readonly Known[]) => Promise<void>): Promise<void> {
    const aboard = this.#parts.aboard();
    if (!aboard) return;
    try {
      await run(
        aboard,
        (await aboard.uploads()).filter(({ state }) => !over.has(state)),
      );
    } catch (error) {
      this.#parts.report.trace(`crew was refused: ${(error as Error).message}`);
    }
  }

  #newFile(bytes = this.#fresh()): void {
    const { random, files, sources } = this.#parts;
    const path = `${folderPath}/${oddName(random, ++this.#names)}`;
    sources.has(nameOf(path), bytes);
    files.write(path, bytes);
  }

  #add(): void {
    const { random, sources } = this.#parts;
    const fileName = random.chance(0.3) ? 'manifest.pdf' : `added-${++this.#names}.pdf`;
    const bytes = this.#fresh();
    const name = `added/${fileName}`;
    sources.has(name, bytes);
    this.#hand(fileName, name, bytes, random.between(1, 10));
  }

  /** Hands a document over until the agent has taken it: who gets no answer asks again. */
  #hand(fileName: string, name: string, bytes: Uint8Array, priority: number): void {
    const { timeline, report, aboard } = this.#parts;
    const agent = aboard();
    let answered = false;
    if (agent)
      agent.add(fileName, bytes, priority).then(
        (uploadId) => {
          answered = true;
          report.trace(`queued ${name} as ${uploadId}`);
          this.promised.push({ uploadId, name, sha256: sha256Hex(bytes) });
        },
        (error: Error) => report.trace(`${name} was refused: ${error.message}`),
      );
    timeline.after(askAgainMs, () => {
      if (!answered && !this.ashore) this.#hand(fileName, name, bytes, priority);
    });
  }

  #anyFile(): string | undefined {
    const paths = this.#parts.files.filesBelow(folderPath);
    return paths.length > 0 ? this.#parts.random.pick(paths) : undefined;
  }

  /** Sizes of the world: nothing, one byte, a note, a scan, a plan of several chunks. */
  #fresh(): Uint8Array {
    const { random } = this.#parts;
    const kind = random.unit();
    if (kind < 0.06) return new Uint8Array(0);
    if (kind < 0.12) return random.bytes(1);
    const length = Math.floor(
      kind < 0.7
        ? random.spread(100, 20_000)
        : kind < 0.98
          ? random.spread(20_000, 300_000)
          : random.spread(300_000, 800_000),
    );
    return random.chance(0.4) ? this.#prose(length) : random.bytes(length);
  }

  /** What compresses: words again and again, never the same ones. */
  #prose(length: number): Uint8Array {
    const { random } = this.#parts;
    const words = Array.from({ length: 50 }, () => random.bytes(random.between(2, 9)));
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const word = random.pick(words).subarray(0, length - at);
      bytes.set(word, at);
      at += word.length;
    }
    return bytes;
  }

  /** A change in the middle, as an office program makes it: most chunks stay the same. */
  #edited(old: Uint8Array): Uint8Array {
    const { random } = this.#parts;
    if (old.length < 200 || random.chance(0.3)) return this.#fresh();
    const at = random.between(0, old.length - 1);
    const patch = random.bytes(random.between(1, 100));
    // Often of the same length: then only the times tell that it changed.
    const skip = random.chance(0.5) ? patch.length : 0;
    return new Uint8Array(Buffer.concat([old.subarray(0, at), patch, old.subarray(at + skip)]));
  }

  #earlier(name: string, old: Uint8Array): Uint8Array {
    const first = this.#parts.sources.first(name);
    return first ? new Uint8Array(first.bytes) : old;
  }
}

/** The document name of a watched path. */
export function nameOf(path: string): string {
  return `${folderLabel}/${path.slice(folderPath.length + 1)}`;
}

/** Names are bytes: some of these are no UTF-8, some look like paths. One character here is one byte. */
function oddName(random: FakeRandom, number: number): string {
  const tail = random.pick(['.pdf', '.txt', '', '\xff.bin', '\n', ' .docx', '%2e%2e', '.tmp2']);
  return `file-${number}${tail}`;
}
