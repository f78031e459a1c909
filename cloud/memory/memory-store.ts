// CloudStore in memory: the simulator's cloud and the model that PostgreSQL is compared with. Same contract suite
// (test/contracts/store-contract.ts). A rejection changes nothing, as a rolled-back transaction would.
import { CloudError } from '../cloud-error.ts';
import { decideSession } from '../decide/session-rule.ts';
import type {
  Clock,
  CloudStore,
  DeviceScope,
  IndexWork,
  ManifestEntry,
  Random,
  Wakes,
  WholeAnswer,
} from '../ports.ts';
import type { Registry } from '../registry.ts';
import { uuidFrom } from '../uuid.ts';
import { createMemoryRegistry, deviceOf } from './memory-registry.ts';
import {
  type DeviceRow,
  emptyRows,
  hex,
  hexOfName,
  type MemoryRows,
  type OpenRow,
  type VersionRow,
} from './memory-rows.ts';

export interface IndexJob {
  readonly documentId: string;
  readonly version: number;
}

export interface MemoryCloud {
  readonly store: CloudStore;
  readonly registry: Registry;
  readonly wakes: Wakes;
  /** The oldest job, taken out of the queue: graphile-worker's part. */
  takeJob(): IndexJob | undefined;
  /** What full-text search would look through: passages of the newest indexed version. */
  passages(documentId: string): readonly string[];
}

export function createMemoryCloud(ports: { readonly clock: Clock; readonly random: Random }): MemoryCloud {
  const rows = emptyRows();
  const jobs: IndexJob[] = [];
  const noticeWatchers = new Set<(deviceId: string) => void>();
  const deviceWatchers = new Set<(deviceId: string) => void>();
  const watch = (watchers: Set<(deviceId: string) => void>) => (run: (deviceId: string) => void) => {
    watchers.add(run);
    return () => void watchers.delete(run);
  };
  const wakeDevice = (deviceId: string) => {
    for (const run of deviceWatchers) run(deviceId);
  };
  const wakeNotice = (deviceId: string) => {
    for (const run of noticeWatchers) run(deviceId);
  };
  return {
    store: createStore(rows, ports, (job) => jobs.push(job), wakeDevice, wakeNotice),
    registry: createMemoryRegistry(rows, ports.clock, wakeDevice),
    wakes: { onNotice: watch(noticeWatchers), onDevice: watch(deviceWatchers) },
    takeJob: () => jobs.shift(),
    passages: (documentId) =>
      [...rows.versions.values()].find((row) => row.document.documentId === documentId)?.document.passages ??
      [],
  };
}

