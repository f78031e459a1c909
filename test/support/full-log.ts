// A log of any length as months at sea leave it: made by the real host on a real LevelDB, its chance and its time held. For
// tests and benchmarks of everything that reads logs.
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import type { Host } from '../../agent/host/contract.ts';
import { createHost } from '../../agent/host/host.ts';
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeRandom } from './fake-random.ts';

export interface FullLogOptions {
  readonly records: number;
  readonly seed?: number;
  /** Uploads on their way at the same time. */
  readonly alongside?: number;
  /** Document names; absent: made up. */
  readonly names?: readonly string[];
  /** What parties are called and errors say; absent: made up. */
  readonly words?: readonly string[];
}

const beganMs = Date.UTC(2026, 8, 1);
const betweenTurnsMs = { least: 20, most: 90_000 };
/** Turns at once share a commit; more would only make the events come in clumps. */
const turnsAtOnce = 50;

/** Fills `directory`, closes the log, and answers the last sequence number. */
export async function fillLog(directory: string, options: FullLogOptions): Promise<number> {
  const random = new FakeRandom(options.seed ?? 1, 'full-log');
  const clock = new FakeClock(beganMs);
  const host = createHost({
    storage: createLevelStorage(directory),
    clock,
    random: { bytes: (count: number) => random.bytes(count), unit: () => random.unit() },
    log: () => undefined,
  });
  host.setPermits('line', 0);
  await host.open();
  await host.create('connection/main', {});
  await host.create('breaker/line', {});
  await host.send('connection/main', { type: 'start' });
  const lives: string[] = [];
  let born = 0;
  const birth = async (): Promise<string> => {
    born += 1;
    const actor = `upload/${ulid(clock.wallMs(), born)}`;
    await host.create(actor, inputOf(random, born, clock.wallMs(), options.names));
    return actor;
  };
  while (host.status().lastSeq < options.records) {
    while (lives.length < (options.alongside ?? 200)) lives.push(await birth());
    const turns = new Set(Array.from({ length: turnsAtOnce }, () => random.between(0, lives.length - 1)));
    await clock.advance(Math.floor(random.spread(betweenTurnsMs.least, betweenTurnsMs.most)));
    await Promise.all([...turns].map((at) => turn(host, random, lives, at, options.words)));
    if (random.chance(0.7)) await weather(host, random);
    for (let at = lives.length - 1; at >= 0; at--) if (lives[at] === '') lives.splice(at, 1);
  }
  const { lastSeq } = host.status();
  await host.close();
  return lastSeq;
}

async function turn(
  host: Host,
  random: FakeRandom,
  lives: string[],
  at: number,
  words: readonly string[] | undefined,
): Promise<void> {
  const actor = lives[at]!;
  const cell = await host.read(actor);
  if (!cell || cell.value === 'indexed' || cell.value === 'cancelled') {
    lives[at] = '';
    return;
  }
  const [event, src] = nextOf(random, cell);
  await host.send(actor, words ? saying(event, random, words) : event, { src });
}

/** The same event in somebody else's words, where it has any. */
function saying(event: MachineEvent, random: FakeRandom, words: readonly string[]): MachineEvent {
  const word = random.pick(words);
  if (event.type === 'send.failed') return { ...event, message: word, code: word.slice(0, 64) };
  if (event.type === 'document.indexed') return { ...event, passages: 0, reason: word };
  // Who resumes must be who paused.
  if (event.type === 'pause') return { ...event, by: word.slice(0, 64), reason: word };
  return event;
}

type Told = readonly [MachineEvent, 'cmd' | 'fx' | 'tm' | 'sys'];

/** What happens to an upload next: mostly it goes on, sometimes the sea has its say, or a person. */
function nextOf(random: FakeRandom, cell: Cell): Told {
  const by = random.pick(['engineer', 'bridge tablet', 'captain']);
  if (random.chance(0.04))
    return [{ type: 'pause', by, ...(random.chance(0.5) ? { untilMs: 3_600_000 } : {}) }, 'cmd'];
  if (random.chance(0.02)) return [{ type: 'prioritise', by, priority: random.between(1, 10) }, 'cmd'];
  if (random.chance(0.005)) return [{ type: 'cancel', by }, 'cmd'];
  const open = Object.entries(cell.fx);
  const fx = (type: string) => open.find(([, effect]) => effect.type === type)?.[0] ?? '0.0';
  switch (cell.value) {
    case 'settling':
      if (random.chance(0.03)) return [{ type: 'file.vanished', fx: fx('checkSettled') }, 'fx'];
      return [
        {
          type: 'file.settled',
          stat: { sizeBytes: random.between(1_000, 9_000_000), mtimeNs: '1' },
          fx: fx('checkSettled'),
        },
        'fx',
      ];
    case 'sending':
      if (random.chance(0.3)) return [failureOf(random, fx('sendDocument')), 'fx'];
      if (random.chance(0.5))
        return [
          {
            type: 'transfer.checkpointed',
            bytesDurable: random.between(1, 9_000_000),
            fx: fx('sendDocument'),
          },
          'fx',
        ];
      return [
        {
          type: 'document.sent',
          lengthBytes: random.between(1_000, 9_000_000),
          sha256: 'ab'.repeat(32),
          chunks: 12,
          fx: fx('sendDocument'),
        },
        'fx',
      ];
    case 'confirming':
      if (random.chance(0.1)) return [failureOf(random, fx('confirmStored')), 'fx'];
      return [
        {
          type: 'upload.stored',
          documentId: '6f1c0f6e-6a0e-4b54-9f0e-0d6b7a1f5a10',
          receipt: 'cmVjZWlwdA=='.repeat(8),
          signature: 'c2lnbmF0dXJl'.repeat(7),
          keyId: 'k'.repeat(43),
          storedMs: beganMs,
          fx: fx('confirmStored'),
        },
        'fx',
      ];
    case 'stored':
      return [
        {
          type: 'document.indexed',
          documentId: '6f1c0f6e-6a0e-4b54-9f0e-0d6b7a1f5a10',
          version: 1,
          passages: random.between(0, 40),
        },
        'sys',
      ];
    case 'waiting':
      // Its own timer is the usual way out.
      return [{ type: 'retry', by }, 'cmd'];
    case 'paused':
      return [
        { type: 'resume', by: Object.keys((cell.context.paused as { by: object }).by)[0] ?? by },
        'cmd',
      ];
    default:
      return [{ type: 'retry', by }, 'cmd'];
  }
}

