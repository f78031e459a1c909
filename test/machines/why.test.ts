import { describe, expect, it } from 'vitest';
import { describe as describeMachine } from '../../machines/describe.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import { definitionOf, registry } from '../../machines/registry.ts';
import { aheadCountedMax, type Hold, holds } from '../../machines/schedule.ts';
import { failureClasses } from '../../machines/upload-events.ts';
import { type Why, whyActor, whyState } from '../../machines/why.ts';
import { guardMeanings, guardWords } from '../../machines/why-guards.ts';
import {
  breakerWords,
  cancelledWords,
  connectionWords,
  failureWords,
  holdWords,
  parkedWords,
  spoolDamagedWords,
  stateWords,
} from '../../machines/why-words.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { life, pausedByCli, pausedForAMinute, sent, spooled, stored, tell, watched } from './cells.ts';
import { walk } from './walk.ts';

const why = (cell: Cell, hold: Hold | null = null): Why => whyActor('upload', cell, hold);
const upload = (...events: Parameters<typeof life>[2][]): Cell => life('upload', watched, ...events).cell;
const connection = (input: JsonObject, ...events: Parameters<typeof life>[2][]): Why =>
  whyActor('connection', life('connection', input, ...events).cell);
const breaker = (...events: Parameters<typeof life>[2][]): Why =>
  whyActor('breaker', life('breaker', {}, ...events).cell);
