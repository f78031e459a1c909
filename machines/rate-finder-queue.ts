// Two unknowns of a bottleneck, from delays: the queue in front of it now, and the milliseconds it takes per byte. A Kalman filter
// over the pair; sending adds bytes x msPerByte to the queue, time takes 1 ms per ms away until it is empty, a delay measured at a
// known frame corrects both. That is exact for a tail-drop queue of one rate, whatever the round trip. Used by rate-finder.ts.

/** Doubt that comes by itself. Per ms: variance of the queue (packets sent again, other hosts), and of the rate, relative. */
const queueDoubtPerMs = 0.02;
const rateDoubtPerMs = 3e-7;
/** Doubt of an empty queue: an empty queue is the surest thing there is. */
const emptyDoubt = 1;
/** One measurement moves the rate by at most these factors. */
const fasterMost = 4;
const slowerMost = 2.5;

export class QueueFilter {
  queueMs = 0;
  msPerByte: number;
  #pqq = emptyDoubt;
  #pqk = 0;
  #pkk: number;

  /** `doubt`: standard deviation of the rate, relative. */
  constructor(msPerByte: number, doubt: number) {
    this.msPerByte = msPerByte;
    this.#pkk = (msPerByte * doubt) ** 2;
  }

  /** Relative standard deviation of the rate. */
  get rateDoubt(): number {
    return Math.sqrt(this.#pkk) / this.msPerByte;
  }

  /** Standard deviation of a delay measured now, without its own noise. */
  get queueDoubtMs(): number {
    return Math.sqrt(this.#pqq);
  }

  copy(): QueueFilter {
    const copy = new QueueFilter(this.msPerByte, 0);
    copy.queueMs = this.queueMs;
    copy.#pqq = this.#pqq;
    copy.#pqk = this.#pqk;
    copy.#pkk = this.#pkk;
    return copy;
  }

  pass(ms: number): void {
    this.#pkk += rateDoubtPerMs * ms * this.msPerByte ** 2;
    this.#pqq += queueDoubtPerMs * Math.min(ms, this.queueMs);
    this.queueMs -= ms;
    if (this.queueMs >= 0) return;
    this.queueMs = 0;
    this.#pqq = Math.min(this.#pqq, emptyDoubt);
    this.#pqk = 0;
  }

  send(bytes: number): void {
    this.queueMs += bytes * this.msPerByte;
    this.#pqq += 2 * bytes * this.#pqk + bytes ** 2 * this.#pkk;
    this.#pqk += bytes * this.#pkk;
  }

  /** The queue turned out to be `errorMs` longer than foreseen; `noiseMs` is the deviation of such measurements. */
  correct(errorMs: number, noiseMs: number): void {
    const s = this.#pqq + noiseMs ** 2;
    const kq = this.#pqq / s;
    const kk = this.#pqk / s;
    this.queueMs = Math.max(0, this.queueMs + kq * errorMs);
    const next = this.msPerByte + kk * errorMs;
    this.msPerByte = Math.min(this.msPerByte * slowerMost, Math.max(this.msPerByte / fasterMost, next));
    this.#pkk = Math.max((0.002 * this.msPerByte) ** 2, this.#pkk - kk * this.#pqk);
    this.#pqk -= kq * this.#pqk;
    this.#pqq = Math.max(0.01, this.#pqq - kq * this.#pqq);
  }

  /** The rate is doubted anew. */
  doubt(relative: number): void {
    this.#pkk = Math.max(this.#pkk, (relative * this.msPerByte) ** 2);
  }

  set(msPerByte: number): void {
    const relative = this.rateDoubt;
    this.msPerByte = msPerByte;
    this.#pkk = (relative * msPerByte) ** 2;
  }
}
