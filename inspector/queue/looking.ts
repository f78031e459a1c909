// When the queue is longer than the page's list, a search or a filter asks the daemon for what is not here. Waits until the
// typing rests, and asks for the same thing once. Used by store.ts.
import type { Clock } from '../browser/clock.ts';
import type { Http } from '../browser/http.ts';
import { type Filter, statesOf } from './order.ts';
import { readUploads, type Upload } from './upload.ts';

const askAfterMs = 250;
/** Documents of one state asked for at once. */
export const listedPerStateMax = 100;

export interface Looking {
  /** `complete`: everything aboard is in the list already. */
  soon(filter: Filter, search: string, complete: boolean): void;
  stop(): void;
}

export interface LookingPorts {
  readonly http: Pick<Http, 'get'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly found: (items: readonly Upload[]) => void;
}

export function createLooking({ http, clock, found }: LookingPorts): Looking {
  let asked = '';
  let cancel: (() => void) | undefined;

  async function ask(filter: Filter, text: string): Promise<void> {
    const states = statesOf[filter];
    const wanted = `${filter} ${text}`;
    if (wanted === asked || (text === '' && states.length === 0)) return;
    asked = wanted;
    const q = text === '' ? [] : [`q=${encodeURIComponent(text)}`];
    const queries = states.length === 0 ? [q] : states.map((state) => [`state=${state}`, ...q]);
    try {
      found((await Promise.all(queries.map((query) => askFor(http, query.join('&'))))).flat());
    } catch {
      asked = '';
    }
  }
  return {
    soon(filter, search, complete) {
      cancel?.();
      if (!complete) cancel = clock.after(askAfterMs, () => void ask(filter, search.trim()));
    },
    stop: () => cancel?.(),
  };
}

/** A first page of what a query finds. */
export const askFor = async (http: Pick<Http, 'get'>, query: string): Promise<readonly Upload[]> =>
  readUploads(await http.get(`v1/uploads?${query}&limit=${listedPerStateMax}`));