const states = (kind: string) => describeMachine(definitionOf(kind)).states.map((state) => state.id);
const edges = (kind: string) => describeMachine(definitionOf(kind)).edges;
const nameOf = (guard: string | null) => guard?.replace(/\(.*/, '') as string;
const isSentence = (text: string | undefined) => expect(text).toMatch(/^\p{Lu}.{8,}[.]$/u);

describe('the catalogue', () => {
  it('has a sentence and an advice for every state of every kind', () => {
    const tables: { readonly [kind: string]: object } = {
      upload: stateWords,
      connection: connectionWords,
      breaker: breakerWords,
    };
    for (const kind of Object.keys(registry))
      expect(Object.keys(tables[kind] ?? {}).sort(), kind).toEqual(states(kind).sort());
  });

  it('has them for every class of failure and every way of being held back', () => {
    expect(Object.keys(failureWords).sort()).toEqual([...failureClasses].sort());
    expect(['connection', ...Object.keys(holdWords)].sort()).toEqual([...holds].sort());
  });

  it('says them in whole sentences', () => {
    const tables = [
      stateWords,
      failureWords,
      parkedWords,
      cancelledWords,
      connectionWords,
      holdWords,
      breakerWords,
      { spoolDamagedWords },
    ];
    for (const words of tables.flatMap((one) => Object.values(one))) {
      isSentence(words.sentence);
      isSentence(words.whatToDo);
    }
  });

  it.each(Object.keys(registry))(
    '%s: explains every guard that can refuse an event or hold a state',
    (kind) => {
      // A guard refuses when it stands on the last branch: nothing is tried after it.
      const refusing = edges(kind).filter((edge) => edge.last && edge.guard !== null);
      const names = new Set(refusing.map((edge) => nameOf(edge.guard)));
      expect(Object.keys(guardWords[kind] ?? {}).sort()).toEqual([...names].sort());
      for (const sentence of Object.values(guardWords[kind] ?? {})) isSentence(sentence);
    },
  );

  it.each(Object.keys(registry))('%s: tells what every guard asks', (kind) => {
    const names = new Set(edges(kind).flatMap((edge) => (edge.guard === null ? [] : [nameOf(edge.guard)])));
    expect(Object.keys(guardMeanings[kind] ?? {}).sort()).toEqual([...names].sort());
    for (const sentence of Object.values(guardMeanings[kind] ?? {})) isSentence(sentence);
  });
});

describe('an answer', () => {
  it.each(Object.keys(registry))('%s: is a sentence with an advice wherever a walk may lead', (kind) => {
    const seen = new Set<string>();
    walk(kind, new FakeRandom(71, kind), 3_000, ({ before }) => {
      const answer = whyActor(kind, before, null);
      expect(answer.state).toBe(before.value);
      expect(answer.sentence).toMatch(/^\S.{8,}[.]$/);
      isSentence(answer.whatToDo);
      // Facts are JSON, and what waits for the clock says until when.
      expect(JSON.parse(JSON.stringify(answer.facts))).toEqual(answer.facts);
      if (['waiting', 'offline', 'captive', 'intercepted', 'refused'].includes(before.value))
        expect(answer.untilMs).toBe(Object.values(before.tm)[0]?.due);
      if (answer.untilMs !== null)
        expect(Object.values(before.tm).map((timer) => timer.due)).toContain(answer.untilMs);
      seen.add(before.value);
    });
    // `sighted` is left at once.
    expect([...seen].sort()).toEqual(
      states(kind)
        .filter((state) => state !== 'sighted')
        .sort(),
    );
  });

  it('names the commands that are possible, and no others', () => {
    const upTo = (...events: Parameters<typeof life>[2][]) => why(upload(...events)).actions;
    expect(upTo()).toEqual(['pause', 'cancel', 'prioritise']);
    expect(upTo(pausedByCli)).toEqual(['pause', 'resume', 'cancel', 'prioritise']);
    expect(upTo('file.vanished')).toEqual(['cancel', 'retry', 'prioritise']);
    expect(upTo(...stored)).toEqual([]);
    expect(connection({}).actions).toEqual(['start']);
    expect(connection({}, 'start').actions).toEqual(['stop']);
    expect(connection({}, 'start', 'line.failed').actions).toEqual(['stop', 'reconnect']);
    expect(breaker().actions).toEqual(['forceOpen']);
    expect(breaker('breaker.tripped').actions).toEqual(['forceOpen', 'forceClose']);
  });
});

describe('where only the state is known', () => {
  it('says what it means and nothing more', () => {
    for (const kind of Object.keys(registry))
      for (const state of states(kind)) {
        expect(whyState(kind, state)).toMatchObject({ state, facts: {}, untilMs: null, actions: [] });
        isSentence(whyState(kind, state).sentence);
      }
    expect(whyState('upload', 'flying').sentence).toBe('This release does not know what "flying" means.');
    expect(whyState('anchor', 'down').sentence).toBe('This release does not know what "down" means.');
  });
});

describe('why an upload stands still', () => {
  it('a wait names its reason, its end, the numbers and what a person can do', () => {
    const cell = upload('file.settled', { type: 'send.failed', delayMs: 7_000 });
    expect(why(cell)).toEqual({
      state: 'waiting',
      sentence: 'The cloud is busy and asked to come back later.',
      facts: {
        version: 1,
        priority: 5,
        attempts: 0,
        attemptsMax: 5,
        failedInRow: 1,
        bytesDurable: 0,
        lastError: { class: 'BUSY', code: 'TENDER_BUSY', message: 'Later.', atMs: 10_020 },
        class: 'BUSY',
        code: 'TENDER_BUSY',
      },
      untilMs: 17_020,
      whatToDo: 'Nothing: it is tried again by itself; or retry it to try at once.',
      actions: ['pause', 'cancel', 'retry', 'prioritise'],
    });
  });

  it('a failure that uses up tries says how many are left', () => {
    const failing = { type: 'send.failed', class: 'ITEM' };
    const once = upload('file.settled', failing);
    expect(why(once).sentence).toBe('The cloud did not take this document. 1 of 5 tries is used up.');
    const twice = upload('file.settled', failing, 'retry', failing);
    expect(why(twice).sentence).toBe('The cloud did not take this document. 2 of 5 tries are used up.');
    const cell = life('upload', { ...watched, triesMax: 2 }, 'file.settled', failing, 'retry', failing).cell;
    expect(why(cell)).toMatchObject({
      state: 'parked',
      sentence: 'The cloud did not take this document. All 2 tries are used up. It cannot go on by itself.',
      facts: { attempts: 2, attemptsMax: 2, class: 'ITEM' },
    });
    const server = { type: 'send.failed', class: 'SERVER' };
    expect(why(upload('file.settled', server)).sentence).toBe(
      'The cloud failed while taking it; 1 failed try so far.',
    );
    const often = Array.from({ length: 6 }, () => [server, 'retry']).flat();
    expect(why(upload('file.settled', ...often, server))).toMatchObject({
      state: 'waiting',
      sentence: 'The cloud failed while taking it; 7 failed tries so far.',
      facts: { attempts: 7, failingSinceMs: 10_020, patienceMs: 86_400_000 },
    });
    const { cell: before } = life('upload', watched, 'file.settled', ...often);
    const late = tell('upload', before, 'send.failed', { class: 'SERVER' }, 10_020 + 86_400_000)
      ?.cell as Cell;
    expect(why(late)).toMatchObject({
      state: 'parked',
      sentence:
        'The cloud failed while taking it; 7 failed tries over more than a day. It cannot go on by itself.',
    });
    const resync = upload('file.settled', { type: 'send.failed', class: 'RESYNC' });
    expect(why(resync).facts).toMatchObject({ resyncs: 1, resyncsMax: 5 });
  });

  it('an upload that wants to send says what holds it, until when, and how many are ahead', () => {
    const cell = upload('file.settled');
    const said = (hold: Hold | null) => why(cell, hold).sentence;
    expect(said(null)).toBe('It is being sent.');
    expect(why(cell, { why: 'connection', state: 'captive', untilMs: 99 })).toMatchObject({
      sentence: 'A portal answered instead of the cloud.',
      untilMs: 99,
      whatToDo: 'Log in to the network with a browser.',
      facts: { hold: { why: 'connection', state: 'captive' } },
    });
    expect(why(cell, { why: 'breaker', breaker: 'line', untilMs: 5 })).toMatchObject({
      sentence: 'The cloud kept failing and is left alone for a while.',
      untilMs: 5,
    });
    expect(said({ why: 'probing', breaker: 'line' })).toBe(holdWords.probing.sentence);
    expect(said({ why: 'earlierVersion', version: 3 })).toBe(
      'An earlier version of the same document goes first: version 3.',
    );
    expect(said({ why: 'turn', ahead: 1 })).toBe('Others go first: 1 is ahead of it.');
    expect(said({ why: 'turn', ahead: 12 })).toBe('Others go first: 12 are ahead of it.');
    expect(said({ why: 'turn', ahead: aheadCountedMax })).toBe(
      'Others go first: at least 1000 are ahead of it.',
    );
  });

  it('says no more than it knows when nobody asked the scheduler', () => {
    const cell = upload('file.settled');
    expect(whyActor('upload', cell).sentence).toBe(
      'It is being sent, or waits for the link or for its turn.',
    );
  });

  it('a pause names who asked, and ends by itself only if every one of them does', () => {
    const timed = upload(pausedForAMinute);
    expect(why(timed)).toMatchObject({
      sentence: 'Paused by cli.',
      untilMs: 70_010,
      whatToDo: 'Nothing: it goes on by itself then; or resume it to go on at once.',
    });
    const both = upload(pausedForAMinute, { type: 'pause', by: 'bridge' });
    expect(why(both)).toMatchObject({
      sentence: 'Paused by bridge and cli.',
      untilMs: null,
      facts: { pausedBy: { bridge: null, cli: 70_010 }, goesBackTo: 'settling' },
      whatToDo: 'Resume it for each of them.',
    });
    expect(why(upload(pausedByCli))).toMatchObject({ untilMs: null, whatToDo: 'Resume it.' });
  });

  it('a parked one says what went wrong and what to mend', () => {
    const said = (input: JsonObject, ...events: Parameters<typeof life>[2][]) => {
      const { sentence, whatToDo } = why(life('upload', input, ...events).cell);
      return [sentence, whatToDo];
    };
    expect(said(watched, 'file.vanished')).toEqual([parkedWords.GONE.sentence, parkedWords.GONE.whatToDo]);
    expect(said(watched, 'file.unreadable')[0]).toBe('The file cannot be read.');
    expect(said(spooled, 'source.changed')).toEqual([
      'The bytes kept for it are not those that were added.',
      'Add the file again, then cancel this one.',
    ]);
    const refused = { type: 'send.failed', class: 'ITEM', permanent: true };
    expect(said(watched, 'file.settled', refused)[0]).toBe(
      'The cloud did not take this document. It cannot go on by itself.',
    );
    const rounds = Array.from({ length: 25 }, () => ['send.incomplete', 'document.sent']).flat();
    const loop = upload(...sent, ...rounds.slice(0, 49));
    expect(why(loop)).toMatchObject({
      state: 'parked',
      sentence: 'Yacht and cloud could not agree on what has arrived.',
      facts: { code: 'TENDER_RESYNC_LOOP', attempts: 5 },
    });
  });

  it('stored and searchable are two different things, and a failed indexing is told', () => {
    const sentences = [
      [...stored],
      [...stored, 'document.indexFailed'],
      [...stored, 'document.indexed'],
      [...stored, { type: 'document.indexed', passages: 0, reason: 'It is a picture.' }],
    ].map((events) => why(upload(...events)).sentence);
    expect(sentences).toEqual([
      'The cloud has it and signed for it; it is not searchable yet.',
      'The cloud has it and signed for it, but could not index it: The parser failed.',
      'It is in the cloud and can be found there.',
      'It is in the cloud and can be found there by its name; it has no text: It is a picture.',
    ]);
    expect(why(upload(...stored)).facts).toMatchObject({ documentId: 'd', storedMs: 5 });
  });

  it('a cancelled one says by whom or by what', () => {
    const end = (...events: Parameters<typeof life>[2][]) => why(upload(...events)).sentence;
    expect(end('cancel')).toBe('Cancelled by cli.');
    expect(end('file.settled', 'source.changed')).toBe('The file changed; its new version goes instead.');
    expect(end('file.settled', 'content.unchanged')).toBe(
      'The cloud has exactly this content already, as version 1.',
    );
  });
});

describe('why the connection is as it is', () => {
  it('tells a start that never came from a stop, and both from tries that are used up', () => {
    expect(connection({}).sentence).toBe('The connection was not started yet.');
    expect(connection({}, 'start', 'stop').sentence).toBe('The connection was stopped.');
    const failing = ['start', 'line.failed', 'reconnect.elapsed', 'line.failed'];
    expect(connection({ attemptsMax: 2 }, ...failing)).toMatchObject({
      state: 'stopped',
      sentence: 'All 2 tries that were allowed are used up.',
      facts: { attempt: 2, attemptsMax: 2, lastError: { code: 'TENDER_BUSY' } },
      whatToDo: 'Start the connection.',
    });
    const stopped = ['start', 'line.failed', 'reconnect.elapsed', 'stop'];
    expect(connection({ attemptsMax: 2 }, ...stopped).sentence).toBe('The connection was stopped.');
  });

  it('without a line names the cause, the next try and how to hurry', () => {
    expect(connection({}, 'start', 'line.failed')).toMatchObject({
      sentence: 'There is no connection to the cloud: the link broke.',
      untilMs: 11_020,
      whatToDo: 'Nothing: the next try comes by itself; or reconnect to try at once.',
    });
    const busy = connection({}, 'start', { type: 'line.failed', class: 'BUSY' });
    expect(busy.sentence).toBe(
      'There is no connection to the cloud: the cloud is busy and asked to come back later.',
    );
    const again = connection({}, 'start', 'line.failed', 'reconnect.elapsed');
    expect(again.sentence).toBe('A connection is being made: try 2.');
  });

  it('open tells its numbers, and what made it poor', () => {
    expect(connection({}, 'start', 'line.opened').facts).toMatchObject({ rttMs: 600, epoch: 7 });
    expect(connection({}, 'start', 'line.opened', 'link.degraded')).toMatchObject({
      sentence: 'The link is slow or lossy; work goes on.',
      facts: { quality: { srttMs: 4_000 } },
      untilMs: null,
    });
  });
});

describe('why a breaker is as it is', () => {
  it('tells the numbers that decided, who holds it, and until when', () => {
    expect(breaker().sentence).toBe('The cloud answers: everything may go.');
    expect(breaker('breaker.tripped')).toMatchObject({
      sentence: 'The cloud failed 5 of the last 5 times and is left alone for a while.',
      untilMs: 15_010,
      facts: { opens: 1, reason: '503' },
    });
    expect(breaker({ type: 'forceOpen', by: 'crew' })).toMatchObject({
      sentence: 'Held open by crew: nothing is asked of the cloud.',
      untilMs: null,
      whatToDo: 'Close it when the cloud may be asked again.',
    });
    expect(breaker({ type: 'forceOpen', by: 'crew', untilMs: 1_000 }).untilMs).toBe(11_010);
    expect(breaker('breaker.tripped', 'reset.elapsed', 'probe.failed').sentence).toBe(
      'The cloud failed again when it was tried, and is left alone for a while.',
    );
    expect(breaker('breaker.tripped', 'reset.elapsed').sentence).toBe(holdWords.probing.sentence);
  });
});
