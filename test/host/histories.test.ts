import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import type { Rec } from '../../agent/host/contract.ts';
import { keys } from '../../agent/host/keys.ts';
import { begin } from '../../agent/host/rebuild.ts';
import { encodeBody, link } from '../../agent/host/record.ts';
import { markNote } from '../../agent/host/store.ts';
import type { Change } from '../../agent/ports.ts';
import type { Cell } from '../../machines/kernel.ts';
import { definitionOf, kindOf, registry } from '../../machines/registry.ts';
import { foldRecord } from '../../machines/replay.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hostOn, until } from './support.ts';

const shelf = join(import.meta.dirname, '..', 'histories');
const files = readdirSync(shelf).filter((name) => name.endsWith('.jsonl'));

function recordsOf(file: string): Rec[] {
  const lines = readFileSync(join(shelf, file), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Rec);
}

/** Puts a history into a database as the release that wrote it left it after a kill: no head holds any of it. */
async function logOf(records: readonly Rec[]): Promise<string> {
  const directory = await temporaryDirectory();
  const storage = createLevelStorage(directory);
  const kv = await storage.open();
  const logId = 'a'.repeat(32);
  const place = { storage, logId, at: records[0]!.at, wall: records[0]!.wall, boot: 0 };
  let { seq, hash } = await begin(kv, { type: 'log.opened', logId }, place);
  const changes: Change[] = [];
  for (const { hash: _, ...rec } of records) {
    seq += 1;
    const body = encodeBody(rec, seq);
    hash = link(hash, body);
    changes.push({ type: 'put', key: keys.log(seq), value: hash + body });
    changes.push({ type: 'put', key: keys.by(rec.actor, rec.n), value: String(seq) });
  }
  await kv.batch(changes, { sync: true });
  storage.mark?.(markNote(logId, { seq, hash }), true);
  await kv.close();
  return directory;
}

/** A command each kind takes wherever its recorded history ends, and the state it leads to. */
const commandTo: { readonly [kind: string]: readonly [string, string] } = {
  upload: ['pause', 'paused'],
  connection: ['stop', 'stopped'],
  breaker: ['forceOpen', 'open'],
};

describe('histories of every release', () => {
  it('there is one of each older machine version', () => {
    for (const { kind, version } of Object.values(registry))
      for (let older = 1; older < version; older++) expect(files).toContain(`${kind}-${older}.jsonl`);
  });

  it.each(files)('%s folds to the states it was recorded with', (file) => {
    const cells = new Map<string, Cell>();
    for (const rec of recordsOf(file)) {
      cells.set(rec.actor, foldRecord(cells.get(rec.actor), rec));
      expect(cells.get(rec.actor)).toMatchObject({ value: rec.state, n: rec.n });
    }
  });

  it.each(files)(
    'a log that holds %s opens, goes on where it stopped, and needs no second reading',
    async (file) => {
      const records = recordsOf(file);
      const directory = await logOf(records);
      const last = new Map(records.map((rec) => [rec.actor, rec]));
      const clock = new FakeClock(records.at(-1)!.at + 1_000);
      const { host } = hostOn(directory, { clock });
      host.setPermits('line', 0);
      const report = await host.open();
      expect(report).toMatchObject({ quarantined: [], replayed: records.length });
      for (const [actor, rec] of last) {
        const { finalStates } = definitionOf(kindOf(actor));
        // One whose work is over leaves a receipt, no cell.
        if (finalStates.includes(rec.state)) expect(await host.read(actor)).toBeUndefined();
        else expect((await host.read(actor))?.n).toBeGreaterThanOrEqual(rec.n);
      }
      const [moved] = [...last.values()].filter((rec) => !['waiting', 'indexed'].includes(rec.state));
      const [command, after] = commandTo[kindOf(moved!.actor)]!;
      const n = (await host.read(moved!.actor))!.n;
      const event = { type: command, by: 'crew', reason: 'A test.' };
      expect(await host.send(moved!.actor, event)).toMatchObject({ n: n + 1 });
      await host.close();
      const again = hostOn(directory, { clock });
      expect((await again.host.open()).replayed).toBe(0);
      await until(async () => (await again.host.read(moved!.actor))?.value === after);
      await again.host.close();
    },
  );
});
