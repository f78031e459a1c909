import { describe, expect, it } from 'vitest';
import { describe as describeMachine } from '../../machines/describe.ts';
import type { Cell } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { type Hold, holds } from '../../machines/schedule.ts';
import type { UploadState } from '../../machines/upload.ts';
import type { UploadContext } from '../../machines/upload-context.ts';
import { failureClasses } from '../../machines/upload-events.ts';
import {
  connectionWords,
  failureWords,
  holdWords,
  parkedWords,
  stateWords,
  whyUpload,
} from '../../machines/why.ts';
import { guardWords } from '../../machines/why-guards.ts';
import { life, pausedByCli, pausedForAMinute, sent, stored, watched } from './cells.ts';

const why = (cell: Cell, hold: Hold | null = null) =>
  whyUpload(cell.value as UploadState, cell.context as unknown as UploadContext, hold);
const states = (kind: string) => describeMachine(registry[kind] as never).states.map((state) => state.id);
const isSentence = (text: string | undefined) => expect(text).toMatch(/^[A-Z].{8,}[.]$/);

describe('why it stands still', () => {
  it('has a sentence and an advice for every state of an upload and of the connection', () => {
    expect(Object.keys(stateWords).sort()).toEqual(states('upload').sort());
    expect(Object.keys(connectionWords).sort()).toEqual(states('connection').sort());
  });

  it('has them for every class of failure and every way of being held back', () => {
    expect(Object.keys(failureWords).sort()).toEqual([...failureClasses].sort());
    expect(['connection', ...Object.keys(holdWords)].sort()).toEqual([...holds].sort());
  });

  it('says them in whole sentences', () => {
    for (const words of [stateWords, failureWords, parkedWords, connectionWords, holdWords].flatMap((one) =>
      Object.values(one),
    )) {
      isSentence(words.sentence);
      isSentence(words.whatToDo);
    }
  });

  it('explains every guard that can refuse an event or hold a state', () => {
    for (const kind of Object.keys(registry)) {
      // A guard refuses when it stands on the last branch: nothing is tried after it.
      const refusing = describeMachine(registry[kind] as never)
        .edges.filter((edge) => edge.last && edge.guard !== null)
        .map((edge) => edge.guard?.replace(/\(.*/, '') as string);
      expect(Object.keys(guardWords[kind] ?? {}).sort(), kind).toEqual([...new Set(refusing)].sort());
      for (const sentence of Object.values(guardWords[kind] ?? {})) isSentence(sentence);
    }
  });

  it('a wait names its reason, its end and what a person can do', () => {
    const { cell } = life('upload', watched, 'file.settled', { type: 'send.failed', delayMs: 7_000 });
    expect(why(cell)).toEqual({
      state: 'waiting',
      sentence: 'The cloud is busy and asked to come back later.',
      facts: {
        version: 1,
        priority: 5,
        attempts: 0,
        bytesDurable: 0,
        lastError: { class: 'BUSY', code: 'TENDER_BUSY', message: 'Later.', atMs: 10_020 },
        code: 'TENDER_BUSY',
      },
      untilMs: 17_020,
      whatToDo: 'Nothing: it goes on by itself.',
      actions: ['pause', 'cancel', 'retry', 'prioritise'],
    });
  });

  it('an upload that wants to send says what holds it', () => {
    const { cell } = life('upload', watched, 'file.settled');
    expect(why(cell).sentence).toBe('It is being sent.');
    expect(why(cell, { why: 'connection', state: 'captive' })).toMatchObject({
      sentence: 'A portal answered instead of the cloud.',
      whatToDo: 'Log in to the network with a browser.',
    });
    for (const hold of [
      { why: 'breaker', breaker: 'line' },
      { why: 'probing', breaker: 'line' },
      { why: 'earlierVersion', version: 1 },
      { why: 'turn', ahead: 3 },
    ] as const)
      expect(why(cell, hold)).toMatchObject({ sentence: holdWords[hold.why].sentence, facts: { hold } });
  });

  it('a pause names who asked, and ends by itself only if every one of them does', () => {
    const timed = life('upload', watched, pausedForAMinute).cell;
    expect(why(timed)).toMatchObject({ sentence: 'Paused by cli.', untilMs: 70_010 });
    const both = life('upload', watched, pausedForAMinute, { type: 'pause', by: 'bridge' }).cell;
    expect(why(both)).toMatchObject({ sentence: 'Paused by bridge and cli.', untilMs: null });
    expect(why(life('upload', watched, pausedByCli).cell).untilMs).toBeNull();
  });

  it('a parked one says what went wrong and what to mend', () => {
    expect(why(life('upload', watched, 'file.vanished').cell).sentence).toBe(
      'The file is no longer where it was.',
    );
    expect(why(life('upload', watched, 'file.unreadable').cell).sentence).toBe('The file cannot be read.');
    const refused = life('upload', watched, 'file.settled', {
      type: 'send.failed',
      class: 'ITEM',
      permanent: true,
    }).cell;
    expect(why(refused).sentence).toBe('The cloud did not take this document. It cannot go on by itself.');
  });

  it('stored, failed to index, indexed and indexed without text are four different sentences', () => {
    const sentences = [
      [...stored],
      [...stored, 'document.indexFailed'],
      [...stored, 'document.indexed'],
      [...stored, { type: 'document.indexed', passages: 0, reason: 'It is a picture.' }],
    ].map((events) => why(life('upload', watched, ...events).cell).sentence);
    expect(sentences).toEqual([
      'The cloud has it and signed for it; it is not searchable yet.',
      'The cloud has it and signed for it, but could not index it: The parser failed.',
      'It is in the cloud and can be found there.',
      'It is in the cloud and can be found there by its name; it has no text: It is a picture.',
    ]);
  });

  it('a cancelled one says by whom or by what', () => {
    const end = (...events: Parameters<typeof life>[2][]) =>
      why(life('upload', watched, ...events).cell).sentence;
    expect(end('cancel')).toBe('Somebody cancelled it.');
    expect(end('file.settled', 'source.changed')).toBe('The file changed; its new version goes instead.');
    expect(end('file.settled', 'content.unchanged')).toBe('The cloud has exactly this content already.');
  });

  it('answers for every state', () => {
    for (const events of [
      [],
      ['file.settled'],
      [...sent],
      [...stored],
      ['cancel'],
      ['file.vanished'],
      [pausedByCli],
    ]) {
      const { cell } = life('upload', watched, ...events);
      expect(why(cell)).toMatchObject({ state: cell.value });
    }
  });
});
