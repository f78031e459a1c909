import { describe, expect, test } from 'vitest';
import { nothingMetered } from '../../agent/daemon/meter.ts';
import { type StatusFacts, statusJson } from '../../agent/daemon/status.ts';
import { neverScanned } from '../../agent/files/folder-status.ts';
import { connection, fiveNames } from '../../machines/connection.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import { init } from '../../machines/kernel.ts';

const moment = { at: 1_000, wall: 1_000, boot: 1 } as never;
const link = (value: string, more: JsonObject = {}) => {
  const { cell } = init('connection', {}, moment);
  return { ...cell, value, context: { ...cell.context, ...more } };
};

const well: StatusFacts = {
  throttle: { bytesPerSecond: null },
  version: '1',
  profile: 'tender',
  uptimeMs: 1,
  rssBytes: 1,
  pid: 1,
  nowMs: 10_000,
  connection: link('online'),
  breakers: [{ actor: 'breaker/line', cell: undefined }],
  host: {
    logId: 'a',
    boot: 1,
    lastSeq: 1,
    oldestSeq: 1,
    writing: 'open',
    linePermits: 4,
    running: 0,
    liveCells: 0,
    refusedEvents: 0,
  } as StatusFacts['host'],
  states: {},
  spool: { usedBytes: 0, maxBytes: 100, freeBytes: 1_000, freeMinBytes: 10 },
  folders: [{ ...neverScanned('scans'), state: 'watched', scannedMs: 5_000 }],
  device: { deviceId: 'd', name: 'yacht', cloudUrl: 'https://cloud.example' },
  inventoryOwed: false,
  line: {},
  cloudUrl: 'https://cloud.example:8443/x',
  heardMs: 9_000,
  noticedMs: 8_000,
  metered: { ...nothingMetered, wireBytes: 700, resumedBytes: 300, documentsStored: 2 },
  left: { bytes: 5, ms: null },
  delivered: { count: 0, last: null },
};

const status = (facts: Partial<StatusFacts> = {}) =>
  statusJson({ ...well, ...facts }) as Record<string, Json>;
const byId = (list: Json) =>
  Object.fromEntries((list as readonly JsonObject[]).map((one) => [one.id, one])) as Record<
    string,
    JsonObject
  >;

describe('the status', () => {
  test('when all is well it says so: no banner, everything available, where and when', () => {
    const all = status();
    expect(all).toMatchObject({ degradation: 'none', banner: null, problems: [] });
    expect(byId(all.components!)).toMatchObject({
      line: {
        name: 'connected',
        host: 'cloud.example',
        port: 8443,
        attempts: 0,
        lastError: null,
        is_available: true,
        last_successful_request: '1970-01-01T00:00:09.000Z',
      },
      notices: { name: 'connected', lastSuccessfulRequestMs: 8_000 },
      log: { name: 'connected' },
      'folder/scans': { name: 'connected', lastSuccessfulRequestMs: 5_000 },
    });
    for (const feature of all.features as JsonObject[])
      expect(feature).toMatchObject({ available: true, why: null });
    expect(all).toMatchObject({
      sent: { wireBytes: 700, documents: 2 },
      saved: { resumed: 300, deduped: 0, compressed: 0 },
      left: { bytes: 5, ms: null },
    });
  });

  test('every state of the connection has one of the five names, on the line and on what rides on it', () => {
    for (const state of Object.keys(connection.machine.config.states ?? {})) {
      const { line, notices } = byId(status({ connection: link(state) }).components!);
      const name = fiveNames[state as keyof typeof fiveNames];
      expect(['disconnected', 'connecting', 'connected', 'error', 'stopped']).toContain(name);
      expect([line!.name, notices!.name, line!.state]).toEqual([name, name, state]);
      expect(line!.isAvailable).toBe(name === 'connected');
      expect(line!.why).not.toBe('');
    }
  });

  test('features go off with what they need, each with its reason, and only those', () => {
    const off = (facts: Partial<StatusFacts>) =>
      (status(facts).features as JsonObject[])
        .filter(({ available, why }) => {
          expect(available).toBe(why === null);
          return !available;
        })
        .map(({ id }) => id);
    expect(off({ connection: link('offline') })).toEqual(['sending', 'search', 'notices']);
    expect(off({ connection: link('degraded') })).toEqual([]);
    expect(off({ host: { ...well.host, writing: 'stopped' } })).toEqual(['adding', 'commands']);
    expect(off({ spool: { ...well.spool, usedBytes: 100 } })).toEqual(['adding']);
    expect(off({ folders: [{ ...neverScanned('scans'), state: 'missing', message: 'gone' }] })).toEqual([
      'watching',
    ]);
    expect(off({ breakers: [{ actor: 'breaker/line', cell: { value: 'open' } as never }] })).toEqual([
      'sending',
    ]);
  });

  test('the banner has the style of the worst that holds, and its sentence', () => {
    const banner = (facts: Partial<StatusFacts>) =>
      (status(facts).banner as JsonObject | null)?.style ?? null;
    expect(banner({ connection: link('offline', { sinceMs: 9_000 }) })).toBe('info');
    expect(banner({ connection: link('offline', { sinceMs: -4_000_000 }) })).toBe('warning');
    expect(banner({ connection: link('refused') })).toBe('error');
    expect(banner({ host: { ...well.host, writing: 'stopped' } })).toBe('fullscreen');
    expect(banner({ device: undefined })).toBe('warning');
    expect(status({ inventoryOwed: true, device: undefined }).banner).toMatchObject({
      style: 'error',
      level: 'severe',
    });
    const levels = (status({ inventoryOwed: true, device: undefined }).problems as { level: string }[]).map(
      (p) => p.level,
    );
    expect(levels).toEqual(['severe', 'moderate']);
  });
});
