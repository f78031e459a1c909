// What kind of file system a folder lies on, by the number the kernel gives: it decides whether changes are told of, and
// whether what is written there is there tomorrow.
import { statfs } from 'node:fs/promises';

export interface FileSystem {
  readonly name: string;
  /** Over the network: changes made by others are not told of, the rescan finds them. */
  readonly network: boolean;
  /** Gone after a restart. */
  readonly volatile: boolean;
  readonly freeBytes: number;
}

/** statfs(2), f_type. */
const kinds: ReadonlyMap<number, readonly [name: string, kind: 'disk' | 'network' | 'memory']> = new Map([
  [0xef53, ['ext4', 'disk']],
  [0x58465342, ['xfs', 'disk']],
  [0x9123683e, ['btrfs', 'disk']],
  [0x2fc12fc1, ['zfs', 'disk']],
  [0xf2f52010, ['f2fs', 'disk']],
  [0x794c7630, ['overlay', 'disk']],
  [0x4d44, ['vfat', 'disk']],
  [0x2011bab0, ['exfat', 'disk']],
  [0x01021994, ['tmpfs', 'memory']],
  [0x858458f6, ['ramfs', 'memory']],
  [0x6969, ['nfs', 'network']],
  [0xff534d42, ['cifs', 'network']],
  [0xfe534d42, ['smb2', 'network']],
  [0x517b, ['smb', 'network']],
  [0x65735546, ['fuse', 'network']],
  [0x01021997, ['9p', 'network']],
]);

export async function fileSystemOf(path: string): Promise<FileSystem> {
  const { type, bavail, bsize } = await statfs(path);
  const [name, kind] = kinds.get(type >>> 0) ?? [`type 0x${(type >>> 0).toString(16)}`, 'disk'];
  return { name, network: kind === 'network', volatile: kind === 'memory', freeBytes: bavail * bsize };
}
