// The list on the left: actors in groups of their kind and, for uploads, of what their states mean to people, folded or
// open, found by words, each with its state at the cursor. Plain rows, so that 10,000 actors cost one pass and the page
// draws only those in sight.
import type { Description } from '../../machines/describe.ts';

/** Actors shown; whoever has more finds them by words. */
export const actorsShownMax = 200_000;

export interface TreeActor {
  readonly place: number;
  readonly actor: string;
  readonly kind: string;
  readonly label: string;
  /** Null: it did not exist yet. Empty: not known, because older records are not loaded. */
  readonly state: string | null;
}

export type TreeRow =
  | {
      readonly is: 'group';
      readonly id: string;
      readonly level: 1 | 2;
      readonly title: string;
      readonly count: number;
      readonly open: boolean;
    }
  | {
      readonly is: 'actor';
      readonly id: string;
      readonly level: 2 | 3;
      readonly actor: TreeActor;
    };

export interface TreeOptions {
  readonly actors: Iterable<TreeActor>;
  readonly descriptions: readonly Description[];
  /** Ids of groups that are folded. */
  readonly folded: ReadonlySet<string>;
  readonly words: string;
  /** One state; empty: any. */
  readonly state: string;
}

/** Kinds in the order of the page; those with one actor or few come first, uploads last and in groups. */
const kindOrder = ['connection', 'breaker', 'host', 'upload'];
const kindTitles: { readonly [kind: string]: string } = {
  connection: 'Connection',
  breaker: 'Breakers',
  upload: 'Uploads',
  host: 'Host',
};

export function treeRows(options: TreeOptions): {
  readonly rows: readonly TreeRow[];
  readonly shown: number;
} {
  const words = options.words.trim().toLowerCase();
  const byKind = new Map<string, TreeActor[]>();
  let shown = 0;
  for (const actor of options.actors) {
    if (actor.state === null || shown >= actorsShownMax) continue;
    if (options.state !== '' && actor.state !== options.state) continue;
    if (words !== '' && !matches(actor, words)) continue;
    shown++;
    const list = byKind.get(actor.kind);
    if (list) list.push(actor);
    else byKind.set(actor.kind, [actor]);
  }
  const kinds = [...byKind.keys()].sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
  const rows: TreeRow[] = [];
  for (const kind of kinds) {
    const actors = byKind.get(kind)!;
    const open = !options.folded.has(kind);
    rows.push({
      is: 'group',
      id: kind,
      level: 1,
      title: kindTitles[kind] ?? kind,
      count: actors.length,
      open,
    });
    if (!open) continue;
    const groups = options.descriptions.find((description) => description.kind === kind)?.groups ?? [];
    if (groups.length < 2 || kind !== 'upload') rows.push(...actors.map((actor) => row(actor, 2)));
    else rows.push(...grouped(kind, actors, groups, options.folded));
  }
  return { rows, shown };
}

function grouped(
  kind: string,
  actors: readonly TreeActor[],
  groups: Description['groups'],
  folded: ReadonlySet<string>,
): TreeRow[] {
  const nameOf = new Map(groups.flatMap(({ name, states }) => states.map((state) => [state, name] as const)));
  const lists = new Map<string, TreeActor[]>(groups.map(({ name }) => [name, []]));
  for (const actor of actors) {
    const name = nameOf.get(actor.state ?? '') ?? 'not known';
    const list = lists.get(name);
    if (list) list.push(actor);
    else lists.set(name, [actor]);
  }
  const rows: TreeRow[] = [];
  for (const [name, list] of lists) {
    if (list.length === 0) continue;
    const id = `${kind}/${name}`;
    const open = !folded.has(id);
    rows.push({ is: 'group', id, level: 2, title: name, count: list.length, open });
    if (open) for (const actor of list) rows.push(row(actor, 3));
  }
  return rows;
}

const row = (actor: TreeActor, level: 2 | 3): TreeRow => ({ is: 'actor', id: actor.actor, level, actor });

function matches(actor: TreeActor, words: string): boolean {
  return (
    actor.label.toLowerCase().includes(words) ||
    actor.actor.toLowerCase().includes(words) ||
    actor.state?.toLowerCase().includes(words) === true
  );
}

function order(kind: string): number {
  const place = kindOrder.indexOf(kind);
  return place < 0 ? kindOrder.length : place;
}
