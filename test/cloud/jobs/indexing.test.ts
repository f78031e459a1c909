// Indexing with a real PostgreSQL, a real worker and real children: what becomes searchable, what is tried again, what is
// put aside, and that one document's misfortune is nobody else's.
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../cloud/adapters/system-clock.ts';
import { CloudError } from '../../../cloud/cloud-error.ts';
import type { BlobStore } from '../../../cloud/ports.ts';
import { docx, pdf, zipBomb } from '../extract/documents.ts';
import { openTestShore, type TestShore, until } from '../support/test-shore.ts';

let shore: TestShore | undefined;
afterEach(async () => {
  await shore?.close();
  shore = undefined;
});

type Yacht = Awaited<ReturnType<TestShore['addYacht']>>;

const notices = (s: TestShore, yacht: Yacht) => s.store.noticesAfter(yacht.scope, 0, 100);
const noticesOf = (s: TestShore, yacht: Yacht, count: number) =>
  until(`${count} notices`, async () => {
    const found = await notices(s, yacht);
    return found.length >= count && found;
  });

describe('indexing', () => {
  it('makes documents searchable by phrase with the hit marked, and by name when they hold no text', async () => {
    shore = await openTestShore({ worker: true });
    const yacht = await shore.addYacht('Aurelia');
    await shore.put(yacht.scope, 'scans/manual.pdf', pdf('grease the port anchor windlass monthly'));
    await shore.put(
      yacht.scope,
      'scans/stores.docx',
      docx('Seven shackles &amp; one "spare" block &lt; 5 t'),
    );
    await shore.put(yacht.scope, 'photos/harbour-monaco.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 1, 2]));
    await shore.put(yacht.scope, 'scans/empty.txt', Buffer.alloc(0));
    const told = await noticesOf(shore, yacht, 4);
    expect(told.map((notice) => notice.sequence)).toEqual([1, 2, 3, 4]);
    expect(told.every((notice) => notice.kind === 'indexed')).toBe(true);
    const reasons = told.map((notice) => notice.reason).sort();
    expect(reasons).toEqual(['', '', 'it is empty', 'its kind holds no text that can be read']);

    const { token } = await shore.addToken(yacht.tenantId, ['search']);
    const search = async (q: string) => {
      const response = await shore!.get(`/v1/documents?q=${encodeURIComponent(q)}`, token);
      const body = (await response.json()) as {
        hits: { display_name: string; snippet_html: string; matched: string }[];
      };
      return body.hits;
    };
    const [windlass] = await search('"anchor windlass"');
    expect(windlass).toMatchObject({ display_name: 'scans/manual.pdf', matched: 'text' });
    expect(windlass?.snippet_html).toContain('<mark>');
    const [shackles] = await search('shackles');
    expect(shackles?.snippet_html).toContain('&#38; one &#34;spare&#34;');
    expect(shackles?.snippet_html.replace(/<\/?mark>/g, '')).not.toMatch(/[<>]/);
    expect(await search('monaco')).toMatchObject([
      { display_name: 'photos/harbour-monaco.jpg', matched: 'name' },
    ]);
    expect(await search('nothing-of-the-kind')).toEqual([]);
  });

  it('a bomb and a broken document are put aside with a reason while another document is indexed', async () => {
    shore = await openTestShore({
      worker: true,
      settings: { extract_memory_max: '200MB', extract_wall_max: '4s' },
    });
    const yacht = await shore.addYacht('Aurelia');
    const bomb = await shore.put(yacht.scope, 'a/bomb.docx', zipBomb());
    const broken = await shore.put(yacht.scope, 'a/broken.docx', docx('x').subarray(0, 100));
    const fine = await shore.put(yacht.scope, 'a/fine.txt', Buffer.from('all well aboard'));
    const told = await noticesOf(shore, yacht, 3);
    const of = (documentId: string) => told.find((notice) => notice.documentId === documentId);
    expect(of(fine.documentId)).toMatchObject({ kind: 'indexed', passages: 1 });
    expect(of(bomb.documentId)).toMatchObject({ kind: 'index-failed', reason: expect.stringMatching(/\w/) });
    expect(of(broken.documentId)).toMatchObject({
      kind: 'index-failed',
      reason: expect.stringContaining('cannot be read'),
    });
    const aside = await shore.library.quarantine(yacht.tenantId, 10);
    expect(aside.map((row) => row.code).every((code) => code.startsWith('TENDER_EXTRACT_'))).toBe(true);
    expect(aside).toHaveLength(2);

    // An admin may ask for another try: it ends the same way and is told again.
    const { token } = await shore.addToken(yacht.tenantId, ['admin']);
    const response = await fetch(`${shore.url}/v1/documents/${broken.documentId}/versions/1/index`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(202);
    expect((await noticesOf(shore, yacht, 4)).at(-1)).toMatchObject({ kind: 'index-failed', sequence: 4 });
  });

  it('indexing down, then back: the document waits without using up anything and is indexed then', async () => {
    let down = true;
    let tries = 0;
    const wrapBlobs = (blobs: BlobStore): BlobStore => ({
      ...blobs,
      read: (tenantId, place) => {
        tries++;
        return down
          ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
          : blobs.read(tenantId, place);
      },
    });
    shore = await openTestShore({ worker: true, wrapBlobs });
    const yacht = await shore.addYacht('Aurelia');
    await shore.put(yacht.scope, 'log.txt', Buffer.from('wind south west five'));
    await until('three tries', () => tries >= 3);
    expect(await notices(shore, yacht)).toEqual([]);
    down = false;
    const [told] = await noticesOf(shore, yacht, 1);
    expect(told).toMatchObject({ kind: 'indexed', passages: 1, sequence: 1 });
    expect(shore.lines.some((line) => line.fields.code === 'index.postponed')).toBe(true);
  });

  it('bytes that are gone are not waited for without end: the yacht is told', async () => {
    const wrapBlobs = (blobs: BlobStore): BlobStore => ({
      ...blobs,
      read: () => Promise.reject(new CloudError('TENDER_BLOB_MISSING')),
    });
    shore = await openTestShore({ worker: true, wrapBlobs });
    const yacht = await shore.addYacht('Aurelia');
    await shore.put(yacht.scope, 'log.txt', Buffer.from('wind south west five'));
    const [told] = await noticesOf(shore, yacht, 1);
    expect(told).toMatchObject({ kind: 'index-failed', reason: expect.stringContaining('missing ashore') });
  });

  it('a new version replaces the passages of the old one', async () => {
    shore = await openTestShore({ worker: true });
    const yacht = await shore.addYacht('Aurelia');
    await shore.put(yacht.scope, 'log.txt', Buffer.from('bilge dry'));
    await noticesOf(shore, yacht, 1);
    await shore.put(yacht.scope, 'log.txt', Buffer.from('bilge wet'), 2);
    await noticesOf(shore, yacht, 2);
    expect((await shore.library.search(yacht.tenantId, { text: 'dry', limit: 5 })).hits).toEqual([]);
    expect((await shore.library.search(yacht.tenantId, { text: 'wet', limit: 5 })).hits).toMatchObject([
      { version: 2 },
    ]);
  });

  it("a live worker's job is its own, however long it takes", async () => {
    const wrapBlobs = (blobs: BlobStore): BlobStore => ({
      ...blobs,
      read: async (tenantId, place) => {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        return blobs.read(tenantId, place);
      },
    });
    shore = await openTestShore({ worker: true, wrapBlobs });
    const yacht = await shore.addYacht('Aurelia');
    await shore.put(yacht.scope, 'log.txt', Buffer.from('wind south west five'));
    await noticesOf(shore, yacht, 1);
    expect(shore.lines.filter((line) => line.fields.code === 'worker.unlocked')).toEqual([]);
    expect(shore.lines.find((line) => line.fields.code === 'index.done')?.fields.attempt).toBe(1);
  });

  it('a worker that stops gives back what it cannot finish, and the next one finishes it', async () => {
    let hanging = true;
    const wrapBlobs = (blobs: BlobStore): BlobStore => ({
      ...blobs,
      read: (tenantId, place) =>
        hanging && place.offset > 0 ? new Promise(() => {}) : blobs.read(tenantId, place),
    });
    shore = await openTestShore({ worker: true, wrapBlobs });
    const yacht = await shore.addYacht('Aurelia');
    await shore.put(yacht.scope, 'log.txt', Buffer.from('wind south west five. '.repeat(5000)));
    await until('the worker to be at it', async () => (await shore!.library.counts()).jobsRunning === 1);
    const started = performance.now();
    await shore.shore.stop();
    expect(performance.now() - started).toBeLessThan(8000);
    expect(shore.lines.some((line) => line.fields.code === 'index.released')).toBe(true);
    expect(await shore.library.counts()).toMatchObject({ jobsQueued: 1, jobsRunning: 0 });
    hanging = false;
    await shore.restart();
    expect(await noticesOf(shore, yacht, 1)).toMatchObject([{ kind: 'indexed' }]);
  });

  it('jobs of a worker that was killed are taken over at once', async () => {
    shore = await openTestShore({ worker: false });
    const yacht = await shore.addYacht('Aurelia');
    await shore.put(yacht.scope, 'log.txt', Buffer.from('wind south west five'));
    // What a worker leaves that was killed ten seconds ago in the middle of this document.
    const owner = new (await import('pg')).default.Client({ connectionString: shore.fresh.ownerUrl });
    await owner.connect();
    await owner.query(
      "update graphile_worker._private_jobs set locked_by = 'worker-dead', locked_at = now() - interval '10 s', attempts = 1",
    );
    const { openJobsPool } = await import('../../../cloud/jobs/pool.ts');
    const { openLiveness } = await import('../../../cloud/jobs/liveness.ts');
    const quiet = { info: () => {}, warn: () => {}, error: () => {} };
    const pool = openJobsPool(shore.fresh.jobsUrl, 1, quiet);
    const alive = await openLiveness(pool, systemClock);
    const other = await openLiveness(pool, systemClock);
    await other.announce('worker-alive');
    expect(await alive.unlockDead()).toEqual(['worker-dead']);
    await owner.query(
      "update graphile_worker._private_jobs set locked_by = 'worker-alive', locked_at = now() - interval '10 s'",
    );
    expect(await alive.unlockDead()).toEqual([]);
    other.close();
    await until('the lock to go with its connection', async () => (await alive.unlockDead()).length === 1);
    alive.close();
    await pool.end();
    await owner.end();
  });
});
