// From a machine's description to what is drawn of it. Our machines are flat, and `pause` or `cancel` leads from nearly
// everywhere to one place; drawn edge by edge nobody could read that. So an event that a whole group takes to the same
// place is drawn once, from the group's box:
//
//   Members of a group that count are those that can rest, which is all but those always left at once (they see no event).
//   Let `takers` be the members with the same event, the same guards and the same target outside the group (or, for a row
//   inside the box, the same event and guards keeping the state). One line stands for all of them when
//     every member that counts is a taker and there are at least two, or
//     all but one are takers and there are at least three; the label then names the one: "host.booted (not refused)".
//   Anything else is drawn from the state itself.
//
// So a picture never claims a transition that the machine does not have: test/inspector/chart/derive.test.ts checks both ways.
import type { Description, Edge } from '../../machines/describe.ts';
import type { LabelKind } from '../chart/picture.ts';
import type { Box, Graph, Label, Line } from './graph.ts';
import { joinLines } from './graph.ts';

/** What one event does in one state, by target: several guards may lead to the same one. */
interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly event: string;
  readonly guard: string;
}

/** Events of these endings tell of something that went wrong; their names carry the word, the picture adds a cross. */
const failureEndings = /(failed|Failed|lost|vanished|unreadable|tripped|incomplete|degraded)$/;

/** A line for all needs this many takers when one member is excepted. */
const takersMinWithException = 3;

export function deriveGraph(description: Description): Graph {
  const arrows = description.states.flatMap((state) => arrowsOf(description, state.id));
  const passing = new Set(passingStates(description));
  const label = (arrow: Arrow, covered: readonly Arrow[], except: readonly string[]): Label => ({
    text: words(arrow, except),
    kind: kindOf(arrow.event, description),
    covers: new Map([[arrow.event, covered.map(({ from, to }) => [from, to] as const)]]),
  });

  const lines: Line[] = [];
  const rows = new Map<string, Label[]>();
  const draw = (from: string, arrow: Arrow, what: Label) => {
    if (arrow.to !== arrow.from) lines.push({ from, to: arrow.to, labels: [what] });
    else rows.set(from, [...(rows.get(from) ?? []), what]);
  };

  const drawn = new Set<Arrow>();
  const groups = description.groups.filter((group) => group.states.length > 1);
  for (const arrow of arrows) {
    if (drawn.has(arrow)) continue;
    const group = groups.find(({ states }) => states.includes(arrow.from));
    const shared = group ? sharedBy(group.states, passing, arrow, arrows) : null;
    if (group && shared) {
      for (const each of shared.takers) drawn.add(each);
      draw(group.name, arrow, label(arrow, shared.takers, shared.except));
    } else draw(arrow.from, arrow, label(arrow, [arrow], []));
  }

  const state = (id: string): Box => ({ id, kind: 'state', rows: rows.get(id) ?? [], children: [] });
  const grouped = new Set(groups.flatMap((group) => group.states));
  return {
    boxes: [
      ...groups.map(
        (group): Box => ({
          id: group.name,
          kind: 'group',
          rows: rows.get(group.name) ?? [],
          children: group.states.map(state),
        }),
      ),
      ...description.states.filter(({ id }) => !grouped.has(id)).map(({ id }) => state(id)),
    ],
    lines: joinLines(lines),
    initial: description.states.find((each) => each.initial)?.id ?? '',
  };
}

/** States that no actor rests in: left at once, whatever the guards say. */
export function passingStates({ states, edges }: Description): readonly string[] {
  return states
    .map(({ id }) => id)
    .filter((id) => edges.some((edge) => edge.from === id && edge.event === '' && edge.guard === null));
}

/** Who else in the group does the same; null when one line for the group would claim too much. */
function sharedBy(
  members: readonly string[],
  passing: ReadonlySet<string>,
  arrow: Arrow,
  arrows: readonly Arrow[],
): { readonly takers: readonly Arrow[]; readonly except: readonly string[] } | null {
  const keeps = arrow.to === arrow.from;
  if (arrow.event === '' || (!keeps && members.includes(arrow.to))) return null;
  const takers = arrows.filter(
    (other) =>
      members.includes(other.from) &&
      other.event === arrow.event &&
      other.guard === arrow.guard &&
      (keeps ? other.to === other.from : other.to === arrow.to),
  );
  const except = members.filter((id) => !passing.has(id) && !takers.some((taker) => taker.from === id));
  const enough =
    except.length === 0 ? takers.length > 1 : except.length === 1 && takers.length >= takersMinWithException;
  return enough ? { takers, except } : null;
}

/** Branches of one event that lead to one place are one arrow. */
function arrowsOf({ edges }: Description, from: string): Arrow[] {
  const arrows: Arrow[] = [];
  const own = edges.filter((edge) => edge.from === from);
  for (const event of new Set(own.map((edge) => edge.event))) {
    const branches = own.filter((edge) => edge.event === event);
    for (const to of new Set(branches.map((edge) => edge.to)))
      arrows.push({ from, to, event, guard: guardOf(branches, to) });
  }
  return arrows;
}

/**
 * When it leads there, in words. Empty: always, which includes guards that only decide what is done on the way. `else`:
 * when none of the other branches' guards holds.
 */
function guardOf(branches: readonly Edge[], to: string): string {
  const fallback = branches.some((edge) => edge.guard === null);
  if (fallback && branches.every((edge) => edge.to === to)) return '';
  return branches
    .filter((edge) => edge.to === to)
    .map((edge) => edge.guard ?? 'else')
    .join(' or ');
}

function words({ event, guard }: Arrow, except: readonly string[]): string {
  const guarded = guard === '' ? '' : ` [${guard}]`;
  const excepted = except.length === 0 ? '' : ` (not ${except.join(', ')})`;
  return `${event || 'at once'}${guarded}${excepted}`;
}

function kindOf(event: string, { events }: Description): LabelKind {
  if (event === '') return 'always';
  if (events.some((each) => each.type === event && each.source === 'tm')) return 'timer';
  return failureEndings.test(event) ? 'failure' : 'event';
}
