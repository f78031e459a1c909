// Which document on the line speaks next. Priority, then age; among equals those that are far smaller than the oldest may pass it,
// with half of the line at most: fifty scans do not wait behind a video, and the video still comes through. Pure; asked for each
// frame by agent/line/documents.ts.

/** A document with something left to send. */
export interface OnLine {
  /** 1 critical … 10 low. */
  readonly priority: number;
  /** Sorts by age: the upload's ULID. */
  readonly age: string;
  /** Not sent yet. */
  readonly leftBytes: number;
}

/** What was spoken since the oldest of the best priority began to be it. */
export interface Turns {
  /** Its age; empty: none yet. */
  readonly head: string;
  /** Bytes of smaller ones beyond those of the head: above 0 it is the head's turn. Below 0: what its last frame was too long. */
  readonly passedBytes: number;
}

export const noTurns: Turns = { head: '', passedBytes: 0 };

/** So many times smaller than what the head has left, and a document may pass it. */
export const farSmallerTimes = 8;
/** A head that had nothing to say for long is not owed more than this. */
export const passedMaxBytes = 256 * 1024;

/** Negative: `a` stands before `b`. */
export function compareOnLine(a: OnLine, b: OnLine): number {
  return a.priority - b.priority || (a.age < b.age ? -1 : a.age > b.age ? 1 : 0);
}

/** The order in which to ask for a frame. `sorted` by compareOnLine; whoever has nothing in hand just now is asked in vain. */
export function inTurn<T extends OnLine>(sorted: readonly T[], turns: Turns): readonly T[] {
  const [head] = sorted;
  if (!head || sorted.length === 1) return sorted;
  // Owed to an earlier head: nothing to this one.
  if (turns.head === head.age && turns.passedBytes > 0) return sorted;
  const passing = sorted.filter((one) => passes(one, head));
  return passing.length === 0 ? sorted : [...passing, ...sorted.filter((one) => !passes(one, head))];
}

/** `spoke` took the line for so many bytes while `sorted` waited. */
export function spoken(sorted: readonly OnLine[], turns: Turns, spoke: OnLine, bytes: number): Turns {
  const [head] = sorted;
  if (!head) return turns;
  const before = turns.head === head.age ? turns.passedBytes : 0;
  if (spoke.age === head.age) return { head: head.age, passedBytes: Math.max(-bytes, before - bytes) };
  if (spoke.priority !== head.priority) return turns;
  return { head: head.age, passedBytes: Math.min(passedMaxBytes, before + bytes) };
}

function passes(one: OnLine, head: OnLine): boolean {
  return one !== head && one.priority === head.priority && one.leftBytes * farSmallerTimes <= head.leftBytes;
}
