// Notices of a session: in sequence, over one lane for as long as it is awake, from the first that the yacht has not yet said to be in
// its log. When that lane dies or sleeps they begin again there on another: at least once, never out of order within a lane.
import { codeOf } from '../cloud-error.ts';
import type { ProblemCode } from '../contract/problems.ts';
import type { Notices } from '../decide/notices.ts';
import type { NoticeHub } from '../notify/hub.ts';
import type { Clock, DeviceScope, Notice } from '../ports.ts';
import type { Lane } from './lane.ts';
import type { LineLimitsAshore } from './limits.ts';

export interface NoticePostPorts {
  readonly hub: NoticeHub;
  readonly notices: Pick<Notices, 'acknowledge'>;
  readonly scope: DeviceScope;
  /** Last notice in the yacht's log when the session began. */
  readonly cursor: number;
  readonly clock: Clock;
  readonly limits: LineLimitsAshore;
  readonly lanes: () => Iterable<Lane>;
  readonly roundTripMs: () => number;
  readonly end: (code: ProblemCode, retryAfterMs?: number) => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

export class NoticePost {
  readonly #ports: NoticePostPorts;
  #newest: number;
  /** Last notice that the yacht has in its log, as it said. */
  #seen: number;
  #lane: Lane | undefined;
  #saidMs = 0;
  #detach: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(ports: NoticePostPorts) {
    this.#ports = ports;
    this.#newest = ports.cursor;
    this.#seen = ports.cursor;
  }

  /** A lane joined whose yacht has notices up to `cursor`. */
  joined(cursor: number): void {
    this.#seen = Math.max(this.#seen, cursor);
    this.#newest = Math.max(this.#newest, cursor);
    if (!this.#detach) this.#follow();
  }

  laneGone(lane: Lane): void {
    if (lane === this.#lane) this.#follow(lane);
  }

  seen(cursor: number): void {
    // A cursor beyond what was ever sent would forget notices unseen.
    if (cursor > this.#newest) return;
    this.#seen = Math.max(this.#seen, cursor);
    this.#ports.notices.acknowledge(this.#ports.scope, cursor).catch((error: unknown) => {
      this.#ports.log({ event: 'line.seen.failed', code: codeOf(error) ?? String(error) });
    });
  }

  stop(): void {
    this.#detach?.();
    this.#detach = undefined;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#lane = undefined;
  }

  /** From the first that the yacht has not yet said to be in its log, over the lane heard from last. */
  #follow(avoid?: Lane): void {
    this.stop();
    const open = [...this.#ports.lanes()].filter((lane) => lane.isOpen && lane !== avoid);
    const [lane] = open.sort((a, b) => b.arrivalMs - a.arrivalMs);
    if (!lane) return;
    this.#lane = lane;
    this.#detach = this.#ports.hub.attach(this.#ports.scope, this.#seen, {
      deliver: (notices) => this.#deliver(lane, notices),
      bufferedBytes: () => lane.bufferedBytes(),
      end: (code, retryAfterMs) => this.#ports.end(code, retryAfterMs),
    });
  }

  #deliver(lane: Lane, notices: readonly Notice[]): void {
    // Others were heard from long after this one: it is dead, and nobody has told us.
    const { lanes, limits, roundTripMs } = this.#ports;
    const lateMs = lane.arrivalMs + Math.max(2 * limits.silenceMs, 4 * roundTripMs());
    if ([...lanes()].some((other) => other.isOpen && other.arrivalMs > lateMs)) {
      this.#follow(lane);
      return;
    }
    lane.together(() => {
      for (const notice of notices) {
        this.#newest = Math.max(this.#newest, notice.sequence);
        lane.send({ type: 'NOTICE', ...notice, reason: shortened(notice.reason), extensions: [] });
      }
    });
    this.#saidMs = this.#ports.clock.monotonicMs();
    this.#watch();
  }

  #watch(): void {
    const { clock, limits, roundTripMs } = this.#ports;
    const patienceMs = Math.max(2 * limits.silenceMs, 4 * roundTripMs());
    this.#cancelLook ??= clock.after(patienceMs, () => {
      this.#cancelLook = undefined;
      if (this.#seen >= this.#newest || clock.monotonicMs() - this.#saidMs > limits.saidKeptMs) return;
      const lane = this.#lane;
      const isAsleep =
        lane !== undefined &&
        clock.monotonicMs() - this.#saidMs >= patienceMs &&
        lane.arrivalMs <= this.#saidMs &&
        [...this.#ports.lanes()].some(
          (other) => other !== lane && other.isOpen && other.arrivalMs > this.#saidMs,
        );
      if (isAsleep) this.#follow(lane);
      else this.#watch();
    });
  }
}

const reasonMaxLength = 500;

/** A reason fits its field in bytes whatever its characters are. */
function shortened(reason: string): string {
  return reason.length > reasonMaxLength / 2 ? `${reason.slice(0, reasonMaxLength / 2)}…` : reason;
}
