// What may not leave the yacht does not: names, paths, people, hosts, keys and hashes, also where messages name them; and yet
// the redacted log replays, equal names stay equal, and tender's own words stay readable.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import type { LogSource } from '../../agent/bundle/log-source.ts';
import { createPseudonyms } from '../../agent/bundle/pseudonyms.ts';
import { createRedactor } from '../../agent/bundle/redact.ts';
import { createHost } from '../../agent/host/host.ts';
import type { SavedRecord } from '../../machines/bundle.ts';
import { createReplayCheck } from '../../machines/bundle.ts';
import { breakerWords, connectionWords, holdWords, stateWords } from '../../machines/why-words.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { fillLog } from '../support/full-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { bundleOf, withStoppedLog } from './support/made.ts';

const names: readonly (string | { b64: string })[] = [
  'charters/Smith – Charter agreement 2026.pdf',
  'charters/Müller Überfahrt.docx',
  'crew/passports/Ana-María Peña.jpg',
  'crew/passports/Иванов.pdf',
  'medical/Jonathan Blackwood blood test.pdf',
  'Rolex receipt.xlsx',
  'no-extension',
  'Monaco',
  'quote"inside.pdf',
  "O'Brien.pdf",
  '<script>alert(1)</script>.pdf',
  'دفتر.pdf',
  '..hidden.Rockefeller',
  'Zürich/Konto 4711-0815.csv',
  { b64: Buffer.from('Ben\xe9dicte.pdf', 'latin1').toString('base64') },
];
const people = ['captain.haddock', 'Bianca Castafiore', 'bridge-tablet-7', 'Nestor'];
const secrets = {
  document: 'doc_9f8e7d6c5b4a',
  signature: 'c2lnbmF0dXJlLW9mLXRoZS1yZWNlaXB0',
  keyId: 'ed25519-QkFTRTY0',
  receipt: 'eyJ0ZW5hbnQiOiJmbGVldC1hcXVhIn0',
  session: 'sess-55aa77',
};
const sha256 = createHash('sha256').update('the document').digest('hex');

const messages = [
  'The file /mnt/nas/charters/Smith – Charter agreement 2026.pdf cannot be read (EACCES).',
  'connect ECONNREFUSED 203.0.113.77:8443',
  'getaddrinfo ENOTFOUND fleet.example-yachts.com',
  'https://fleet.example-yachts.com/v1/documents/doc_9f8e7d6c5b4a answered 500',
  'certificate of *.example-yachts.com is signed by Marina Wifi CA',
  'Jonathan Blackwood blood test.pdf was refused by scanner-of-Olympe',
  'device 01J9ZZZZZZZZZZZZZZZZZZZZZZ with token tnd_S3cr3tT0k3n is unknown',
  'The disk “Serenade II” is full.',
];

/** Everything that must be nowhere. */
const forbidden = [
  ...names.flatMap((name) =>
    typeof name === 'string'
      ? [name, ...name.split('/')]
      : [Buffer.from(name.b64, 'base64').toString('latin1'), name.b64],
  ),
  ...people,
  ...Object.values(secrets),
  sha256,
  ...'Smith Müller Peña Иванов Blackwood Rolex Monaco Rockefeller Zürich 4711-0815 203.0.113.77 example-yachts Marina Olympe tnd_S3cr3tT0k3n 01J9ZZZZZZZZZZZZZZZZZZZZZZ Serenade nas haddock Castafiore dicte'.split(
    ' ',
  ),
].filter((text) => text.length > 2);

