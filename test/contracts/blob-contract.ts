// The contract of BlobStore, run by memory and disk.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlobStore } from '../../cloud/ports.ts';

export function blobContract(
  name: string,
  make: () => Promise<{ blobs: BlobStore; cleanUp(): Promise<void> }>,
): void {
  describe(`BlobStore (${name})`, () => {
    let blobs: BlobStore;
    let cleanUp: () => Promise<void>;
    beforeAll(async () => {
      ({ blobs, cleanUp } = await make());
    });
    afterAll(async () => {
      await blobs.close();
      await cleanUp();
    });
    const missing = { code: 'TENDER_BLOB_MISSING' };

    test('what was appended is read back, in the order given', async () => {
      const tenant = randomUUID();
      const chunks = [randomBytes(1), randomBytes(70_000), randomBytes(3), randomBytes(1)];
      const places = await blobs.append(tenant, chunks);
      expect(places.map((place) => place.length)).toEqual([1, 70_000, 3, 1]);
      for (const [i, place] of places.entries())
        expect(Buffer.from(await blobs.read(tenant, place)).equals(chunks[i]!)).toBe(true);
    });
    test('nothing appended has no places', async () => {
      expect(await blobs.append(randomUUID(), [])).toEqual([]);
    });
    test('many callers at once each get their own bytes', async () => {
      const tenants = [randomUUID(), randomUUID(), randomUUID()];
      await Promise.all(
        Array.from({ length: 90 }, async (_, i) => {
          const tenant = tenants[i % 3]!;
          const chunks = [randomBytes(1 + i * 37), randomBytes(2_000)];
          const places = await blobs.append(tenant, chunks);
          for (const [at, place] of places.entries())
            expect(Buffer.from(await blobs.read(tenant, place)).equals(chunks[at]!)).toBe(true);
        }),
      );
    });
    test('the bytes handed over may change afterwards', async () => {
      const tenant = randomUUID();
      const chunk = Buffer.from('as it was');
      const [place] = await blobs.append(tenant, [chunk]);
      chunk.fill(0);
      expect(Buffer.from(await blobs.read(tenant, place!)).toString()).toBe('as it was');
    });
    test("a place of another tenant, or one that never was, is missing: never somebody else's bytes", async () => {
      const tenant = randomUUID();
      const [place] = await blobs.append(tenant, [Buffer.from('mine')]);
      await expect(blobs.read(randomUUID(), place!)).rejects.toMatchObject(missing);
      await expect(blobs.read(tenant, { ...place!, segment: 'f'.repeat(32) })).rejects.toMatchObject(missing);
      await expect(blobs.read(tenant, { ...place!, offset: 1 << 20 })).rejects.toMatchObject(missing);
      await expect(blobs.read(tenant, { ...place!, length: 1 << 20 })).rejects.toMatchObject(missing);
    });
  });
}
