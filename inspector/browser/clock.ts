// Time on the page: the only place that reads it or waits for it. Wakes nobody while the page is hidden, and nobody more
// often than once a second except for pictures that change anyway.

export interface Clock {
  /** Milliseconds since 1970 by this screen's clock; the daemon's may differ (see the feed's hello). */
  nowMs(): number;
  /** Calls `then` once after `ms`; the answer takes it back. */
  after(ms: number, then: () => void): () => void;
  /** Calls `then` before the next picture is painted; the answer takes it back. Never while hidden. */
  frame(then: () => void): () => void;
  /** Calls `then` about each second while the page is shown, and at once when it is shown again. */
  everySecond(then: () => void): () => void;
}

const secondMs = 1_000;

/** What is needed of a document: whether somebody looks at it. */
export interface VisiblePage {
  readonly hidden: boolean;
  addEventListener(type: 'visibilitychange', listener: () => void): void;
  removeEventListener(type: 'visibilitychange', listener: () => void): void;
}

interface Frames {
  requestAnimationFrame(then: () => void): number;
  cancelAnimationFrame(frame: number): void;
}

export function createClock(
  { document: page, frames }: { readonly document: VisiblePage; readonly frames: Frames } = {
    document: (globalThis as unknown as { document: VisiblePage }).document,
    frames: globalThis as unknown as Frames,
  },
): Clock {
  const after = (ms: number, then: () => void) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  };
  return {
    nowMs: () => Date.now(),
    after,
    frame(then) {
      const frame = frames.requestAnimationFrame(then);
      return () => frames.cancelAnimationFrame(frame);
    },
    everySecond(then) {
      let timer: ReturnType<typeof setInterval> | undefined;
      const turn = () => {
        clearInterval(timer);
        timer = undefined;
        if (page.hidden) return;
        then();
        timer = setInterval(then, secondMs);
      };
      page.addEventListener('visibilitychange', turn);
      if (!page.hidden) timer = setInterval(then, secondMs);
      return () => {
        clearInterval(timer);
        page.removeEventListener('visibilitychange', turn);
      };
    },
  };
}