async function filledLog(): Promise<string> {
  const directory = await temporaryDirectory();
  const clock = new FakeClock(Date.UTC(2026, 8, 1));
  const random = new FakeRandom(3, 'redaction');
  const storage = createLevelStorage(directory);
  const host = createHost({ storage, clock, random, log: () => undefined });
  host.setPermits('line', 0);
  await host.open();
  await host.create('connection/main', {});
  await host.send('connection/main', { type: 'start', by: people[0]! });
  const opening = Object.keys((await host.read('connection/main'))!.fx)[0]!;
  await host.send(
    'connection/main',
    { type: 'line.opened', epoch: 3, sessionId: secrets.session, rttMs: 600, fx: opening },
    { src: 'fx' },
  );
  const lost = { class: 'LINK', code: 'ECONNRESET', message: messages[1]!, delayMs: 1_000 };
  await host.send('connection/main', { type: 'line.lost', ...lost }, { src: 'sys' });
  for (const [i, name] of names.entries()) {
    const actor = `upload/01J9${String(i).padStart(22, '0')}`;
    const path = typeof name === 'string' ? name : { b64: name.b64 };
    const source =
      i % 2 === 0
        ? { kind: 'watched', folder: 'charters', path }
        : { kind: 'spooled', spool: '01J9SPOOL.bytes', sizeBytes: 5 };
    await host.create(actor, { source, name: path, version: 1, priority: 5, addedMs: 5 });
    const effect = async (type: string, fields: object) => {
      const fx = Object.keys((await host.read(actor))!.fx)[0]!;
      const told = await host.send(actor, { type, ...fields, fx }, { src: 'fx' });
      expect(told, type).toMatchObject({ accepted: true });
    };
    if (i % 2 === 0)
      await effect('file.settled', {
        stat: { kind: 'file', sizeBytes: 5, mtimeNs: '1', inode: '77', device: '2049', digest: sha256 },
      });
    const failure = {
      class: 'ITEM',
      code: 'TENDER_SEND_FAILED',
      message: messages[i % messages.length]!,
      delayMs: 10,
    };
    await effect('send.failed', failure);
    await host.send(actor, { type: 'pause', by: people[i % people.length]!, untilMs: 60_000 });
    await host.send(actor, { type: 'pause', by: people[(i + 1) % people.length]! });
    await host.send(actor, {
      type: 'resume',
      by: people[i % people.length]!,
      reason: messages[(i + 1) % messages.length]!,
    });
    if (i % 3 !== 0) await host.send(actor, { type: 'resume', by: people[(i + 1) % people.length]! });
    if (i % 3 !== 1) continue;
    await effect('document.sent', { lengthBytes: 5, sha256, chunks: 1 });
    const { document: documentId, receipt, signature, keyId } = secrets;
    await effect('upload.stored', { documentId, receipt, signature, keyId, storedMs: 9 });
    await host.send(
      actor,
      { type: 'document.indexFailed', documentId, version: 1, reason: messages[7]! },
      { src: 'sys' },
    );
  }
  await host.close();
  return directory;
}

it('no name, path, person, host, key or hash of a corpus is anywhere in the file', async () => {
  const directory = await filledLog();
  const config = [
    {
      key: 'state.directory',
      value: directory,
      origin: 'file /home/nestor/tender.toml',
      accepts: 'text',
      why: 'w',
    },
    {
      key: 'cloud.url',
      value: 'https://fleet.example-yachts.com',
      origin: 'file x',
      accepts: 'text',
      why: 'w',
    },
    { key: 'ui.allowed_hosts', value: 'olympe.local', origin: 'flag', accepts: 'list of names', why: 'w' },
    {
      key: 'ui.listen',
      value: '203.0.113.77:7420',
      origin: 'flag',
      accepts: 'IP address:port | off',
      why: 'w',
    },
    {
      key: 'folders.charters',
      value: '/mnt/nas/charters priority 5',
      origin: 'environment TENDER_FOLDERS__CHARTERS__PATH',
      accepts: 'path',
      why: 'w',
    },
    { key: 'link.retry_base', value: '3s', origin: 'flag', accepts: 'duration, 1s … 1h', why: 'w' },
  ];
  const status = {
    device: {
      enrolled: true,
      deviceId: '01J9ZZZZZZZZZZZZZZZZZZZZZZ',
      name: 'M/Y Olympe',
      cloudUrl: 'https://fleet.example-yachts.com',
    },
    folders: [
      {
        folder: 'charters',
        state: 'missing',
        message: 'There is no /mnt/nas/charters now.',
        skipped: [{ path: 'crew/Nestor.lnk', why: 'symlink', message: 'is a link' }],
      },
    ],
    Nestor: { by: { 'Bianca Castafiore': null } },
  };
  const { made, html, text, seen } = await withStoppedLog(directory, (source) =>
    bundleOf(source, {
      config,
      status,
      doctor: { checks: [{ name: 'link', message: messages[2]! }] },
      notes: [],
    }),
  );
  expect(made.original).toEqual({ chain: true, replays: true, problems: [] });
  expect(made.replays).toBe(true);
  expect(seen).toMatchObject({
    whole: true,
    replay: { replays: true, problems: [] },
    chain: { holds: true },
  });
  const page = html.replace(/id="tender-bundle">[^<]*/, '');
  const places = [page, text, ...decodedStrings(text)];
  for (const secret of forbidden)
    for (const spelled of spellings(secret)) {
      const letters = new RegExp(spelled.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'iu');
      const found = places.find((place) => letters.test(place));
      const at = found?.search(letters) ?? 0;
      expect(found?.slice(Math.max(0, at - 60), at + 60), `${secret} as ${spelled}`).toBeUndefined();
    }
  for (const secret of forbidden.filter(({ length }) => length > 6))
    for (const spelled of inBase64(secret))
      expect(text.includes(spelled), `${secret} as ${spelled}`).toBe(false);
  expect(text).toContain('3s');
  expect(text).toContain('ECONNREFUSED');
});

