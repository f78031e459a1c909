// The keys of the page, as a table: the help shows it, the page obeys it. Keys typed into a field are left alone.

export interface KeyPress {
  readonly key: string;
  readonly shift: boolean;
  /** Ctrl, Alt or Meta: the browser's own. */
  readonly other: boolean;
  /** What has the focus: `text` is anything one types into. */
  readonly in: 'text' | 'range' | 'other';
}

export type Command =
  | 'back'
  | 'on'
  | 'actorBack'
  | 'actorOn'
  | 'first'
  | 'last'
  | 'live'
  | 'find'
  | 'help'
  | 'export'
  | 'fork'
  | 'mark';

export const keyWords: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: '← →', does: 'one record back or on' },
  { keys: 'Shift ← →', does: 'one record of the selected actor' },
  { keys: 'Home End', does: 'first or last record' },
  { keys: 'Esc', does: 'back to live' },
  { keys: '/', does: 'find an actor' },
  { keys: 'S', does: 'go on in a sandbox from here' },
  { keys: 'A', does: 'keep this moment to compare with' },
  { keys: 'E', does: 'save this history as one file' },
  { keys: '?', does: 'this help' },
  { keys: '↑ ↓ Enter', does: 'move and choose in a list; ← → fold a group' },
  { keys: '+ − 0 F Z D', does: 'in the chart: zoom, fit, to the active state, fold, direction' },
];

/** Null: none of ours. */
export function commandOf({ key, shift, other, in: place }: KeyPress): Command | null {
  if (other) return null;
  if (key === 'Escape') return place === 'text' ? null : 'live';
  if (place === 'text') return null;
  switch (key) {
    case 'ArrowLeft':
      return shift ? 'actorBack' : 'back';
    case 'ArrowRight':
      return shift ? 'actorOn' : 'on';
    case 'Home':
      return 'first';
    case 'End':
      return 'last';
    case '/':
      return 'find';
    case '?':
      return 'help';
    case 'e':
    case 'E':
      return 'export';
    case 's':
    case 'S':
      return 'fork';
    case 'a':
    case 'A':
      return 'mark';
    default:
      return null;
  }
}
