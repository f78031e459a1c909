// Asks again for documents whose reason may have changed without a record of their own: the link came back, a breaker
// opened, one stopped moving. A little later and many at once, so that a link that flickers costs one request. Used by
// store.ts.
import type { Clock } from '../browser/clock.ts';
import type { Http } from '../browser/http.ts';
import { readUploads, type Upload } from './upload.ts';

/** Documents asked for by id in one request. */
const idsPerRequestMax = 200;
const askAfterMs = 300;
/** A document without figures for this long does not move any more. */
const stillAfterMs = 4_000;

export interface Recheck {
  soon(ids: Iterable<string>): void;
  /** It moved now. */
  moved(id: string): void;
  /** Each second: asks for those that have stopped moving. */
  tick(): void;
  stop(): void;
}

export interface RecheckPorts {
  readonly http: Pick<Http, 'get'>;
  readonly clock: Pick<Clock, 'after' | 'nowMs'>;
  readonly take: (items: readonly Upload[]) => void;
}

export function createRecheck({ http, clock, take }: RecheckPorts): Recheck {
  const wanted = new Set<string>();
  const movedMs = new Map<string, number>();
  let cancel: (() => void) | undefined;

  function soon(ids: Iterable<string>): void {
    for (const id of ids) wanted.add(id);
    if (wanted.size > 0) cancel ??= clock.after(askAfterMs, () => void ask());
  }
  async function ask(): Promise<void> {
    cancel = undefined;
    const ids = [...wanted].slice(0, idsPerRequestMax);
    // Those further down the line than anybody looks keep their old sentence until they come up.
    wanted.clear();
    try {
      take(readUploads(await http.get(`v1/uploads?ids=${ids.join(',')}`)));
    } catch {
      // The next change asks again.
    }
  }
  return {
    soon,
    moved: (id) => void movedMs.set(id, clock.nowMs()),
    tick() {
      const still = [...movedMs].filter(([, ms]) => clock.nowMs() - ms > stillAfterMs).map(([id]) => id);
      for (const id of still) movedMs.delete(id);
      soon(still);
    },
    stop: () => cancel?.(),
  };
}
