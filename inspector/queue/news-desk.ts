// Gathers news for the eye (a few lines at the corner) and for the ear (one polite sentence at most each ten seconds).
// store.ts feeds it with what documents did; notices.tsx shows both.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock } from '../browser/clock.ts';
import { type News, type NewsKind, newsOf, newsText, quarterOf, withNews } from './news.ts';
import type { Step } from './rows.ts';
import { nameParts } from './upload.ts';

/** Lines shown at the same time. */
const newsShownMax = 4;
/** A line of good news leaves by itself; one that needs somebody stays. */
const newsShownMs = 20_000;
/** The reader is not talked over. */
const aloudEveryMs = 10_000;
const aloudWaitingMax = 3;

export interface NewsDesk {
  readonly shown: ReadonlySignal<readonly News[]>;
  /** What a screen reader says next. */
  readonly aloud: ReadonlySignal<string>;
  tell(steps: readonly Step[]): void;
  /** A sentence of its own, such as a command's refusal. */
  say(kind: NewsKind, text: string): void;
  /** News about documents by name, grouped. */
  about(kind: NewsKind, names: readonly string[]): void;
  dismiss(news: News): void;
}

export function createNewsDesk(clock: Clock): NewsDesk {
  const shown = signal<readonly News[]>([]);
  const aloud = signal('');
  let waiting: string[] = [];
  let saidMs = Number.NEGATIVE_INFINITY;
  let speaking = false;

  function speak(): void {
    speaking = false;
    if (waiting.length === 0) return;
    const restMs = saidMs + aloudEveryMs - clock.nowMs();
    if (restMs > 0) {
      speakAfter(restMs);
      return;
    }
    saidMs = clock.nowMs();
    aloud.value = waiting.slice(-aloudWaitingMax).join(' ');
    waiting = [];
    kindsWaiting.clear();
  }
  function speakAfter(ms: number): void {
    if (speaking) return;
    speaking = true;
    clock.after(ms, speak);
  }
  function say(kind: NewsKind, text: string | undefined, names: readonly string[]): void {
    const atMs = clock.nowMs();
    const next = withNews(shown.value, kind, names, atMs, text).slice(0, newsShownMax);
    if (next === shown.value || !next[0]) return;
    shown.value = next;
    const first = next[0];
    // The grouped line replaces what was waiting of its kind.
    hear(newsText(first), kind);
    if (kind !== 'parked' && kind !== 'error')
      clock.after(newsShownMs, () => {
        shown.value = shown.value.filter((one) => !(one.kind === kind && one.atMs <= atMs));
      });
  }
  const kindsWaiting = new Map<string, string>();
  function hear(text: string, key: string): void {
    const old = kindsWaiting.get(key);
    waiting = [...waiting.filter((one) => one !== old), text];
    kindsWaiting.set(key, text);
    speakAfter(0);
  }

  return {
    shown,
    aloud,
    tell(steps) {
      const byKind = new Map<NewsKind, string[]>();
      for (const step of steps) {
        const kind = newsOf(step);
        if (kind) byKind.set(kind, [...(byKind.get(kind) ?? []), nameParts(step.now.name).base]);
        const quarter = quarterOf(step);
        if (quarter !== undefined) hear(`${quarter}.`, `progress ${step.now.id}`);
      }
      for (const [kind, names] of byKind) say(kind, undefined, names);
    },
    say: (kind, text) => say(kind, text, []),
    about: (kind, names) => say(kind, undefined, names),
    dismiss(news) {
      shown.value = shown.value.filter((one) => one !== news);
    },
  };
}