function createStore(
  rows: MemoryRows,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  addJob: (job: IndexJob) => void,
  wakeDevice: (deviceId: string) => void,
  wakeNotice: (deviceId: string) => void,
): CloudStore {
  /** The acting device's row, or the rejection that every scoped method shares. */
  function acting(scope: DeviceScope): DeviceRow {
    const row = rows.devices.get(scope.deviceId);
    if (row?.tenantId !== scope.tenantId) throw new CloudError('TENDER_DEVICE_UNKNOWN');
    if (row.revoked) throw new CloudError('TENDER_DEVICE_REVOKED');
    if (row.epoch !== scope.epoch) throw new CloudError('TENDER_SESSION_FENCED');
    return row;
  }
  function opened(device: DeviceRow, uploadId: string): OpenRow {
    const row = device.open.get(uploadId);
    if (!row) throw new CloudError('TENDER_UPLOAD_UNKNOWN');
    return row;
  }
  const chunksOf = (tenantId: string) => {
    const known = rows.chunks.get(tenantId) ?? new Map();
    rows.chunks.set(tenantId, known);
    return known;
  };
  const versionRow = (documentId: string, version: number) => rows.versions.get(`${documentId}/${version}`);

  return {
    async device(deviceId) {
      const row = rows.devices.get(deviceId);
      return row && deviceOf(row);
    },
    async beginSession(deviceId, claim) {
      const row = rows.devices.get(deviceId);
      if (!row) throw new CloudError('TENDER_DEVICE_UNKNOWN');
      const { grant, changes } = decideSession(row, claim, row.retiredLogs.has(claim.logId));
      if (grant.granted && changes) {
        if (grant.takeover && row.log) row.retiredLogs.add(row.log.logId);
        row.epoch = grant.epoch;
        row.log = claim;
        wakeDevice(deviceId);
      }
      return grant;
    },

    async offerDocument(scope, offer) {
      const device = acting(scope);
      const finished = device.finished.get(offer.uploadId);
      if (finished) return { state: 'finished', receipt: finished.receipt };
      const known = device.open.get(offer.uploadId);
      if (known) return { state: 'open', entries: ascending(known) };

      const document = device.documents.get(hexOfName(offer.name));
      if (document && versionRow(document.documentId, offer.version)) return { state: 'conflict' };
      for (const [uploadId, other] of device.open)
        if (other.offer.version === offer.version && hexOfName(other.offer.name) === hexOfName(offer.name)) {
          if (other.epoch === scope.epoch) return { state: 'conflict' };
          device.open.delete(uploadId);
        }
      device.open.set(offer.uploadId, { offer, epoch: scope.epoch, entries: new Map() });
      return { state: 'open', entries: [] };
    },
    async findChunks(tenantId, ids) {
      return ids.map((id) => chunksOf(tenantId).get(hex(id)));
    },
    async condemnChunks(tenantId, ids) {
      for (const id of ids) chunksOf(tenantId).delete(hex(id));
    },
    async recordChunks(scope, uploadId, entries) {
      const device = acting(scope);
      if (device.finished.has(uploadId)) return { missing: [] };
      const open = opened(device, uploadId);
      const chunks = chunksOf(scope.tenantId);
      for (const { id, place } of entries) if (place && !chunks.has(hex(id))) chunks.set(hex(id), place);
      const missing: number[] = [];
      for (const { index, id, length } of entries)
        if (chunks.get(hex(id))?.length === length)
          open.entries.set(index, { index, id: Uint8Array.from(id), length });
        else missing.push(index);
      return { missing };
    },
    async receipt(scope, uploadId) {
      return acting(scope).finished.get(uploadId)?.receipt;
    },
    async openEntries(scope, uploadId) {
      return ascending(opened(acting(scope), uploadId));
    },
    async finishVersion(scope, finish) {
      const device = acting(scope);
      const before = device.finished.get(finish.uploadId);
      if (before) return before.receipt;
      const { offer } = opened(device, finish.uploadId);
      const key = hexOfName(offer.name);
      const document = device.documents.get(key) ?? {
        documentId: uuidFrom(random),
        name: offer.name,
        head: 0,
        indexedHead: 0,
        passages: [],
      };
      if (versionRow(document.documentId, offer.version)) throw new CloudError('TENDER_VERSION_CONFLICT');
      const version: VersionRow = {
        document,
        device,
        receipt: {
          tenantId: scope.tenantId,
          deviceId: scope.deviceId,
          uploadId: finish.uploadId,
          documentId: document.documentId,
          version: offer.version,
          lengthBytes: finish.lengthBytes,
          sha256: Uint8Array.from(finish.sha256),
          storedMs: clock.wallMs(),
        },
        entries: [...finish.entries],
        state: 'waiting',
        attempt: 0,
      };
      document.head = Math.max(document.head, offer.version);
      device.documents.set(key, document);
      device.finished.set(finish.uploadId, version);
      device.open.delete(finish.uploadId);
      rows.versions.set(`${document.documentId}/${offer.version}`, version);
      addJob({ documentId: document.documentId, version: offer.version });
      return version.receipt;
    },
    async storeWhole(scope, versions) {
      acting(scope); // fenced as a whole, before anything changes
      const answers: WholeAnswer[] = [];
      for (const { offer, lengthBytes, sha256, place } of versions) {
        const known = await this.offerDocument(scope, offer);
        if (known.state !== 'open') {
          answers.push(known);
          continue;
        }
        const entry = { index: 0, id: sha256, length: lengthBytes };
        const entries = lengthBytes === 0 ? [] : [{ ...entry, ...(place && { place }) }];
        const { missing } = await this.recordChunks(scope, offer.uploadId, entries);
        if (missing.length > 0) {
          acting(scope).open.delete(offer.uploadId);
          answers.push({ state: 'missing' });
          continue;
        }
        const finish = { uploadId: offer.uploadId, lengthBytes, sha256: Uint8Array.from(sha256) };
        const finished = entries.length === 0 ? [] : [{ ...entry, id: Uint8Array.from(sha256) }];
        const receipt = await this.finishVersion(scope, { ...finish, entries: finished });
        answers.push({ state: 'finished', receipt });
      }
      return answers;
    },
    async versionEntries(scope, name, version, range) {
      const document = acting(scope).documents.get(hexOfName(name));
      const entries = document && versionRow(document.documentId, version)?.entries;
      return range ? entries?.slice(range.first, range.first + range.count) : entries;
    },
    async dropDocument(scope, uploadId) {
      acting(scope).open.delete(uploadId);
    },
    async inventory(scope, after, limit) {
      const device = acting(scope);
      const from = after === null ? '' : hexOfName(after);
      return [...device.documents]
        .filter(([key]) => after === null || key > from)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([, document]) => {
          const head = versionRow(document.documentId, document.head)!;
          const { uploadId, version, lengthBytes, sha256 } = head.receipt;
          const indexed = head.state === 'indexed';
          return { name: document.name, version, uploadId, lengthBytes, sha256, indexed };
        });
    },

    async noticesAfter(scope, cursor, limit) {
      return acting(scope)
        .notices.filter((notice) => notice.sequence > cursor)
        .slice(0, limit);
    },
    async acknowledgeNotices(scope, cursor) {
      const device = acting(scope);
      const upTo = Math.min(cursor, device.noticeLast);
      if (upTo <= device.noticeAcknowledged) return;
      device.noticeAcknowledged = upTo;
      device.notices = device.notices.filter((notice) => notice.sequence > upTo);
    },

    async takeIndexWork(documentId, version) {
      const row = versionRow(documentId, version);
      if (!row || row.state === 'indexed' || row.state === 'failed') return undefined;
      row.state = 'indexing';
      row.attempt += 1;
      const { tenantId, deviceId, uploadId, lengthBytes, sha256 } = row.receipt;
      return {
        tenantId,
        deviceId,
        documentId,
        uploadId,
        version,
        name: row.document.name,
        lengthBytes,
        sha256,
        entries: row.entries,
        attempt: row.attempt,
      };
    },
    async recordIndexed(work, { passages, reason }) {
      const row = current(work);
      if (!row) return false;
      row.state = 'indexed';
      if (work.version > row.document.indexedHead) {
        row.document.indexedHead = work.version;
        row.document.passages = [...passages];
      }
      notify(row, 'indexed', passages.length, reason);
      return true;
    },
    async recordIndexFailed(work, { reason }) {
      const row = current(work);
      if (!row) return false;
      row.state = 'failed';
      notify(row, 'index-failed', 0, reason);
      return true;
    },
  };

  /** The version if this work is its newest attempt and still under way. */
  function current(work: IndexWork): VersionRow | undefined {
    const row = versionRow(work.documentId, work.version);
    if (row?.receipt.tenantId !== work.tenantId) return undefined;
    return row.state === 'indexing' && row.attempt === work.attempt ? row : undefined;
  }

  function notify(row: VersionRow, kind: 'indexed' | 'index-failed', passages: number, reason: string): void {
    const { device, receipt } = row;
    device.noticeLast += 1;
    device.notices.push({
      sequence: device.noticeLast,
      uploadId: receipt.uploadId,
      documentId: receipt.documentId,
      version: receipt.version,
      kind,
      passages,
      reason,
      atMs: clock.wallMs(),
    });
    wakeNotice(device.deviceId);
  }
}

function ascending(open: OpenRow): ManifestEntry[] {
  return [...open.entries.values()].sort((a, b) => a.index - b.index);
}
