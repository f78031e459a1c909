// Three unknowns of a bottleneck, from delays: the queue in front of it now, the milliseconds it takes per byte, and the delay of the
// empty path (the two clocks need not agree: any offset is part of it). A Kalman filter: sending adds bytes x msPerByte to the
// queue, time takes a ms per ms away until it is empty, a delay measured at a known frame corrects all three, each by its doubt.
// An empty queue is what tells queue and path apart: then nothing of a delay can be queue. Used by rate-finder.ts.

/** Doubt that comes by itself, variance per ms: packets sent again and other hosts; the rate, relative; a path that moves. */
const queueDoubtPerMs = 0.02;
const rateDoubtPerMs = 3e-7;
const baseDoubtPerMs = 0.002;
/** Doubt of a queue that ran empty. */
const emptyDoubt = 1;
/** The rate is never surer than this, relative; nor the rest than this, ms². */
const rateDoubtMin = 0.003;
const delayDoubtMin = 0.02;
/** One measurement moves the rate by at most these factors. */
const fasterMost = 1.4;
const slowerMost = 4;

export class QueueFilter {
  queueMs = 0;
  msPerByte: number;
  baseMs: number;
  #qq = emptyDoubt;
  #qk = 0;
  #qb = 0;
  #kk: number;
  #kb = 0;
  #bb: number;

  /** `doubt`: standard deviation of the rate, relative; `baseDoubtMs` that of the base. */
  constructor(msPerByte: number, doubt: number, baseMs: number, baseDoubtMs: number) {
    this.msPerByte = msPerByte;
    this.baseMs = baseMs;
    this.#kk = (msPerByte * doubt) ** 2;
    this.#bb = baseDoubtMs ** 2;
  }

  copy(): QueueFilter {
    const copy = new QueueFilter(this.msPerByte, 0, this.baseMs, 0);
    copy.queueMs = this.queueMs;
    copy.#qq = this.#qq;
    copy.#qk = this.#qk;
    copy.#qb = this.#qb;
    copy.#kk = this.#kk;
    copy.#kb = this.#kb;
    copy.#bb = this.#bb;
    return copy;
  }

  /** Relative standard deviation of the rate. */
  get rateDoubt(): number {
    return Math.sqrt(this.#kk) / this.msPerByte;
  }

  /** Standard deviation of a delay measured now, without its own noise. */
  get delayDoubtMs(): number {
    return Math.sqrt(Math.max(0, this.#qq + 2 * this.#qb + this.#bb));
  }

  pass(ms: number): void {
    if (ms <= 0) return;
    this.#kk += rateDoubtPerMs * ms * this.msPerByte ** 2;
    this.#bb += baseDoubtPerMs * ms;
    this.#qq += queueDoubtPerMs * Math.min(ms, this.queueMs);
    this.queueMs -= ms;
    if (this.queueMs < 0) this.#empty();
  }

  send(bytes: number): void {
    this.queueMs += bytes * this.msPerByte;
    this.#qq += 2 * bytes * this.#qk + bytes ** 2 * this.#kk;
    this.#qk += bytes * this.#kk;
    this.#qb += bytes * this.#kb;
  }

  /** How much longer a delay is than foreseen. */
  error(delayMs: number): number {
    return delayMs - this.baseMs - this.queueMs;
  }

  correct(delayMs: number, noiseMs: number): void {
    const error = this.error(delayMs);
    const hq = this.#qq + this.#qb;
    const hk = this.#qk + this.#kb;
    const hb = this.#qb + this.#bb;
    const s = hq + hb + noiseMs ** 2;
    this.queueMs += (hq / s) * error;
    this.baseMs += (hb / s) * error;
    const next = this.msPerByte + (hk / s) * error;
    this.msPerByte = Math.min(this.msPerByte * slowerMost, Math.max(this.msPerByte / fasterMost, next));
    this.#qq = Math.max(delayDoubtMin, this.#qq - (hq * hq) / s);
    this.#qk -= (hq * hk) / s;
    this.#qb -= (hq * hb) / s;
    this.#kk = Math.max((rateDoubtMin * this.msPerByte) ** 2, this.#kk - (hk * hk) / s);
    this.#kb -= (hk * hb) / s;
    this.#bb = Math.max(delayDoubtMin, this.#bb - (hb * hb) / s);
    if (this.queueMs >= 0) return;
    // No queue is shorter than none: what is missing, the path is shorter by.
    this.baseMs += this.queueMs;
    this.#empty();
  }

  /** The base within bounds; what it gives, the queue takes, and the other way round. */
  keepBase(fromMs: number, toMs: number): void {
    const within = Math.min(toMs, Math.max(fromMs, this.baseMs));
    this.queueMs = Math.max(0, this.queueMs + this.baseMs - within);
    this.baseMs = within;
  }

  /** The queue is gone. */
  clear(): void {
    this.#empty();
  }

  /** The rate is doubted anew, relative, and the base, in ms. */
  doubt(relative: number, baseMs = 0): void {
    this.#kk = Math.max(this.#kk, (relative * this.msPerByte) ** 2);
    this.#bb = Math.max(this.#bb, baseMs ** 2);
  }

  setRate(msPerByte: number): void {
    const factor = msPerByte / this.msPerByte;
    this.msPerByte = msPerByte;
    this.#kk *= factor ** 2;
    this.#qk *= factor;
    this.#kb *= factor;
  }

  boundRate(fastestMsPerByte: number, slowestMsPerByte: number): void {
    const bound = Math.min(slowestMsPerByte, Math.max(fastestMsPerByte, this.msPerByte));
    if (bound !== this.msPerByte) this.setRate(bound);
  }

  #empty(): void {
    this.queueMs = 0;
    this.#qq = Math.min(this.#qq, emptyDoubt);
    this.#qk = 0;
    this.#qb = 0;
  }
}