function failureOf(random: FakeRandom, fx: string): MachineEvent {
  const failure = random.pick([
    { class: 'BUSY', code: 'TENDER_CLOUD_BUSY', message: 'The cloud asked to come back later.' },
    { class: 'SERVER', code: 'TENDER_CLOUD_FAILED', message: 'The cloud could not write it down.' },
    { class: 'RESYNC', code: 'TENDER_RESYNC', message: 'Two chunks are missing ashore.' },
    { class: 'LOCAL', code: 'TENDER_FILE_UNREADABLE', message: 'Input/output error while reading.' },
    {
      class: 'ITEM',
      code: 'TENDER_DOCUMENT_REFUSED',
      message: 'The cloud does not take this kind of document.',
    },
  ]);
  return { type: 'send.failed', ...failure, delayMs: random.between(1_000, 120_000), fx };
}

async function weather(host: Host, random: FakeRandom): Promise<void> {
  const cell = (await host.read('connection/main'))!;
  const lost = {
    class: 'LINK',
    code: 'TENDER_LINK_LOST',
    message: 'Nothing came back for 20 s.',
    delayMs: random.between(100, 30_000),
  };
  const opening = Object.entries(cell.fx).find(([, effect]) => effect.type === 'openLine')?.[0];
  if (opening !== undefined)
    await host.send(
      'connection/main',
      random.chance(0.6)
        ? {
            type: 'line.opened',
            epoch: random.between(1, 1e6),
            sessionId: 'ab'.repeat(16),
            rttMs: random.between(500, 900),
            fx: opening,
          }
        : { type: 'line.failed', ...lost, fx: opening },
      { src: 'fx' },
    );
  else if (cell.value === 'offline')
    await host.send('connection/main', { type: 'reconnect', by: 'engineer' });
  else if (cell.value === 'degraded' && random.chance(0.5))
    await host.send('connection/main', { type: 'link.recovered' }, { src: 'sys' });
  else if (random.chance(0.5))
    await host.send(
      'connection/main',
      { type: 'link.degraded', numbers: { rttMs: 1_900, lossPercent: 4 } },
      { src: 'sys' },
    );
  else await host.send('connection/main', { type: 'line.lost', ...lost }, { src: 'sys' });
  const breaker = (await host.read('breaker/line'))!;
  const window = { count: 8, failures: 5, consecutive: 5 };
  if (breaker.value === 'closed' && random.chance(0.1))
    await host.send(
      'breaker/line',
      { type: 'breaker.tripped', reason: 'Five answers in a row were failures.', window, spread: 0 },
      { src: 'sys' },
    );
  else if (breaker.value === 'half-open')
    await host.send('breaker/line', { type: 'probe.succeeded' }, { src: 'sys' });
}

const words = [
  'Charter agreement',
  'Engine room survey',
  'Crew list',
  'Passport scans',
  'Bunker note',
  'Port clearance',
];
const endings = ['pdf', 'docx', 'jpg', 'xlsx', 'zip'];

function inputOf(random: FakeRandom, number: number, addedMs: number, names: readonly string[] | undefined) {
  const name = names?.[number % names.length] ?? `${random.pick(words)} ${number}.${random.pick(endings)}`;
  const priority = random.pick([1, 5, 5, 5, 5, 10]);
  if (random.chance(0.5))
    return {
      source: { kind: 'spooled', spool: `${number}.bin`, sizeBytes: random.between(1_000, 9_000_000) },
      ...{ name: `added/${name}`, version: 1, priority, addedMs },
    };
  return {
    source: { kind: 'watched', folder: 'scans', path: name },
    ...{ name: `scans/${name}`, version: 1, priority, addedMs },
  };
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function ulid(ms: number, number: number): string {
  const spell = (value: number, length: number): string =>
    Array.from({ length }, (_, at) => crockford[Math.floor(value / 32 ** (length - 1 - at)) % 32]).join('');
  return spell(ms, 10) + spell(number * 7_919, 16);
}
