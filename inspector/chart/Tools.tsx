// The chart's buttons; each has its key, named in its title.
export interface ToolsProps {
  readonly folded: boolean | null;
  readonly direction: 'right' | 'down';
  readonly words: boolean;
  readonly hasPicture: boolean;
  readonly act: (action: ChartAction) => void;
}

export type ChartAction = 'zoomIn' | 'zoomOut' | 'fit' | 'active' | 'fold' | 'direction' | 'words';

/** Key → what it does while the chart has the focus. */
export const chartKeys: { readonly [key: string]: ChartAction } = {
  '+': 'zoomIn',
  '=': 'zoomIn',
  '-': 'zoomOut',
  '0': 'fit',
  f: 'active',
  z: 'fold',
  d: 'direction',
  t: 'words',
};

export function Tools({ folded, direction, words, hasPicture, act }: ToolsProps) {
  const button = (action: ChartAction, label: string, title: string, pressed?: boolean) => (
    <button
      type="button"
      class="button chart-tool"
      title={title}
      aria-pressed={pressed}
      onClick={() => act(action)}
    >
      {label}
    </button>
  );
  return (
    <div class="chart-tools">
      {hasPicture && (
        <>
          {button('zoomOut', '−', 'Zoom out (−)')}
          {button('zoomIn', '+', 'Zoom in (+)')}
          {button('fit', 'Fit', 'Show all of it (0)')}
          {button('active', 'Active', 'To the active state (F)')}
          {folded !== null && button('fold', 'Fold', 'Fold groups that are not active (Z)', folded)}
          {button('direction', direction === 'right' ? 'Across' : 'Down', 'Turn the picture (D)')}
          {button('words', 'In words', 'The machine in words (T)', words)}
        </>
      )}
    </div>
  );
}
