import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';
import { collect, countingRandom, hostOn, until } from './support.ts';

const rounds = 12;
const writer = join(import.meta.dirname, 'writer-process.ts');

/** Lets the writer work for a while, kills it with -9, answers what it had been promised. */
function killed(
  directory: string,
  round: number,
  afterLines: number,
  load: 'few' | 'many' = 'few',
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, directory, String(round), load], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    let lines = 0;
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      lines += more.split('\n').length - 1;
      if (lines >= afterLines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => resolve(text.slice(0, text.lastIndexOf('\n')).split('\n')));
  });
}

describe('kill -9', () => {
  it(`${rounds} kills lose nothing that was acknowledged, leave no gap, and every state folds from the log`, async () => {
    const directory = await temporaryDirectory();
    const random = countingRandom(7);
    const promised = new Set<string>();
    for (let round = 1; round <= rounds; round++) {
      // Some are killed while they are still recovering from the kill before.
      const afterLines = round % 4 === 0 ? 0 : Math.floor(random.unit() * 150);
      for (const line of await killed(directory, round, afterLines))
        if (line.includes(' ')) promised.add(line);
    }
    expect(promised.size).toBeGreaterThan(rounds);
    const { host } = hostOn(directory);
    host.setPermits('line', 0);
    const report = await host.open();
    expect(report.rebuilt).toBeUndefined();
    expect(report.quarantined).toEqual([]);
    expect((await host.audit()).damage).toBeUndefined();
    const records = await collect(host.history({ limit: 1_000_000 }));
    expect(records.map((rec) => rec.seq)).toEqual(records.map((_, i) => i + 1));
    const kept = new Set(records.map((rec) => `${rec.actor} ${rec.n}`));
    expect([...promised].filter((line) => !kept.has(line))).toEqual([]);
    const born = records.filter((rec) => rec.event.type === 'actor.created');
    for (const { actor } of born) {
      expect(await host.row(`file/${Number(actor.slice('upload/'.length))}`)).toBeDefined();
    }
    await host.close();
  });

  it('under the load of a thousand uploads at once leaves at most 4,096 records to fold', async () => {
    const directory = await temporaryDirectory();
    let before = 0;
    for (const [round, afterLines] of [9_000, 4_000, 6_500].entries()) {
      await killed(directory, round + 1, afterLines, 'many');
      const { host } = hostOn(directory);
      host.setPermits('line', 0);
      const report = await host.open();
      expect(report).toMatchObject({ clean: false, quarantined: [] });
      expect(report.replayed).toBeGreaterThan(0);
      expect(report.replayed).toBeLessThanOrEqual(4_096);
      expect(report.lastSeq - before).toBeGreaterThan(afterLines);
      before = report.lastSeq;
      await host.close();
    }
  });

  it('a process that dies while it holds the lock does not keep the next one out', async () => {
    const directory = await temporaryDirectory();
    await killed(directory, 1, 1);
    const { host } = hostOn(directory);
    await until(async () => (await host.open()).boot === 2);
    await host.close();
  });
});
