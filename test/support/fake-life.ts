// The life of one simulated process. Its ports ask here before and after they act: once the life has ended their
// promises never settle and their calls do nothing, which is all that kill -9 means to the code inside. A death can be
// set for the n-th port call to come (SQLite's way of finding every boundary), before or after the call took effect.

/** How a process ends: killed (what it handed to the operating system survives) or with the power (only synced does). */
export type Death = 'kill' | 'power';

export class FakeLife {
  readonly name: string;
  #alive = true;
  #onEnd: ((death: Death) => void)[] = [];
  #countdown = 0;
  #countdownDeath: Death = 'kill';
  /** Port calls so far. */
  boundaries = 0;

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Ends the life; the ports tear down what it held, in the order they asked to be told. */
  end(death: Death): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const run of this.#onEnd.splice(0)) run(death);
  }

  onEnd(run: (death: Death) => void): void {
    if (!this.#alive) throw new Error(`${this.name} has ended already`);
    this.#onEnd.push(run);
  }

  /** Dies at the n-th boundary from now. */
  endAtBoundary(n: number, death: Death): void {
    this.#countdown = n;
    this.#countdownDeath = death;
  }

  /** Passed by each port call, once before it takes effect and once after; false: the process is no more. */
  boundary(): boolean {
    if (!this.#alive) return false;
    this.boundaries++;
    if (this.#countdown > 0 && --this.#countdown === 0) this.end(this.#countdownDeath);
    return this.#alive;
  }

  /** The answer as this process sees it: nothing at all once it has ended. */
  hold<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => {
          if (this.boundary()) resolve(value);
        },
        (error) => {
          if (this.boundary()) reject(error);
        },
      );
    });
  }

  /** A port call: a boundary, the act, a boundary. */
  call<T>(act: () => Promise<T>): Promise<T> {
    if (!this.boundary()) return never();
    return this.hold(act());
  }
}

/** What a process hears of the world after its end. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
