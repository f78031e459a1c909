// The uploads whose beginnings this process holds, over lanes and sessions: where a yacht goes on after a cut. Everything here
// may be lost at any time; it costs bytes sent again, never truth.
import type { Documents } from '../decide/documents.ts';
import { Assembly } from './assembly.ts';
import type { LineLimitsAshore } from './limits.ts';

export interface Shelf {
  /** The upload's assembly, new or as it was left. */
  take(deviceId: string, uploadId: string): Assembly;
  of(deviceId: string): Iterable<Assembly>;
  forget(assembly: Assembly): void;
  /** Bytes of one device that wait for the store. */
  readyBytes(deviceId: string): number;
  /** Keeps the promised ceilings; called after slices came in. */
  trim(deviceId: string): void;
  /** Incomplete chunks held for all devices. */
  partialBytes(): number;
}

export function createShelf(documents: Pick<Documents, 'store'>, limits: LineLimitsAshore): Shelf {
  // Insertion order is age: taking an assembly again makes it young.
  const devices = new Map<string, Map<string, Assembly>>();
  const all = new Set<Assembly>();

  const forget = (assembly: Assembly) => {
    all.delete(assembly);
    const uploads = devices.get(assembly.deviceId);
    if (uploads?.get(assembly.uploadId) !== assembly) return;
    uploads.delete(assembly.uploadId);
    if (uploads.size === 0) devices.delete(assembly.deviceId);
  };
  const partialBytes = (assemblies: Iterable<Assembly>) => {
    let sum = 0;
    for (const assembly of assemblies) sum += assembly.partialBytes;
    return sum;
  };
  const of = (deviceId: string) => devices.get(deviceId)?.values() ?? [];
  const shrink = (assemblies: Iterable<Assembly>, maxBytes: number) => {
    let excess = partialBytes(assemblies) - maxBytes;
    for (const assembly of assemblies) {
      if (excess <= 0) return;
      const before = assembly.partialBytes;
      assembly.shrink(Math.max(0, before - excess));
      excess -= before - assembly.partialBytes;
    }
  };

  let sinceTotal = 0;
  return {
    take(deviceId, uploadId) {
      const uploads = devices.get(deviceId) ?? new Map<string, Assembly>();
      devices.set(deviceId, uploads);
      const assembly = uploads.get(uploadId) ?? new Assembly({ deviceId, uploadId }, documents, limits);
      uploads.delete(uploadId);
      uploads.set(uploadId, assembly);
      all.delete(assembly);
      all.add(assembly);
      if (all.size > limits.shelvedUploadsMax) {
        const oldest = [...all].find((one) => !one.owner && one.isIdle);
        if (oldest) forget(oldest);
      }
      return assembly;
    },
    of: (deviceId) => [...of(deviceId)],
    forget,
    readyBytes(deviceId) {
      let sum = 0;
      for (const assembly of of(deviceId)) sum += assembly.readyBytes;
      return sum;
    },
    trim(deviceId) {
      const uploads = devices.get(deviceId);
      if (uploads) shrink([...uploads.values()], limits.partialMaxBytes);
      // All yachts together are looked at now and then: one frame adds little.
      sinceTotal += 1;
      if (sinceTotal < 64) return;
      sinceTotal = 0;
      if (partialBytes(all) > limits.partialTotalMaxBytes) shrink([...all], limits.partialTotalMaxBytes);
    },
    partialBytes: () => partialBytes(all),
  };
}
