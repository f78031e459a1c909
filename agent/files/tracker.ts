// Turns sightings of files into uploads: what is new or changed becomes the next version of its path, what is as it was
// stays as it is, what was gone goes on when it is back. The only place that assigns versions, always in the batch that
// creates the upload. Three rules hold: F1 at most one upload of a watched path has not ended; F2 a number is never
// given twice; F3 what the shore has is not sent again. Called by the watcher, by `tender add`, after a rebuilt log.
import { mintUlid } from '../../cloud/contract/ids.ts';
import { type Name, nameFromBytes, nameToBytes } from '../../cloud/contract/name.ts';
import { TenderError } from '../errors.ts';
import type { Host } from '../host/contract.ts';
import type { Change, Clock, FileStat, Files, Random } from '../ports.ts';
import type { Comparer } from './compare.ts';
import { addedLabel, type FileRow, fileRowKey, readFileRow, statFields, writeFileRow } from './file-row.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { bytesOf, joinPath } from './path-bytes.ts';
import { reclaimNumbers } from './reclaim.ts';
import { type InventoryItem, rowAfterInventory, splitDocumentName } from './reconcile.ts';
import type { Settler } from './settle.ts';
import { openSource, type Source, type SourceRoots, sameStat, type WatchedSource } from './source.ts';
import type { Spooled } from './spool.ts';
import { viewUpload } from './upload-view.ts';

/** A file as the watcher found it. */
export interface Sighting {
  /** Label of the folder. */
  readonly folder: string;
  /** Relative to the folder. */
  readonly path: Uint8Array;
  readonly stat: FileStat;
  readonly priority: number;
}

export type Tracked =
  | { readonly did: 'created'; readonly uploadId: string; readonly version: number }
  /** An upload that waited for its file goes on. */
  | { readonly did: 'returned'; readonly uploadId: string }
  | { readonly did: 'nothing'; readonly why: 'unchanged' | 'under-way' | 'inventory-owed' | 'refused' };

export interface Tracker {
  /** Reads whether the inventory is owed. Call it once, before anything else. */
  open(): Promise<void>;
  sighted(sighting: Sighting): Promise<Tracked>;
  /** Queues what is in the spool. Resolves when the log has it: only then say "queued". Asked twice it is queued once. */
  added(spooled: Spooled): Promise<{ readonly uploadId: string; readonly version: number }>;
  /** Takes up what a sweep of the spool found without an upload; waits for the inventory if that is owed. */
  adopt(orphans: readonly Spooled[]): Promise<void>;
  /** After a rebuilt or restored log: no version is assigned until the shore has said what it has. Durable. */
  oweInventory(): Promise<void>;
  readonly inventoryOwed: boolean;
  /** The shore's whole inventory of this device, page by page; afterwards versions go on from its numbers. */
  reconcile(pages: AsyncIterable<readonly InventoryItem[]>): Promise<void>;
}

export type TrackerHost = Pick<Host, 'create' | 'send' | 'read' | 'list' | 'row' | 'putRows'>;

const inventoryKey = 'inventory';
/** Derived rows on their way to the disk; with more than this, sightings wait. */
const notesMaxBehind = 1_000;

