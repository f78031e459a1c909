// The yacht's process as its supervisor sees it: starts it, notices its end, starts it again after a while; the disk, the
// files and the wrong wall clock stay. What runs inside is the true daemon, composed in aboard.ts.
import { type Death, FakeLife } from '../support/fake-life.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import type { FakeTimeline } from '../support/fake-timeline.ts';
import type { Aboard } from './crew.ts';
import type { Report } from './report.ts';

export interface YachtParts {
  readonly timeline: FakeTimeline;
  readonly random: FakeRandom;
  readonly report: Report;
  /** Composes and starts one daemon; resolves once people can ask it. */
  readonly start: (life: FakeLife, wallMs: () => number) => Promise<Aboard>;
  readonly wallErrorMs: number;
  /** True wall-clock time at the voyage's beginning. */
  readonly epochMs: number;
}

/** How long a yacht stays dark after a crash: a restart by the supervisor, or hours in a marina. */
const restartMs = [200, 20_000] as const;
const longRestartMs = [60_000, 3_600_000] as const;

export class Yacht {
  readonly #parts: YachtParts;
  #life: FakeLife | undefined;
  #aboard: Aboard | undefined;
  #wallErrorMs: number;
  #dieAtNextBoot: { readonly n: number; readonly death: Death } | undefined;
  #whileDown: (() => void)[] = [];
  #calm = false;
  boots = 0;
  /** Since when the agent that runs now has been up; undefined: none is. */
  #upSinceMs: number | undefined;

  constructor(parts: YachtParts) {
    this.#parts = parts;
    this.#wallErrorMs = parts.wallErrorMs;
  }

  /** The agent that runs now, once its door is open. */
  get aboard(): Aboard | undefined {
    return this.#life?.alive ? this.#aboard : undefined;
  }

  get upSinceMs(): number | undefined {
    return this.#life?.alive && this.#aboard ? this.#upSinceMs : undefined;
  }

  boot(): void {
    const { timeline, report, start, epochMs } = this.#parts;
    const life = new FakeLife('agent');
    this.#life = life;
    this.#aboard = undefined;
    this.boots++;
    report.trace(`agent boots (${this.boots})`);
    life.onEnd((death) => this.#ended(death));
    if (this.#dieAtNextBoot) {
      life.endAtBoundary(this.#dieAtNextBoot.n, this.#dieAtNextBoot.death);
      this.#dieAtNextBoot = undefined;
    }
    start(life, () => epochMs + timeline.now + this.#wallErrorMs).then(
      (aboard) => {
        if (!life.alive) return;
        this.#aboard = aboard;
        this.#upSinceMs = timeline.now;
        report.trace('agent is up');
      },
      (error: Error) => {
        // A daemon that cannot start says why and leaves; its supervisor tries again.
        report.trace(`agent did not start: ${error.message}`);
        life.end('kill');
      },
    );
  }

  crash(death: Death): void {
    this.#life?.end(death);
  }

  /** The process asked to end itself: a fatal error, which the supervisor answers with a new start. */
  exited(life: FakeLife): void {
    this.#parts.report.trace('agent left by itself');
    life.end('kill');
  }

  /** Dies, and something happens to its disk before it runs again. */
  crashAndThen(death: Death, whileDown: () => void): void {
    this.#whileDown.push(whileDown);
    this.crash(death);
  }

  /** Dies at its n-th port call from now, in half of the cases once more during the recovery after it; 0: not at all. */
  dieAtBoundary(n: number, death: Death): void {
    this.#life?.endAtBoundary(n, death);
    this.#dieAtNextBoot = undefined;
    if (n > 0 && this.#parts.random.chance(0.5))
      this.#dieAtNextBoot = {
        n: this.#parts.random.between(1, 60),
        death: this.#parts.random.pick(['kill', 'power']),
      };
  }

  jumpWall(byMs: number): void {
    this.#wallErrorMs += byMs;
  }

  /** From now on a restart is quick, as in a harbour. */
  calm(): void {
    this.#calm = true;
  }

  #ended(death: Death): void {
    const { timeline, random, report } = this.#parts;
    report.crash(`agent ${death}`);
    const [low, high] = !this.#calm && random.chance(0.1) ? longRestartMs : restartMs;
    timeline.after(random.spread(low, high), () => {
      for (const run of this.#whileDown.splice(0)) run();
      this.boot();
    });
  }
}
