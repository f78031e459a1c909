import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, open, readdir, readlink, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../cloud/adapters/system-clock.ts';
import { type DiskOptions, openDiskBlobs } from '../../cloud/blobs/disk.ts';
import type { SegmentFile } from '../../cloud/blobs/segment-writer.ts';
import type { BlobStore } from '../../cloud/ports.ts';
import { blobContract } from '../contracts/blob-contract.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'tender-blobs-'));

blobContract('disk', async () => {
  const directory = await newFolder();
  return {
    blobs: await openDiskBlobs({ directory, random: systemRandom }),
    cleanUp: () => rm(directory, { recursive: true }),
  };
});

describe('segments on disk', () => {
  let directory: string;
  const opened: BlobStore[] = [];
  const tenant = randomUUID();
  beforeEach(async () => {
    directory = await newFolder();
  });
  afterEach(async () => {
    for (const blobs of opened.splice(0)) await blobs.close();
    await rm(directory, { recursive: true });
  });
  async function disk(options: Partial<DiskOptions> = {}): Promise<BlobStore> {
    const blobs = await openDiskBlobs({ directory, random: systemRandom, ...options });
    opened.push(blobs);
    return blobs;
  }
  const segments = () => readdir(join(directory, tenant));
  const text = async (blobs: BlobStore, place: { segment: string; offset: number; length: number }) =>
    Buffer.from(await blobs.read(tenant, place)).toString();

  /** A real segment file that counts, and fails where told. */
  function faulty(fault: (operation: 'writev' | 'datasync', bytes: number) => Error | 'half' | undefined) {
    const seen = { writes: 0, syncs: 0, order: [] as string[] };
    const createFile = async (path: string): Promise<SegmentFile> => {
      const file = await open(path, 'wx');
      return {
        async writev(buffers, position) {
          seen.writes += 1;
          seen.order.push('writev');
          const found = fault('writev', position);
          if (found === 'half') return file.writev([buffers[0]!.subarray(0, 2)], position);
          if (found) throw found;
          return file.writev(buffers, position);
        },
        async datasync() {
          seen.syncs += 1;
          seen.order.push('datasync');
          const found = fault('datasync', 0);
          if (found instanceof Error) throw found;
          return file.datasync();
        },
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
      };
    };
    return { seen, createFile };
  }
  const errno = (code: string) => Object.assign(new Error(code), { code });

  test('a segment never grows past its limit and no chunk lies in two', async () => {
    const blobs = await disk({ limits: { segmentMaxBytes: 1_000 } });
    const chunks = Array.from({ length: 20 }, () => randomBytes(300));
    const places = await blobs.append(tenant, chunks);
    for (const [i, place] of places.entries())
      expect(Buffer.from(await blobs.read(tenant, place)).equals(chunks[i]!)).toBe(true);
    const sizes = await Promise.all(
      (await segments()).map(async (name) => (await stat(join(directory, tenant, name))).size),
    );
    expect(sizes.filter((size) => size === 900)).toHaveLength(6);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
  });

  test('nobody is answered before an fdatasync that came after the write', async () => {
    const { seen, createFile } = faulty(() => undefined);
    const blobs = await disk({ createFile });
    await blobs.append(tenant, [Buffer.from('x')]).then(() => seen.order.push('answered'));
    expect(seen.order).toEqual(['writev', 'datasync', 'answered']);
  });

  test('one fdatasync covers many callers', async () => {
    const { seen, createFile } = faulty(() => undefined);
    const blobs = await disk({ createFile });
    await Promise.all(Array.from({ length: 200 }, () => blobs.append(tenant, [randomBytes(100)])));
    expect(seen.syncs).toBeLessThanOrEqual(4);
  });

  test('a short write is gone on with until all is written', async () => {
    let halves = 3;
    const { createFile } = faulty((operation) =>
      operation === 'writev' && halves-- > 0 ? 'half' : undefined,
    );
    const blobs = await disk({ createFile });
    const [first, second] = await blobs.append(tenant, [Buffer.from('abcdefgh'), Buffer.from('ijkl')]);
    expect(await text(blobs, first!)).toBe('abcdefgh');
    expect(await text(blobs, second!)).toBe('ijkl');
  });

  test.each(['ENOSPC', 'EDQUOT'])(
    'a full disk (%s) is said to be full, leaves nothing half, and heals',
    async (code) => {
      let full = false;
      const { createFile } = faulty((operation, position) => {
        if (!full || operation !== 'writev') return undefined;
        return position < 7 ? 'half' : errno(code);
      });
      const blobs = await disk({ createFile });
      const [before] = await blobs.append(tenant, [Buffer.from('kept')]);
      full = true;
      await expect(blobs.append(tenant, [Buffer.from('too much')])).rejects.toMatchObject({
        code: 'TENDER_BLOB_STORE_FULL',
        class: 'BUSY',
      });
      const [name] = await segments();
      expect((await stat(join(directory, tenant, name!))).size).toBe(4);
      full = false;
      const [after] = await blobs.append(tenant, [Buffer.from('again')]);
      expect(await text(blobs, before!)).toBe('kept');
      expect(await text(blobs, after!)).toBe('again');
    },
  );

  test('after a failed fdatasync the segment is given up, not synced again', async () => {
    let failing = true;
    const { seen, createFile } = faulty((operation) =>
      operation === 'datasync' && failing ? errno('EIO') : undefined,
    );
    const blobs = await disk({ createFile });
    await expect(blobs.append(tenant, [Buffer.from('lost')])).rejects.toMatchObject({
      code: 'TENDER_STORE_UNAVAILABLE',
    });
    expect(seen.syncs).toBe(1);
    failing = false;
    const [place] = await blobs.append(tenant, [Buffer.from('safe')]);
    expect(place!.offset).toBe(0);
    expect(await segments()).toHaveLength(2);
  });

  test('the next process never writes into a segment whose end a crash may have torn', async () => {
    const first = await disk();
    const [kept] = await first.append(tenant, [Buffer.from('before the crash')]);
    const [name] = await segments();
    await writeFile(join(directory, tenant, name!), 'torn tail', { flag: 'a' });
    const second = await disk();
    const [fresh] = await second.append(tenant, [Buffer.from('after the crash')]);
    expect(fresh!.segment).not.toBe(kept!.segment);
    expect(await text(second, kept!)).toBe('before the crash');
  });

  test('a segment cut short, or gone, is missing bytes, not wrong ones', async () => {
    const blobs = await disk();
    const [place] = await blobs.append(tenant, [Buffer.from('0123456789')]);
    const [name] = await segments();
    await truncate(join(directory, tenant, name!), 5);
    await expect(blobs.read(tenant, place!)).rejects.toMatchObject({ code: 'TENDER_BLOB_MISSING' });
    await rm(join(directory, tenant, name!));
    const fresh = await disk();
    await expect(fresh.read(tenant, place!)).rejects.toMatchObject({ code: 'TENDER_BLOB_MISSING' });
  });

  test.each(['../../etc/passwd', '..', '', 'A'.repeat(32)])(
    'no segment name leads out of the folder: %j',
    async (segment) => {
      const blobs = await disk();
      await expect(blobs.read(tenant, { segment, offset: 0, length: 1 })).rejects.toMatchObject({
        code: 'TENDER_BLOB_MISSING',
      });
      await expect(blobs.append('../elsewhere', [Buffer.from('x')])).rejects.toMatchObject({
        code: 'TENDER_NOT_FOUND',
      });
    },
  );

  test('descriptors stay bounded over many tenants and segments', async () => {
    const blobs = await disk({ limits: { openWritersMax: 4, openReadersMax: 4 } });
    const tenants = Array.from({ length: 30 }, () => randomUUID());
    const ours = async () => {
      const links = await Promise.all(
        (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
      );
      return links.filter((link) => link.startsWith(directory)).length;
    };
    const places = [];
    for (const id of tenants) places.push((await blobs.append(id, [Buffer.from(id)]))[0]!);
    for (const [i, id] of tenants.entries()) await blobs.read(id, places[i]!);
    expect(await ours()).toBeLessThanOrEqual(8);
    const [again] = await blobs.append(tenants[0]!, [Buffer.from('goes on in its segment')]);
    expect(again!.segment).toBe(places[0]!.segment);
    await blobs.close();
    expect(await ours()).toBe(0);
  });

  test('more bytes than may wait at once are turned away as BUSY', async () => {
    const blobs = await disk({ limits: { waitingMaxBytes: 1_000 } });
    const first = blobs.append(tenant, [randomBytes(900)]);
    await expect(blobs.append(tenant, [randomBytes(200)])).rejects.toMatchObject({ class: 'BUSY' });
    await first;
    await blobs.append(tenant, [randomBytes(200)]);
  });

  test('what waits is written before close resolves', async () => {
    const blobs = await disk();
    const waiting = blobs.append(tenant, [Buffer.from('last words')]);
    await blobs.close();
    const [place] = await waiting;
    expect(await text(await disk(), place!)).toBe('last words');
    await expect(blobs.append(tenant, [Buffer.from('x')])).rejects.toMatchObject({ class: 'BUSY' });
  });
});
