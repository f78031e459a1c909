// A state in a word, with a mark before it that tells its sort without colour: moving, held, done, failed, waiting.

type Sort = 'moving' | 'held' | 'done' | 'failed' | 'waiting';

const sorts: { readonly [state: string]: Sort } = {
  sighted: 'moving',
  settling: 'moving',
  sending: 'moving',
  confirming: 'moving',
  connecting: 'moving',
  'half-open': 'moving',
  online: 'done',
  closed: 'done',
  stored: 'done',
  indexed: 'done',
  waiting: 'waiting',
  degraded: 'waiting',
  paused: 'held',
  stopped: 'held',
  cancelled: 'held',
  parked: 'failed',
  open: 'failed',
  offline: 'failed',
  captive: 'failed',
  intercepted: 'failed',
  refused: 'failed',
};

const paths: { readonly [sort in Sort]: string } = {
  moving: 'M2 6h7M6 2.5 9.5 6 6 9.5',
  held: 'M4 2.5v7M8 2.5v7',
  done: 'm2 6.5 2.8 3L10 3',
  failed: 'm2.8 2.8 6.4 6.4M9.2 2.8 2.8 9.2',
  waiting: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M6 3.5V6l2 1.5',
};

/** The host's log is open when all is well; a breaker is not. */
export function sortOf(state: string, kind?: string): Sort {
  return kind === 'host' ? 'done' : (sorts[state] ?? 'waiting');
}

export function StateMark({ state, kind }: { readonly state: string; readonly kind?: string }) {
  const sort = sortOf(state, kind);
  return (
    <span class={`state state-${sort}`}>
      <svg class="state-mark" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        <path d={paths[sort]} />
      </svg>
      {state === '' ? 'not loaded' : state}
    </span>
  );
}
