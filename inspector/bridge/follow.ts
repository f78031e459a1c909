// Follows actors of a running daemon over its socket: their cells first, then every record of the log, folded with the same
// machines. Survives the daemon's restarts; a log that was changed or cut is read anew.
import type { ApiClient } from '../../agent/cli/client.ts';
import { type Cell, final } from '../../machines/kernel.ts';
import { definitionOf, registry } from '../../machines/registry.ts';
import { foldRecord, type LogRecord } from '../../machines/replay.ts';

/** Actors watched at one time: each costs a viewer up to 12 KB, and nobody reads more. */
export const watchedMax = 200;
const retryMs = 2_000;

export interface Watcher {
  appear(actor: string, cell: Cell): void;
  took(actor: string, record: LogRecord, cell: Cell): void;
  vanish(actor: string): void;
  /** For people: why there is nothing new, or that there is again. */
  note(text: string): void;
}

export interface FollowOptions {
  readonly api: ApiClient;
  readonly watcher: Watcher;
  /** Kinds or ids of actors; empty: the connection, breakers, and uploads whose work is not over. */
  readonly wanted: readonly string[];
  readonly signal: AbortSignal;
  readonly pause: (ms: number) => Promise<void>;
}

/** Until the signal fires. */
export async function follow({ api, watcher, wanted, signal, pause }: FollowOptions): Promise<void> {
  const cells = new Map<string, Cell>();
  let after: number | undefined;
  let lost = false;

  while (!signal.aborted) {
    let strayed = false;
    try {
      // Asked each time, so that "it is back" is said when it is.
      if (after === undefined) after = await readAll();
      else await api.get('/v1/timeline?limit=1');
      if (lost) watcher.note('The agent is back.');
      lost = false;
      for await (const { event, data } of api.events(`/v1/events?after=${after}`)) {
        if (signal.aborted) return;
        strayed = event === 'reset';
        if (strayed) break;
        if (event !== 'record') continue;
        const record = data as unknown as LogRecord & { readonly seq: number };
        await take(record);
        after = record.seq;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!lost) watcher.note(`${error instanceof Error ? error.message : String(error)} Trying again.`);
      lost = true;
    }
    if (strayed) {
      watcher.note('The log is not the one it was: reading it anew.');
      after = undefined;
    }
    await pause(retryMs);
  }

  /** Everything that is wanted as it is now; answers the sequence from which to go on. */
  async function readAll(): Promise<number> {
    for (const actor of cells.keys()) watcher.vanish(actor);
    cells.clear();
    // Before the cells: what is recorded in between comes twice, and the second time is known by its number.
    const { head } = await api.get('/v1/timeline?limit=1');
    for (const actor of await listWanted()) await look(actor);
    return Number(head);
  }

  async function listWanted(): Promise<readonly string[]> {
    const named = wanted.filter((each) => each.includes('/'));
    const kinds = wanted.length === 0 ? Object.keys(registry) : wanted.filter((each) => !each.includes('/'));
    const found: { readonly actor: string; readonly since: number }[] = [];
    for (const kind of kinds) {
      const { machine, finalStates } = definitionOf(kind);
      const open = Object.keys(machine.config.states ?? {}).filter((state) => !finalStates.includes(state));
      for (const state of open) {
        const { items } = await api.get(`/v1/actors?kind=${kind}&state=${state}&limit=${watchedMax}`);
        found.push(...(items as { readonly actor: string; readonly since: number }[]));
      }
    }
    // The few that are not uploads come first, then what moved last.
    const order = (actor: string) => (actor.startsWith('upload/') ? 1 : 0);
    found.sort((a, b) => order(a.actor) - order(b.actor) || b.since - a.since);
    return [...new Set([...named, ...found.map(({ actor }) => actor)])].slice(0, watchedMax);
  }

  async function look(actor: string): Promise<void> {
    const { cell } = await api.get(`/v1/actors/${actor}`);
    cells.set(actor, cell as Cell);
    watcher.appear(actor, cell as Cell);
  }

  async function take(record: LogRecord): Promise<void> {
    const { actor } = record;
    const before = cells.get(actor);
    if (before === undefined) {
      if (record.n !== 1 || !isWanted(actor) || !makeRoom()) return;
      const born = foldRecord(undefined, record);
      cells.set(actor, born);
      watcher.appear(actor, born);
      return;
    }
    if (record.n <= before.n) return;
    if (record.n > before.n + 1) {
      watcher.vanish(actor);
      return look(actor);
    }
    const cell = foldRecord(before, record);
    cells.set(actor, cell);
    watcher.took(actor, record, cell);
  }

  function isWanted(actor: string): boolean {
    const kind = actor.split('/', 1)[0] ?? '';
    return wanted.length === 0
      ? Object.hasOwn(registry, kind)
      : wanted.includes(actor) || wanted.includes(kind);
  }

  /** An actor whose work is over makes room for a new one; as long as nobody needs the room it stays to be seen. */
  function makeRoom(): boolean {
    if (cells.size < watchedMax) return true;
    for (const [actor, cell] of cells)
      if (final(actor.split('/', 1)[0] ?? '', cell)) {
        cells.delete(actor);
        watcher.vanish(actor);
        return true;
      }
    return false;
  }
}
