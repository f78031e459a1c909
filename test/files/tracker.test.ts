// The tracker's rules. F1: at most one upload of a watched path has not ended. F2: a number is never given twice. F3: what
// the shore has is not sent again. Real files, real machines, a host in memory.

import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { createComparer } from '../../agent/files/compare.ts';
import { fileRowKey, readFileRow, statFromJson, unchangedSince } from '../../agent/files/file-row.ts';
import { chunkRowKey, createLedger } from '../../agent/files/ledger.ts';
import type { InventoryItem } from '../../agent/files/reconcile.ts';
import { createSettler, lookOnce, type SettledStat } from '../../agent/files/settle.ts';
import type { Spooled } from '../../agent/files/spool.ts';
import { createTracker, type Tracked } from '../../agent/files/tracker.ts';
import type { Files } from '../../agent/ports.ts';
import { mintUlid } from '../../cloud/contract/ids.ts';
import { nameFromBytes } from '../../cloud/contract/name.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { cutAll, pseudoRandom } from './support/content.ts';
import { fileError, meddledFiles, nextFileTime, type TestFolder, testFolder } from './support/folder.ts';
import { SmallHost } from './support/small-host.ts';

function aboard(folder: TestFolder, host = new SmallHost(), files: Files = nodeFiles()) {
  const clock = new FakeClock();
  let drawn = 0;
  const random = { bytes: (count: number) => new Uint8Array(count).fill(++drawn), unit: () => 0.5 };
  const { roots } = folder;
  const settler = createSettler({ files, clock, roots });
  const ledger = createLedger(host);
  const holdsWhatIsStored = createComparer({ files, roots, ledger });
  const tracker = createTracker({ host, files, clock, random, roots, settler, holdsWhatIsStored });
  return {
    host,
    tracker,
    ledger,
    async sight(name: string | Uint8Array): Promise<Tracked> {
      const path = Buffer.from(name as string);
      const stat = await nodeFiles().stat(Buffer.concat([Buffer.from(`${folder.watched}/`), path]));
      nextFileTime(folder);
      return tracker.sighted({ folder: 'papers', path, stat, priority: 5 });
    },
    row: (name: string) => readFileRow(host.kept.get(fileRowKey('papers', Buffer.from(name)))!),
    async settled(uploadId: string, name: string): Promise<void> {
      const stat = await lookOnce(files, roots, { kind: 'watched', folder: 'papers', path: name });
      await host.answer(uploadId, { type: 'file.settled', stat: { ...(stat as SettledStat) } });
      nextFileTime(folder);
    },
    async stored(uploadId: string, content: Uint8Array): Promise<void> {
      const sha256 = createHash('sha256').update(content).digest('hex');
      await host.answer(uploadId, { type: 'document.sent', lengthBytes: content.length, sha256, chunks: 1 });
      const receipt = { documentId: 'd', receipt: 'r', signature: 's', keyId: 'k', storedMs: 1 };
      await host.answer(uploadId, { type: 'upload.stored', ...receipt });
    },
  };
}

function created(tracked: Tracked): string {
  if (tracked.did !== 'created') throw new Error(`expected a version, but: ${JSON.stringify(tracked)}`);
  return tracked.uploadId;
}

const nothing = (why: string) => ({ did: 'nothing', why });
const a = pseudoRandom(100_000, 1);
const b = pseudoRandom(100_000, 2);