/** As it is, JSON's way, and percent-encoded. */
function spellings(secret: string): string[] {
  const all = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  return [...new Set(all)].filter((one) => one.length > 2);
}

/** At each of the three places it can begin, without the letters that its neighbours share. */
function inBase64(secret: string): string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]).toString('base64');
    return text.replace(/.?=*$/, '').slice(shift === 0 ? 0 : 4);
  });
}

function decodedStrings(text: string): string[] {
  return [...text.matchAll(/"([A-Za-z0-9+/_-]{8,}={0,2})"/g)].map(([, word]) =>
    Buffer.from(word!, 'base64').toString('latin1'),
  );
}

const redactor = (reveal: 'nothing' | 'names' = 'nothing', salt = 1) =>
  createRedactor(createPseudonyms(new Uint8Array(32).fill(salt)), reveal);

it('a guessed name cannot be tried on the hashes; with names shown they are the log’s own', async () => {
  const directory = await filledLog();
  const hashes = (text: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{"record"'))
      .map((line) => (JSON.parse(line) as { record: SavedRecord }).record.hash);
  const bundle = (reveal: 'nothing' | 'names') =>
    withStoppedLog(directory, async (source) => ({
      own: (await Array.fromAsync(source.records(0, source.head))).map(({ hash }) => hash),
      kept: hashes((await bundleOf(source, { reveal })).text),
    }));
  const hidden = await bundle('nothing');
  expect(hidden.kept.filter((hash) => hidden.own.includes(hash))).toEqual([]);
  expect(new Set(hidden.kept).size).toBe(hidden.own.length);
  const shown = await bundle('names');
  expect(shown.kept).toEqual(shown.own);
});

it('a log that does not replay or whose chain is broken is not made to look better', async () => {
  const directory = await filledLog();
  const made = await withStoppedLog(directory, (source) =>
    bundleOf({
      ...source,
      async *records(after, upTo) {
        for await (const record of source.records(after, upTo))
          yield record.actor.startsWith('upload/') && record.n === 2
            ? { ...record, digest: record.digest ^ 1 }
            : record;
      },
    }),
  );
  expect(made.made.original).toMatchObject({ chain: false, replays: false });
  expect(made.made.original.problems.length).toBeGreaterThan(5);
  expect(made.seen.replay.replays).toBe(false);
  expect(made.text).not.toContain('Smith');
});

it('equal names get equal pseudonyms, others get others, and another bundle gives new ones', () => {
  const { value } = redactor();
  const one = value({ name: 'charters/Smith.pdf', source: { folder: 'charters', path: 'Smith.pdf' } }) as {
    name: string;
    source: { folder: string; path: string };
  };
  expect(one.name).toBe(`${one.source.folder}/${one.source.path}`);
  expect(one.source.path).toMatch(/^doc-[0-9A-Z]{4}\.pdf$/);
  expect((value({ name: 'charters/Jones.pdf' }) as { name: string }).name).not.toBe(one.name);
  expect((redactor('nothing', 2).value({ name: 'charters/Smith.pdf' }) as { name: string }).name).not.toBe(
    one.name,
  );
});

it('ten thousand names get ten thousand pseudonyms', () => {
  const { value } = redactor();
  const all = Array.from(
    { length: 10_000 },
    (_, i) => (value({ name: `Guest ${i}.pdf` }) as { name: string }).name,
  );
  expect(new Set(all).size).toBe(10_000);
});

it('--reveal names shows files and people, and still no address, key or hash', () => {
  const { value } = redactor('names');
  expect(value({ name: 'Smith.pdf', by: 'anna', sha256, cloudUrl: 'https://a.example' })).toEqual({
    name: 'Smith.pdf',
    by: 'anna',
    sha256: expect.not.stringContaining(sha256.slice(0, 8)),
    cloudUrl: expect.stringMatching(/^https:\/\/host-[0-9a-z]{4}\.invalid$/),
  });
});

it('tender’s own sentences come through word for word', () => {
  const { text } = redactor();
  const tables = [stateWords, connectionWords, breakerWords, holdWords] as readonly Record<string, unknown>[];
  for (const table of tables)
    for (const words of Object.values(table)) {
      const { sentence, whatToDo } = words as { sentence?: unknown; whatToDo?: unknown };
      for (const one of [sentence, whatToDo]) if (typeof one === 'string') expect(text(one)).toBe(one);
    }
  for (const message of [
    'connect ECONNREFUSED',
    'The link broke.',
    'No answer within 30 s (TENDER_CONNECT_TIMEOUT).',
    'Yacht and shore could not agree on what was sent. Retry it, or add the file again.',
  ])
    expect(text(message)).toBe(message);
  // A word of ours that is somebody's name here.
  expect(text('The file of Mark is in Port Will.')).not.toMatch(/Mark|Port|Will/);
});

it.each(['upload-1', 'upload-2', 'connection-1', 'breaker-1'])(
  'a redacted history of %s replays with today’s machines',
  async (name) => {
    const file = await readFile(join(import.meta.dirname, '..', 'histories', `${name}.jsonl`), 'utf8');
    const records = file
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as SavedRecord);
    const { seen, text } = await bundleOf(historySource(records));
    expect(seen.replay).toMatchObject({ replays: true, problems: [] });
    const plain = createReplayCheck({ forget: false });
    for (const record of records) plain.record(record);
    expect(plain.verdict().replays).toBe(true);
    expect(text).not.toContain('invoice');
  },
);

function historySource(records: readonly SavedRecord[]): LogSource {
  const first = records[0]!.seq;
  return {
    logId: 'history',
    nowMs: 0,
    oldest: first,
    head: records.at(-1)!.seq,
    async *records(after, upTo) {
      yield* records.filter(({ seq }) => seq > after && seq <= upTo);
    },
    base: async () => undefined,
    async *actors() {},
    async *ofActor() {},
    find: async () => [],
  };
}

it('cells at the beginning of a slice still fit their machines, key for key', async () => {
  const directory = await temporaryDirectory();
  await fillLog(directory, { records: 600, seed: 5, alongside: 40 });
  const { made, seen, text } = await withStoppedLog(directory, (source) => bundleOf(source, { from: 450 }));
  expect(made.original).toEqual({ chain: true, replays: true, problems: [] });
  expect(seen.replay).toMatchObject({ replays: true, problems: [] });
  expect(text.match(/^\{"base"/gm)!.length).toBeGreaterThan(20);
  expect(text.match(/"key-[0-9A-Z]{4,}":/g)).toBeNull();
});
