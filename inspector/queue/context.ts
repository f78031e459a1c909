// What the parts of the queue page share, handed down through the tree: the app, the store, the commands, and which row is
// open. Made once by queue-page.tsx.
import type { Signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { App } from '../shell/app.ts';
import type { AddingDesk } from './adding.ts';
import type { Commands } from './commands.ts';
import type { QueueStore } from './store.ts';
import type { Upload } from './upload.ts';

export interface Open {
  readonly id: string;
  readonly what: 'why' | 'more' | 'receipt';
}

export interface Queue {
  readonly app: App;
  readonly store: QueueStore;
  readonly commands: Commands;
  readonly adding: AddingDesk;
  /** The row that shows more of itself. */
  readonly open: Signal<Open | null>;
  /** The document somebody asked to cancel, until they said yes or no. */
  readonly cancelling: Signal<Upload | null>;
}

const context = createContext<Queue | null>(null);
export const QueueProvider = context.Provider;

export function useQueue(): Queue {
  const queue = useContext(context);
  if (!queue) throw new Error('Parts of the queue page stand inside QueueProvider.');
  return queue;
}