describe('sightings', () => {
  test('a new file becomes version 1 of its path, under its folder’s label', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const tracked = await ship.sight('a.txt');
    expect(tracked).toMatchObject({ did: 'created', version: 1 });
    const { context } = ship.host.cells.get(`upload/${created(tracked)}`)!;
    expect(context).toMatchObject({ name: 'papers/a.txt', version: 1, priority: 5 });
    expect(context.source).toEqual({ kind: 'watched', folder: 'papers', path: 'a.txt' });
  });

  test('while it is under way it is not sighted again, changed or not: F1', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    appendFileSync(folder.at('a.txt'), 'more');
    expect(await ship.sight('a.txt')).toEqual(nothing('under-way'));
    await ship.settled(first, 'a.txt');
    appendFileSync(folder.at('a.txt'), 'more');
    expect(await ship.sight('a.txt')).toEqual(nothing('under-way'));
    expect(ship.host.cells.size).toBe(1);
  });

  test('sighted by scan and hint at the same moment, it is one version', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const both = await Promise.all([ship.sight('a.txt'), ship.sight('a.txt')]);
    expect(both.map(({ did }) => did).sort()).toEqual(['created', 'nothing']);
  });

  test('ashore and unchanged it is left alone, also without asking its upload again', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    await ship.stored(first, a);
    expect(await ship.sight('a.txt')).toEqual(nothing('unchanged'));
    ship.host.cells.clear(); // the receipt was forgotten long since
    expect(await ship.sight('a.txt')).toEqual(nothing('unchanged'));
  });

  test.each([
    ['grown', (path: string) => appendFileSync(path, 'x')],
    ['rewritten with the same length', (path: string) => writeFileSync(path, b)],
    [
      'replaced by rename',
      (path: string) => {
        writeFileSync(`${path}.new`, b);
        renameSync(`${path}.new`, path);
      },
    ],
  ])('%s after it was stored, it is the next version, and knows what the shore has', async (_, change) => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    await ship.stored(first, a);
    change(folder.at('a.txt'));
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 2 });
    expect(ship.row('a.txt').stored).toMatchObject({ version: 1, lengthBytes: a.length });
  });

  test('changed during the upload: when that upload gives way, the next version is made, even if the stat is as before', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    await ship.host.answer(first, { type: 'source.changed' });
    expect(ship.host.stateOf(first)).toBe('cancelled');
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 2 });
  });

  test('cancelled by a person it stays away until it changes', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.host.send(`upload/${first}`, { type: 'cancel', by: 'cli' });
    expect(await ship.sight('a.txt')).toEqual(nothing('unchanged'));
    appendFileSync(folder.at('a.txt'), 'x');
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 2 });
  });

  test('an upload that the log lost is made anew under the next number: F2', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    created(await ship.sight('a.txt'));
    ship.host.cells.clear();
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 2 });
  });

  test('twins in composed and decomposed form, and names that are no text, are files of their own', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    const names = ['caf\u00e9', 'cafe\u0301', Buffer.from([0xff, 0x0a])];
    for (const name of names) {
      writeFileSync(Buffer.concat([Buffer.from(`${folder.watched}/`), Buffer.from(name as string)]), a);
      expect(await ship.sight(name)).toMatchObject({ did: 'created', version: 1 });
    }
    const inputs = [...ship.host.cells.values()].map(({ context }) => context.name);
    expect(inputs).toEqual(
      names.map((name) =>
        nameFromBytes(Buffer.concat([Buffer.from('papers/'), Buffer.from(name as string)])),
      ),
    );
  });

  test('a renamed file is a document of its own; the old one is not touched', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    renameSync(folder.at('a.txt'), folder.at('b.txt'));
    expect(await ship.sight('b.txt')).toMatchObject({ did: 'created', version: 1 });
    expect(ship.host.stateOf(first)).toBe('settling');
  });
});