export function createTracker(ports: {
  readonly host: TrackerHost;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly roots: SourceRoots;
  readonly settler: Pick<Settler, 'sighted'>;
  readonly holdsWhatIsStored: Comparer;
}): Tracker {
  const { host, clock, random } = ports;
  const inOrder = createKeyedQueue();
  let owed = false;
  let behind = 0;
  let waiting: readonly Spooled[] = [];

  async function readRow(key: string): Promise<FileRow | undefined> {
    const text = await host.row(key);
    return text === undefined ? undefined : readFileRow(text);
  }

  async function sighted(sighting: Sighting): Promise<Tracked> {
    const key = fileRowKey(sighting.folder, sighting.path);
    const row = await readRow(key);
    if (row?.ended && row.stat && sameStat(row.stat, sighting.stat)) return unchanged;
    const source: WatchedSource = {
      kind: 'watched',
      folder: sighting.folder,
      path: nameFromBytes(sighting.path),
    };
    if (!row) return nextVersion(key, undefined, sighting, source);
    if (row.ended) return afterEnd(key, row, sighting, source);

    const { uploadId } = row;
    const upload = viewUpload(uploadId === null ? undefined : await host.read(actorOf(uploadId)));
    switch (upload.phase) {
      case 'under-way':
        return { did: 'nothing', why: 'under-way' };
      case 'missing':
        return goOn(uploadId!, source);
      case 'parked':
        if (takenAsIs(upload.taken ?? row.stat, sighting.stat)) return unchanged;
        // F1: the newer state takes the parked one's place. Whether that one reached the shore is not known.
        await host.send(actorOf(uploadId!), { type: 'cancel', by: 'files' }, { src: 'cmd' });
        return nextVersion(key, { ...row, stored: null }, sighting, source);
      case 'unknown':
        return nextVersion(key, { ...row, stored: null }, sighting, source);
      case 'ashore':
        return afterEnd(key, ended(row, upload.taken, upload.stored), sighting, source);
      case 'cancelled':
        // What was sent of it before a crash may be ashore, whole.
        if (upload.reason === 'superseded')
          return nextVersion(key, { ...row, stored: null }, sighting, source);
        // A person may have cancelled it when its last byte was on the way: then nobody knows the head ashore.
        return afterEnd(
          key,
          ended(row, upload.taken, upload.reason === 'unchanged' ? row.stored : null),
          sighting,
          source,
        );
    }
  }

  /** The last version is over: a file that still is what it was taken from needs a note at most. */
  async function afterEnd(key: string, row: FileRow, sighting: Sighting, source: Source): Promise<Tracked> {
    const { stat } = sighting;
    const asBefore = row.stat
      ? sameStat(row.stat, stat)
      : row.stored !== null && (await ports.holdsWhatIsStored(source, stat, row.stored)); // F3
    if (!asBefore) return nextVersion(key, row, sighting, source);
    await note(putRow(key, { ...row, stat: statFields(stat) }));
    return unchanged;
  }

  /** A parked upload's file is back, if it can be opened now: else a scan a minute would fill the log. */
  async function goOn(uploadId: string, source: Source): Promise<Tracked> {
    const opened = await openSource(ports.files, ports.roots, source);
    if ('failed' in opened) return { did: 'nothing', why: 'under-way' };
    await opened.handle.close();
    const answer = await host.send(actorOf(uploadId), { type: 'file.sighted' }, { src: 'sys' });
    return answer.accepted ? { did: 'returned', uploadId } : { did: 'nothing', why: 'refused' };
  }

  async function nextVersion(
    key: string,
    before: FileRow | undefined,
    { stat, priority, folder, path }: Sighting,
    source: Source,
  ): Promise<Tracked> {
    await ports.settler.sighted(source);
    const uploadId = mintUlid(clock.wallMs(), random.bytes(10));
    const version = (before?.version ?? 0) + 1;
    const row: FileRow = {
      version,
      uploadId,
      ended: false,
      stat: statFields(stat),
      stored: before?.stored ?? null,
    };
    const accepted = await create(uploadId, source, documentName(folder, path), version, priority, [
      putRow(key, row),
    ]);
    return accepted ? { did: 'created', uploadId, version } : { did: 'nothing', why: 'refused' };
  }

  async function added({ uploadId, spool, sizeBytes, about }: Spooled) {
    const path = nameToBytes(about.name);
    const key = fileRowKey(addedLabel, path);
    return inOrder(key, async () => {
      const before = await readRow(key);
      const asked = before?.uploadId === uploadId;
      if (asked && (await host.read(actorOf(uploadId)))) return { uploadId, version: before.version };
      const row: FileRow = {
        // A broken log may have lost the upload and kept this row: the same upload is made again, under its own number.
        version: (before?.version ?? 0) + (asked ? 0 : 1),
        uploadId,
        ended: false,
        stat: null,
        stored: before ? await headAshore(before) : null,
      };
      const source: Source = { kind: 'spooled', spool, sizeBytes };
      const name = documentName(addedLabel, path);
      if (!(await create(uploadId, source, name, row.version, about.priority, [putRow(key, row)])))
        throw new TenderError(
          'TENDER_INTERNAL',
          'The queue did not take the document: look at the log, add it again.',
        );
      return { uploadId, version: row.version };
    });
  }

  /** What the shore surely has as the head of an added name: nothing sure while a version is on its way. */
  async function headAshore(row: FileRow): Promise<FileRow['stored']> {
    if (row.ended || row.uploadId === null) return row.stored;
    const upload = viewUpload(await host.read(actorOf(row.uploadId)));
    if (upload.phase === 'ashore') return upload.stored;
    return upload.phase === 'cancelled' && upload.reason === 'unchanged' ? row.stored : null;
  }

  async function create(
    uploadId: string,
    source: Source,
    name: Name,
    version: number,
    priority: number,
    rows: readonly Change[],
  ): Promise<boolean> {
    const input = { source, name, version, priority, addedMs: Math.max(0, Math.floor(clock.wallMs())) };
    const answer = await host.create(actorOf(uploadId), input, { rows });
    return answer.accepted;
  }

  /** One page of the inventory, in one batch. Nothing else assigns versions meanwhile: the inventory is owed. */
  async function takePage(page: readonly InventoryItem[]): Promise<void> {
    const rows: Change[] = [];
    const displaced: string[] = [];
    for (const item of page) {
      const split = splitDocumentName(item.name);
      if (!split) continue;
      const key = fileRowKey(split.label, split.path);
      const after = rowAfterInventory(await readRow(key), item);
      if (!after) continue;
      rows.push(putRow(key, after.row));
      // Watched bytes are still in their folder. Added ones are only here: those stay, and park with the shore's reason.
      if (after.displaced !== undefined && split.label !== addedLabel) displaced.push(after.displaced);
    }
    await host.putRows(rows, { soft: false });
    for (const uploadId of displaced)
      await host.send(actorOf(uploadId), { type: 'cancel', by: 'files' }, { src: 'cmd' });
  }

  /** Writes what is derived from the log anyway, without waiting for the disk: a lost row costs one more look. */
  async function note(change: Change): Promise<void> {
    behind += 1;
    const done = host.putRows([change], { soft: true }).then(
      () => void behind--,
      () => void behind--,
    );
    if (behind >= notesMaxBehind) await done;
  }

  return {
    async open() {
      owed = (await host.row(inventoryKey)) === 'owed';
    },
    async sighted(sighting) {
      if (owed) return { did: 'nothing', why: 'inventory-owed' };
      return inOrder(fileRowKey(sighting.folder, sighting.path), () => sighted(sighting));
    },
    async added(spooled) {
      if (owed)
        throw new TenderError(
          'TENDER_INVENTORY_OWED',
          'The log was rebuilt: the agent first asks the cloud what it has. Add the file again once the link is up.',
        );
      return added(spooled);
    },
    async adopt(orphans) {
      if (owed) waiting = [...waiting, ...orphans];
      else for (const orphan of orphans) await added(orphan);
    },
    async oweInventory() {
      owed = true;
      await host.putRows([{ type: 'put', key: inventoryKey, value: 'owed' }], { soft: false });
    },
    get inventoryOwed() {
      return owed;
    },
    async reconcile(pages) {
      owed = true;
      await reclaimNumbers(host);
      for await (const page of pages) await takePage(page);
      await host.putRows([{ type: 'put', key: inventoryKey, value: 'taken' }], { soft: false });
      owed = false;
      const orphans = waiting;
      waiting = [];
      for (const orphan of orphans) await added(orphan);
    },
  };
}

const unchanged: Tracked = { did: 'nothing', why: 'unchanged' };

function ended(row: FileRow, taken: FileStat | null, stored: FileRow['stored']): FileRow {
  return { ...row, ended: true, stat: taken ?? row.stat, stored };
}

/** Null: not known, since a broken log lost it. */
function takenAsIs(taken: FileStat | null, stat: FileStat): boolean {
  return taken !== null && sameStat(taken, stat);
}

function actorOf(uploadId: string): string {
  return `upload/${uploadId}`;
}

/** `<folder label>/<relative path>`: what the document is called ashore. */
function documentName(label: string, path: Uint8Array): Name {
  return nameFromBytes(joinPath(bytesOf(label), path));
}

function putRow(key: string, row: FileRow): Change {
  return { type: 'put', key, value: writeFileRow(row) };
}
