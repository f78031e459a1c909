// A morning aboard in which one document stands still: the log that docs/inspector.md explains. The real host on a real
// LevelDB; what line and cloud would have said is said here, with time and chance held, so that every sequence number in the
// page stays true.
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { createHost } from '../../agent/host/host.ts';
import type { JsonObject } from '../../machines/json.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeRandom } from '../support/fake-random.ts';

export const morningMs = Date.UTC(2026, 8, 14, 8);
/** The one that stands still. */
export const survey = 'upload/01K52M8Q00SVRVEY0000000001';
const invoice = 'upload/01K52M8Q001NV01CE000000002';
const log = 'upload/01K52M8Q00ENG1NE0000000003';
const crew = 'upload/01K52M8Q00CREW000000000004';

const looksMax = 100_000;
const second = 1_000;
const minute = 60 * second;

/** Fills `directory`; the agent is then as if it had been stopped in order. */
export async function liveTheMorning(directory: string): Promise<void> {
  const clock = new FakeClock(morningMs);
  const random = new FakeRandom(14, 'morning');
  const host = createHost(
    { storage: createLevelStorage(directory), clock, random, log: () => undefined },
    // Checkpoints by the clock would come between the records, now here, now there.
    { limits: { idleCheckpointMs: 24 * 60 * minute } },
  );
  host.setPermits('line', 0);
  await host.open();

  /** What a timer set off is on the disk a moment after the clock was moved. */
  const openEffect = async (actor: string): Promise<string> => {
    for (let look = 0; look < looksMax; look++) {
      const fx = Object.keys((await host.read(actor))?.fx ?? {})[0];
      if (fx !== undefined) return fx;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`${actor} has no effect under way`);
  };
  const effect = async (actor: string, type: string, fields: JsonObject = {}) => {
    const fx = await openEffect(actor);
    const told = await host.send(actor, { type, ...fields, fx }, { src: 'fx' });
    if (!told.accepted) throw new Error(`${actor} did not take ${type}: ${told.message}`);
  };
  /** To the moment a timer is due, and on only when what it set off is recorded. */
  const until = async (ms: number, actor: string, state: string): Promise<void> => {
    await clock.advance(ms);
    for (let look = 0; look < looksMax && (await host.read(actor))?.value !== state; look++)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const told = async (actor: string, type: string, fields: JsonObject, src: 'sys' | 'cmd' = 'sys') => {
    const answer = await host.send(actor, { type, ...fields }, { src });
    if (!answer.accepted) throw new Error(`${actor} did not take ${type}: ${answer.message}`);
  };
  const added = (actor: string, path: string) =>
    host.create(actor, {
      source: { kind: 'watched', folder: 'office', path },
      name: `office/${path}`,
      version: 1,
      priority: 5,
      addedMs: clock.wallMs(),
    });
  const settled = async (actor: string, sizeBytes: number) => {
    await clock.advance(4 * second);
    await effect(actor, 'file.settled', {
      stat: { kind: 'file', sizeBytes, mtimeNs: '1789372800000000000' },
    });
  };
  const stored = async (actor: string, lengthBytes: number, passages: number) => {
    await effect(actor, 'document.sent', {
      lengthBytes,
      sha256: '5f'.repeat(32),
      chunks: 3,
      wireBytes: lengthBytes + 900,
    });
    await clock.advance(2 * second);
    const receipt = { receipt: 'cmVjZWlwdA==', signature: 'c2lnbmF0dXJl', keyId: 'fleet-2026' };
    await effect(actor, 'upload.stored', {
      documentId: `doc-${actor.slice(-4)}`,
      ...receipt,
      storedMs: clock.wallMs(),
    });
    await clock.advance(3 * second);
    await told(actor, 'document.indexed', { documentId: `doc-${actor.slice(-4)}`, version: 1, passages });
  };
  const failed = (actor: string, code: string, message: string, delayMs: number) =>
    effect(actor, 'send.failed', { class: 'SERVER', code, message, delayMs });

  // 08:00: the agent starts and finds its link.
  await host.create('connection/main', {});
  await host.create('breaker/line', {});
  await told('connection/main', 'start', { by: 'agent' }, 'cmd');
  await clock.advance(3 * second);
  await effect('connection/main', 'line.opened', { epoch: 7, sessionId: '9c41f0', rttMs: 640 });

  // The engine log goes through as it should.
  await added(log, 'Engine log week 37.pdf');
  await settled(log, 48_211);
  await clock.advance(5 * second);
  await stored(log, 48_211, 6);

  // The survey, 18 MB, is on its way when the sky closes.
  await added(survey, 'Hull survey with photographs.pdf');
  await settled(survey, 18_400_000);
  await clock.advance(40 * second);
  await effect(survey, 'transfer.checkpointed', { bytesDurable: 3_100_000 });
  await told('connection/main', 'line.lost', {
    class: 'LINK',
    code: 'TENDER_LINK_LOST',
    message: 'Nothing came back for 20 s.',
    delayMs: 8 * second,
    epoch: 7,
  });
  await added(crew, 'Crew list.xlsx');
  await settled(crew, 22_000);
  await until(4 * second, 'connection/main', 'connecting');
  await clock.advance(4 * second);
  await effect('connection/main', 'line.failed', {
    class: 'LINK',
    code: 'TENDER_CONNECT_TIMEOUT',
    message: 'No answer within 30 s.',
    delayMs: 16 * second,
  });
  await until(16 * second, 'connection/main', 'connecting');
  await clock.advance(4 * second);
  await effect('connection/main', 'line.opened', { epoch: 8, sessionId: '9c41f1', rttMs: 710 });

  // 08:02: the cloud's disk is full. What fails is the cloud, not the document.
  const full = 'The cloud could not write it down: no space left on its device.';
  for (const delayMs of [2 * second, 5 * second]) {
    await clock.advance(12 * second);
    await failed(survey, 'TENDER_CLOUD_FAILED', full, delayMs);
    await until(delayMs, survey, 'sending');
  }
  await told(
    crew,
    'pause',
    { by: 'bridge-tablet', untilMs: 4 * 60 * minute, reason: 'Not before the agent in port has seen it.' },
    'cmd',
  );
  await added(invoice, 'Invoice 2291.numbers');
  await settled(invoice, 410_000);
  await clock.advance(6 * second);
  await effect(invoice, 'send.failed', {
    class: 'ITEM',
    code: 'TENDER_DOCUMENT_REFUSED',
    message: 'The cloud does not take this kind of document.',
    delayMs: 0,
    permanent: true,
  });
  await failed(survey, 'TENDER_CLOUD_FAILED', full, 11 * minute);
  await told('breaker/line', 'breaker.tripped', {
    reason: 'Three answers in a row were failures.',
    window: { count: 6, failures: 4, consecutive: 3 },
    spread: 0,
  });
  await until(5 * second, 'breaker/line', 'half-open');
  await told('breaker/line', 'probe.succeeded', {});
  await clock.advance(2 * minute);
  await host.close();
}