describe('files that went away', () => {
  test('vanished and back, the same upload goes on', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    unlinkSync(folder.at('a.txt'));
    await ship.host.answer(first, { type: 'file.vanished' });
    expect(ship.host.stateOf(first)).toBe('parked');
    writeFileSync(folder.at('a.txt'), b);
    expect(await ship.sight('a.txt')).toEqual({ did: 'returned', uploadId: first });
    expect(ship.host.stateOf(first)).toBe('settling');
  });

  test('unreadable it is parked with the reason; each scan tries the door, and logs nothing while it is shut', async () => {
    const folder = testFolder();
    let shut = true;
    const files = meddledFiles({
      beforeOpen: () => {
        if (shut) throw fileError('EACCES');
      },
    });
    const ship = aboard(folder, new SmallHost(), files);
    writeFileSync(folder.at('a.txt'), a);
    chmodSync(folder.at('a.txt'), 0);
    const first = created(await ship.sight('a.txt'));
    await ship.host.answer(first, {
      type: 'file.unreadable',
      code: 'TENDER_SOURCE_UNREADABLE',
      message: 'no',
    });
    const before = ship.host.accepted.length;
    for (let scan = 0; scan < 5; scan++) expect(await ship.sight('a.txt')).toEqual(nothing('under-way'));
    expect(ship.host.accepted.length).toBe(before);
    shut = false;
    chmodSync(folder.at('a.txt'), 0o600);
    expect(await ship.sight('a.txt')).toEqual({ did: 'returned', uploadId: first });
  });

  test('parked because the shore refuses it, it is left to a person, until it changes: then the new state takes its place', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    const refusal = { class: 'ITEM', code: 'TENDER_X', message: 'too odd', delayMs: 0, permanent: true };
    await ship.host.answer(first, { type: 'send.failed', ...refusal });
    expect(await ship.sight('a.txt')).toEqual(nothing('unchanged'));
    appendFileSync(folder.at('a.txt'), 'x');
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 2 });
    expect(ship.host.stateOf(first)).toBe('cancelled');
  });
});

describe('equal content', () => {
  test('A → B → A: only the version surely at the head ashore lets the same content be skipped', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    const asA = { lengthBytes: a.length, sha256: createHash('sha256').update(a).digest('hex') };
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    await ship.stored(first, a);
    // Touched, same content: version 2 may be skipped.
    writeFileSync(folder.at('a.txt'), a);
    const second = created(await ship.sight('a.txt'));
    expect(unchangedSince(ship.row('a.txt'), 2, asA)).toBe(1);
    await ship.settled(second, 'a.txt');
    await ship.host.answer(second, { type: 'content.unchanged', version: 1 });
    expect(await ship.sight('a.txt')).toEqual(nothing('unchanged'));
    // B, stored; then A again: version 1 is no longer the head.
    writeFileSync(folder.at('a.txt'), b);
    const third = created(await ship.sight('a.txt'));
    expect(unchangedSince(ship.row('a.txt'), 3, asA)).toBe(1);
    await ship.settled(third, 'a.txt');
    await ship.stored(third, b);
    writeFileSync(folder.at('a.txt'), a);
    expect(await ship.sight('a.txt')).toMatchObject({ version: 4 });
    expect(unchangedSince(ship.row('a.txt'), 4, asA)).toBeUndefined();
  });

  test('after B was cancelled by a person nobody knows the head: A is sent again', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    await ship.stored(first, a);
    writeFileSync(folder.at('a.txt'), b);
    const second = created(await ship.sight('a.txt'));
    await ship.host.send(`upload/${second}`, { type: 'cancel', by: 'cli' });
    writeFileSync(folder.at('a.txt'), a);
    created(await ship.sight('a.txt'));
    expect(ship.row('a.txt').stored).toBeNull();
  });

  test('after B was superseded it may be ashore all the same, its finish sent before a crash: A is sent again', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    await ship.stored(first, a);
    writeFileSync(folder.at('a.txt'), b);
    const second = created(await ship.sight('a.txt'));
    await ship.settled(second, 'a.txt');
    writeFileSync(folder.at('a.txt'), a);
    await ship.host.answer(second, { type: 'source.changed' });
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 3 });
    expect(ship.row('a.txt').stored).toBeNull();
  });
});

