import { describe, expect, onTestFinished, test } from 'vitest';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../../agent/adapters/node-clock.ts';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import { createNotices, cursorKey, type Notice } from '../../../agent/daemon/notices.ts';
import type { Host } from '../../../agent/host/contract.ts';
import { createHost } from '../../../agent/host/host.ts';
import type { Log, LogLine } from '../../../agent/log-line.ts';
import { mintUlid } from '../../../cloud/contract/ids.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

async function aboard() {
  const storage = createLevelStorage(await temporaryDirectory());
  const host = createHost({ storage, clock: nodeClock(), random: nodeRandom(), log: () => {} });
  await host.open();
  onTestFinished(() => host.close());
  const lines: LogLine[] = [];
  const log = (line: LogLine) => lines.push(line);
  let made = 0;
  const upload = async () => {
    const id = mintUlid(1_700_000_000_000 + made, nodeRandom().bytes(10));
    const source = { kind: 'spooled', spool: `${id}.bytes`, sizeBytes: 1 };
    const name = `added/${made++}.txt`;
    await host.create(`upload/${id}`, { source, name, version: 1, priority: 5, addedMs: made });
    return id;
  };
  const said = async (id: string) => {
    const types: string[] = [];
    for await (const record of host.history({ actor: `upload/${id}`, limit: 100 }))
      types.push(record.event.type);
    return types.filter((type) => type.startsWith('document.'));
  };
  return { host, lines, log, upload, said };
}

const notice = (sequence: number, uploadId: string, more: Partial<Notice> = {}): Notice => ({
  sequence,
  uploadId,
  documentId: `document-${sequence}`,
  version: 1,
  kind: 'indexed',
  passages: 3,
  reason: '',
  ...more,
});

const device = 'device-1';

function noticesOf(host: Host, log: Log, deviceId = device) {
  const notices = createNotices({ host, log });
  void notices.cursor(deviceId);
  return notices;
}

describe('notices', () => {
  test('a device that was enrolled anew counts from its own beginning', async () => {
    const { host, log, upload, said } = await aboard();
    const [a, b] = [await upload(), await upload()];
    const notices = noticesOf(host, log);
    await notices.take([notice(1, a)]);
    expect(await notices.cursor('device-2')).toBe(0);
    expect(await notices.take([notice(1, b)])).toBe(1);
    expect([await said(a), await said(b)]).toEqual([['document.indexed'], ['document.indexed']]);
    expect(await notices.cursor(device)).toBe(1);
  });

  test('each becomes one record, and the cursor follows', async () => {
    const { host, log, upload, said } = await aboard();
    const [a, b] = [await upload(), await upload()];
    const notices = noticesOf(host, log);
    expect(await notices.take([notice(1, a), notice(2, b, { kind: 'index-failed', reason: 'poison' })])).toBe(
      2,
    );
    expect([await said(a), await said(b)]).toEqual([['document.indexed'], ['document.indexFailed']]);
    expect(await host.row(cursorKey(device))).toBe('2');
  });

  test('replayed after a lost acknowledgement they change nothing, also over a restart of this part', async () => {
    const { host, log, upload, said } = await aboard();
    const a = await upload();
    await noticesOf(host, log).take([notice(1, a)]);
    const again = noticesOf(host, log);
    expect(await again.cursor(device)).toBe(1);
    const before = host.status().lastSeq;
    expect(await again.take([notice(1, a)])).toBe(1);
    expect(host.status().lastSeq).toBe(before);
    expect(await said(a)).toHaveLength(1);
  });

  test('event and cursor are one batch: a record never lacks its cursor', async () => {
    const { host, log, upload } = await aboard();
    const a = await upload();
    const cursorAtRecord: (string | undefined)[] = [];
    const asked: Promise<void>[] = [];
    host.tail((record) => {
      if (record.event.type === 'document.indexed')
        asked.push(host.row(cursorKey(device)).then((value) => void cursorAtRecord.push(value)));
    });
    await noticesOf(host, log).take([notice(1, a)]);
    await Promise.all(asked);
    expect(cursorAtRecord).toEqual(['1']);
  });

  test('a document nobody knows any more only moves the cursor', async () => {
    const { host, log, lines } = await aboard();
    expect(await noticesOf(host, log).take([notice(1, mintUlid(1, new Uint8Array(10)))])).toBe(1);
    expect(await host.row(cursorKey(device))).toBe('1');
    expect(lines).toEqual([]);
  });

  test('a gap is told to people, and does not stop what comes after it', async () => {
    const { host, log, lines, upload, said } = await aboard();
    const a = await upload();
    expect(await noticesOf(host, log).take([notice(7, a)])).toBe(7);
    expect(lines).toMatchObject([{ level: 'warning', code: 'TENDER_NOTICE_GAP' }]);
    expect(await said(a)).toEqual(['document.indexed']);
  });

  test('calls at once are taken one after the other, in order', async () => {
    const { host, log, upload, said } = await aboard();
    const made = [await upload(), await upload(), await upload()];
    const notices = noticesOf(host, log);
    const cursors = await Promise.all(made.map((id, i) => notices.take([notice(i + 1, id)])));
    expect(cursors).toEqual([1, 2, 3]);
    for (const id of made) expect(await said(id)).toHaveLength(1);
  });
});
