// The selected actor's moment at the cursor: at once when its window is here, fetched when it is not. While it is fetched
// the page says so; what is shown is never a neighbour in time that happened to be here.
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Moment, Moments } from './moments.ts';

/** The selected actor at the cursor. */
export type Selected =
  | { readonly is: 'none' }
  /** It does not exist at this moment, or nothing of it is kept. */
  | { readonly is: 'absent'; readonly message: string }
  /** Asked for; `stale` is what was shown before. */
  | { readonly is: 'loading'; readonly stale: Moment | undefined }
  | { readonly is: 'ready'; readonly moment: Moment }
  | { readonly is: 'failed'; readonly message: string };

export interface SelectionPorts {
  readonly moments: Pick<Moments, 'peek' | 'load'>;
  readonly actor: ReadonlySignal<string | null>;
  /** Number of the actor's last record at the cursor; 0: none; null: the rows there are not loaded yet. */
  readonly wantedN: ReadonlySignal<number | null>;
  readonly isReady: ReadonlySignal<boolean>;
}

export interface Selection {
  readonly selected: ReadonlySignal<Selected>;
  /** Tries again what failed. */
  forgive(): void;
}

export function createSelection({ moments, actor, wantedN, isReady }: SelectionPorts): Selection {
  /** Grows when a window came. */
  const loaded = signal(0);
  const failure = signal<{ readonly key: string; readonly message: string } | null>(null);
  let fetching = '';
  let shown: Moment | undefined;

  function bring(id: string, n: number, key: string): void {
    if (fetching === key) return;
    fetching = key;
    moments
      .load(id, n)
      .then(
        () => {
          loaded.value++;
        },
        (error: unknown) => {
          failure.value = { key, message: messageOf(error) };
        },
      )
      .finally(() => {
        if (fetching === key) fetching = '';
      });
  }

  const selected = computed<Selected>(() => {
    loaded.value;
    const id = actor.value;
    if (id === null) return { is: 'none' };
    const n = wantedN.value;
    const stale = () => (shown?.record?.actor === id ? shown : undefined);
    if (n === null) return { is: 'loading', stale: stale() };
    if (n === 0)
      return { is: 'absent', message: isReady.value ? 'It does not exist at this moment.' : 'Loading …' };
    const moment = moments.peek(id, n);
    if (moment) {
      shown = moment;
      return { is: 'ready', moment };
    }
    const key = `${id} ${n}`;
    if (failure.value?.key === key) return { is: 'failed', message: failure.value.message };
    bring(id, n, key);
    return { is: 'loading', stale: stale() };
  });

  return {
    selected,
    forgive() {
      failure.value = null;
    },
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