describe('added documents', () => {
  const spooled = (drawn: number): Spooled => {
    const uploadId = mintUlid(1, new Uint8Array(10).fill(drawn));
    const about = { name: 'report.pdf', priority: 1, addedMs: 1 };
    return { uploadId, spool: `${uploadId}.bytes`, sizeBytes: 10, about };
  };

  test('the same name again is the next version; the same upload again is queued once', async () => {
    const ship = aboard(testFolder());
    expect(await ship.tracker.added(spooled(1))).toMatchObject({ version: 1 });
    expect(await ship.tracker.added(spooled(2))).toMatchObject({ version: 2 });
    expect(await ship.tracker.added(spooled(2))).toMatchObject({ version: 2 });
    expect([...ship.host.cells.values()].map(({ context }) => context.name)).toEqual([
      'added/report.pdf',
      'added/report.pdf',
    ]);
  });

  test('one that a broken log lost while its row was kept is queued again, under its own number', async () => {
    const ship = aboard(testFolder());
    const { uploadId } = await ship.tracker.added(spooled(1));
    ship.host.cells.clear();
    await ship.tracker.adopt([spooled(1)]);
    expect(ship.host.cells.get(`upload/${uploadId}`)?.context.version).toBe(1);
  });

  test('while one is on its way, nothing is surely the head ashore for the next', async () => {
    const ship = aboard(testFolder());
    const { uploadId } = await ship.tracker.added(spooled(1));
    await ship.tracker.added(spooled(2));
    const row = () => readFileRow(ship.host.kept.get(fileRowKey('added', Buffer.from('report.pdf')))!);
    expect(row().stored).toBeNull();
    await ship.stored(uploadId, a);
    expect(row().version).toBe(2);
  });
});

