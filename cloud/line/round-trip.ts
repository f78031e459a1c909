// About how long a round trip takes, as the shore sees it: from HELLO to the first bytes of its lane, the shortest of all lanes. A lane
// that was opened ahead says its first bytes late, so one of many is near the truth. Nothing is sent to find it.
import type { Lane } from './lane.ts';

/** Before anything was heard; and what is believed at most. */
const guessMs = 600;
const mostMs = 3_000;

export class RoundTrip {
  ms = guessMs;
  #isMeasured = false;
  readonly #heard = new WeakSet<Lane>();

  heard(lane: Lane): void {
    if (this.#heard.has(lane)) return;
    this.#heard.add(lane);
    const sample = Math.min(mostMs, lane.arrivalMs - lane.openedMs);
    this.ms = this.#isMeasured ? Math.min(this.ms, sample) : sample;
    this.#isMeasured = true;
  }
}
