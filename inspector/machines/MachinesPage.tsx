// The engineer's page: which actor is in which state, how it came there and what would happen if. Shell and bundle mount
// it with a history; it changes the address' hash through `navigate` and draws nothing outside its element.
import type { HistorySource, PageClock } from './source.ts';

export interface MachinesPageProps {
  readonly source: HistorySource;
  readonly clock: PageClock;
  /** What follows `#/machines` in the address: '' or '/upload/01J…@4711'. */
  readonly place: string;
  /** Puts another place into the address, without a new entry in the browser's history. */
  readonly navigate: (place: string) => void;
}

export function MachinesPage({ source, place }: MachinesPageProps) {
  return (
    <main class="machines" data-mode={source.mode} data-place={place}>
      <h1>Machines</h1>
    </main>
  );
}