describe('after a rebuilt log', () => {
  async function* pages(...items: InventoryItem[]): AsyncIterable<InventoryItem[]> {
    for (const item of items) yield [item];
  }
  const onShore = (name: string, version: number, content: Uint8Array): InventoryItem => ({
    name,
    version,
    uploadId: mintUlid(9, new Uint8Array(10).fill(200)),
    lengthBytes: content.length,
    sha256: createHash('sha256').update(content).digest(),
  });

  test('no version is made until the inventory is in, also across a restart', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    await ship.tracker.oweInventory();
    expect(await ship.sight('a.txt')).toEqual(nothing('inventory-owed'));
    const again = aboard(folder, ship.host);
    await again.tracker.open();
    expect(await again.sight('a.txt')).toEqual(nothing('inventory-owed'));
    await again.tracker.reconcile(pages());
    expect(await again.sight('a.txt')).toMatchObject({ did: 'created', version: 1 });
    const third = aboard(folder, ship.host);
    await third.tracker.open();
    expect(third.tracker.inventoryOwed).toBe(false);
  });

  test('F3: what the shore has is recognised by its bytes, sent by nobody, and its chunks are known again', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    await ship.tracker.reconcile(pages(onShore('papers/a.txt', 7, a)));
    expect(await ship.sight('a.txt')).toEqual(nothing('unchanged'));
    expect(ship.host.cells.size).toBe(0);
    let from = 0;
    for (const cut of cutAll(a)) {
      const id = createHash('sha256').update(a.subarray(from, cut)).digest();
      expect(await ship.ledger.has(id)).toBe(true);
      expect(ship.host.kept.has(chunkRowKey(id))).toBe(true);
      from = cut;
    }
    expect(await ship.sight('a.txt')).toEqual(nothing('unchanged'));
  });

  test('what differs from the shore goes on from the shore’s number', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    await ship.tracker.reconcile(pages(onShore('papers/a.txt', 7, a)));
    writeFileSync(folder.at('a.txt'), b);
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 8 });
  });

  test('an upload aboard that claims the shore’s number gives way; a newer one stays', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    writeFileSync(folder.at('b.txt'), b);
    const claimed = created(await ship.sight('a.txt'));
    const newer = created(await ship.sight('b.txt'));
    await ship.host.send(`upload/${newer}`, { type: 'cancel', by: 'cli' });
    appendFileSync(folder.at('b.txt'), 'x');
    const second = created(await ship.sight('b.txt'));
    await ship.tracker.reconcile(pages(onShore('papers/a.txt', 1, b), onShore('papers/b.txt', 1, b)));
    expect(ship.host.stateOf(claimed)).toBe('cancelled');
    expect(ship.host.stateOf(second)).toBe('settling');
    expect(await ship.sight('a.txt')).toMatchObject({ did: 'created', version: 2 });
  });

  test('of an upload that the shore has and the log does not, the shore’s word is the head: what was before is not', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    const as = (bytes: Uint8Array) => ({
      lengthBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    writeFileSync(folder.at('a.txt'), a);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    await ship.stored(first, a);
    writeFileSync(folder.at('a.txt'), b);
    const second = created(await ship.sight('a.txt'));
    await ship.settled(second, 'a.txt');
    // Stored, and the records of that are lost; the file is A again.
    writeFileSync(folder.at('a.txt'), a);
    await ship.tracker.oweInventory();
    await ship.tracker.reconcile(pages({ ...onShore('papers/a.txt', 2, b), uploadId: second }));
    expect(ship.row('a.txt')).toMatchObject({ uploadId: second, stored: { version: 2, ...as(b) } });
    expect(unchangedSince(ship.row('a.txt'), 2, as(a))).toBeUndefined();
    // Its own content is no reason to give it up: the shore has a receipt for it.
    expect(unchangedSince(ship.row('a.txt'), 2, as(b))).toBeUndefined();
  });

  test('a file added before the log broke waits in the spool for the inventory; a new one is refused with what to do', async () => {
    const ship = aboard(testFolder());
    await ship.tracker.oweInventory();
    const uploadId = mintUlid(1, new Uint8Array(10).fill(5));
    const orphan = {
      uploadId,
      spool: `${uploadId}.bytes`,
      sizeBytes: 3,
      about: { name: 'x', priority: 5, addedMs: 1 },
    };
    await expect(ship.tracker.added(orphan)).rejects.toMatchObject({ code: 'TENDER_INVENTORY_OWED' });
    await ship.tracker.adopt([orphan]);
    expect(ship.host.cells.size).toBe(0);
    await ship.tracker.reconcile(pages(onShore('added/x', 3, a)));
    expect(ship.host.cells.get(`upload/${uploadId}`)!.context.version).toBe(4);
  });

  test('F1 and F2: an upload that outlived its row is known again, and its number is not given twice', async () => {
    const folder = testFolder();
    const ship = aboard(folder);
    writeFileSync(folder.at('a.txt'), a);
    writeFileSync(folder.at('b.txt'), b);
    const first = created(await ship.sight('a.txt'));
    await ship.settled(first, 'a.txt');
    const second = created(await ship.sight('b.txt'));
    await ship.settled(second, 'b.txt');
    await ship.stored(second, b);
    const uploadId = mintUlid(1, new Uint8Array(10).fill(5));
    const about = { name: 'x', priority: 5, addedMs: 1 };
    await ship.tracker.added({ uploadId, spool: `${uploadId}.bytes`, sizeBytes: 3, about });
    ship.host.kept.clear();
    await ship.tracker.oweInventory();
    await ship.tracker.reconcile(pages());
    expect(await ship.sight('a.txt')).toEqual(nothing('under-way'));
    expect(await ship.sight('b.txt')).toEqual(nothing('unchanged'));
    const next = mintUlid(2, new Uint8Array(10).fill(6));
    const again = await ship.tracker.added({ uploadId: next, spool: `${next}.bytes`, sizeBytes: 3, about });
    expect(again).toEqual({ uploadId: next, version: 2 });
    expect(ship.host.cells.size).toBe(4);
  });

  test('names that no agent of ours gave are passed over', async () => {
    const ship = aboard(testFolder());
    await ship.tracker.reconcile(pages(onShore('no-slash', 1, a), onShore('/x', 1, a), onShore('Ä/x', 1, a)));
    expect([...ship.host.kept.keys()]).toEqual(['inventory']);
  });
});

test('a stat goes through the log unchanged, inodes beyond 2^53 too', () => {
  const stat = {
    kind: 'file' as const,
    sizeBytes: 5,
    mtimeNs: '1795186685830445252',
    ctimeNs: '1',
    inode: '18446744073709551615',
    device: '66306',
  };
  expect(statFromJson(JSON.parse(JSON.stringify({ ...stat, digest: 'beside it' })))).toEqual(stat);
  expect(statFromJson(null)).toBeUndefined();
});
