// The chunks known to be ashore, as rows `ch/<hex sha256>`: what stands here is named instead of sent. Only a hint,
// kept soft: a lost row costs sending a chunk again, a stale one is answered by the shore's WANT and forgotten here.
// The line asks before it sends and remembers after the durable watermark.
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Host } from '../host/contract.ts';
import type { Change } from '../ports.ts';

/** 1,000,000 chunks stand for about 70 GB of documents and take about 80 MB of disk. */
const defaultRowsMaxCount = 1_000_000;

export interface ChunkLedger {
  has(id: Uint8Array): Promise<boolean>;
  /** `areNew`: `has` said of each that it is not known. */
  remember(ids: Iterable<Uint8Array>, areNew?: 'areNew'): Promise<void>;
  forget(ids: Iterable<Uint8Array>): Promise<void>;
}

/** How many rows there are, counted as they are written; one remembered twice within the soft delay counts twice. */
interface Count {
  readonly rows: number;
  /** First byte of the ids that make room next. */
  readonly sweep: number;
}

const countKey = 'ledger';

export function createLedger(
  host: Pick<Host, 'row' | 'rows' | 'putRows'>,
  rowsMaxCount = defaultRowsMaxCount,
): ChunkLedger {
  let count: Count | undefined;
  let turn: Promise<void> = Promise.resolve();

  const has = async (id: Uint8Array) => (await host.row(chunkRowKey(id))) !== undefined;

  async function readCount(): Promise<Count> {
    const text = await host.row(countKey);
    return text === undefined ? { rows: 0, sweep: 0 } : (JSON.parse(text) as Count);
  }

  /** Removes one 256th of the ids. Ids are hashes, so these are chunks of any age and document. */
  async function makeRoom({ rows, sweep }: Count, changes: Change[]): Promise<Count> {
    const before = changes.length;
    const prefix = `ch/${sweep.toString(16).padStart(2, '0')}`;
    for await (const [key] of host.rows({ gte: prefix, lt: `${prefix}g` }))
      changes.push({ type: 'del', key });
    return { rows: Math.max(0, rows - (changes.length - before)), sweep: (sweep + 1) % 256 };
  }

  /** Counts are changed by one caller after the other; resolves when the rows are on the medium. */
  function inTurn(change: (changes: Change[], count: Count) => Promise<Count>): Promise<void> {
    let durable: Promise<void> = Promise.resolve();
    const mine = turn.then(async () => {
      const changes: Change[] = [];
      count = await change(changes, count ?? (await readCount()));
      if (changes.length === 0) return;
      changes.push({ type: 'put', key: countKey, value: JSON.stringify(count) });
      durable = host.putRows(changes, { soft: true });
    });
    turn = mine.catch(() => {}); // its caller is told; the next one goes on
    return mine.then(() => durable);
  }

  return {
    has,
    remember: (ids, areNew) =>
      inTurn(async (changes, before) => {
        let now = before;
        for (const id of ids) {
          if (!areNew && (await has(id))) continue;
          changes.push({ type: 'put', key: chunkRowKey(id), value: '1' });
          now = { ...now, rows: now.rows + 1 };
        }
        for (let turns = 0; now.rows > rowsMaxCount && turns < 256; turns++)
          now = await makeRoom(now, changes);
        return now;
      }),
    forget: (ids) =>
      inTurn(async (changes, before) => {
        for (const id of ids) if (await has(id)) changes.push({ type: 'del', key: chunkRowKey(id) });
        return { ...before, rows: Math.max(0, before.rows - changes.length) };
      }),
  };
}

export function chunkRowKey(id: Uint8Array): string {
  return `ch/${hexFromBytes(id)}`;
}
