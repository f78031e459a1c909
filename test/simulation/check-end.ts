// What must be true in calm weather, when there has been time enough: everything accepted is ashore or somebody knows why
// not, every file's last content is what the shore shows, and nobody waits for nothing.
import type { FakeDisk } from '../support/fake-disk.ts';
import type { FakeFiles } from '../support/fake-files.ts';
import type { CheckAshore, Committed } from './check-ashore.ts';
import type { CheckLog } from './check-log.ts';
import { type Crew, folderPath, type Known, nameOf, type Promised } from './crew.ts';
import type { Report, Rule } from './report.ts';
import { sha256Hex } from './sources.ts';

export interface CheckEndParts {
  readonly report: Report;
  readonly disk: FakeDisk;
  readonly files: FakeFiles;
  readonly crew: Crew;
  readonly ashore: CheckAshore;
  readonly log: CheckLog;
}

export interface Wait {
  readonly rule: Rule;
  readonly what: string;
}

export class CheckEnd {
  readonly #parts: CheckEndParts;

  constructor(parts: CheckEndParts) {
    this.#parts = parts;
  }

  /** What is not at its end yet: which promise waits for it, and in words; empty: the voyage is over. */
  pending(uploads: readonly Known[]): Wait[] {
    const { ashore } = this.#parts;
    const waits: Wait[] = [];
    for (const { uploadId, state, cell } of uploads) {
      if (state === 'indexed' || state === 'cancelled') continue;
      if (state === 'parked' && cell.context.parked !== null) continue;
      const row = ashore.committed.get(uploadId);
      if (state === 'stored' && row?.indexed === 'failed' && cell.context.indexFailure !== null) continue;
      // The word came, was acknowledged, and went down with a log that rotted; the shore does not say it twice. Known gap.
      if (state === 'stored' && row?.indexed !== undefined && this.#parts.disk.quarantined > 0) continue;
      waits.push({ rule: 'P8 back by itself', what: `${uploadId} is ${state}` });
    }
    for (const promised of this.#parts.crew.promised)
      if (!this.#kept(promised, uploads))
        waits.push({
          rule: 'P1 accepted is kept',
          what: `${promised.uploadId} (${promised.name}) was accepted and is nowhere`,
        });
    for (const path of this.#parts.files.filesBelow(folderPath)) {
      const what = this.#isNotAshore(path, uploads);
      if (what) waits.push({ rule: 'P8 back by itself', what });
    }
    return waits;
  }

  /** The last look. */
  finish(uploads: readonly Known[]): void {
    const { report, ashore, log } = this.#parts;
    ashore.finish();
    for (const { uploadId, state, cell } of uploads) {
      const row = ashore.committed.get(uploadId);
      if ((state === 'stored' || state === 'indexed') && !row)
        report.violate('P2 stored means stored', `${uploadId} is ${state} aboard and not ashore`);
      if (state === 'indexed' && row?.indexed !== 'indexed')
        report.violate(
          'P2 stored means stored',
          `${uploadId} is indexed aboard, ashore it is ${row?.indexed}`,
        );
      const folded = log.cells.get(`upload/${uploadId}`);
      if (folded && (folded.n !== cell.n || folded.value !== cell.value))
        report.violate(
          'L2 fold is head',
          `${uploadId}: the log says ${folded.value}#${folded.n}, the agent ${cell.value}#${cell.n}`,
        );
    }
  }

  #kept({ uploadId, name, sha256 }: Promised, uploads: readonly Known[]): boolean {
    const { ashore, crew } = this.#parts;
    if (crew.cancelled.has(uploadId)) return true;
    if (ashore.versions.get(name)?.some((row) => row.sha256 === sha256)) return true;
    // The only other outcome: a person sees it, with a reason.
    return uploads.some((upload) => upload.uploadId === uploadId && upload.state === 'parked');
  }

  #isNotAshore(path: string, uploads: readonly Known[]): string | undefined {
    const { files, ashore, crew } = this.#parts;
    const name = nameOf(path);
    const sha256 = sha256Hex(files.content(path) as Uint8Array);
    const head = newest(ashore.versions.get(name));
    if (head?.sha256 === sha256) return undefined;
    const mine = uploads.filter(({ cell }) => documentNameOf(cell) === name);
    // Somebody gave it up, or sees why it stands still.
    if (mine.some(({ state }) => state === 'parked')) return undefined;
    if (mine.some(({ uploadId }) => crew.cancelled.has(uploadId))) return undefined;
    return `${JSON.stringify(name)} is not ashore as it is in the folder (head ${head ? `v${head.version}` : 'none'})`;
  }
}

function newest(rows: readonly Committed[] | undefined): Committed | undefined {
  return rows?.reduce((best, row) => (row.version > best.version ? row : best));
}

function documentNameOf(cell: Known['cell']): string | undefined {
  const { name } = cell.context;
  if (typeof name === 'string') return Buffer.from(name, 'utf8').toString('latin1');
  const b64 = (name as { readonly b64?: string } | undefined)?.b64;
  return b64 === undefined ? undefined : Buffer.from(b64, 'base64').toString('latin1');
}
