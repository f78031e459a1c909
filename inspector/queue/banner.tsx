// How bad things are, first of all: nothing when all is well, then a note, a warning, an error, and for the worst the whole
// width before anything else, with the page still usable below. And one line when the daemon itself is gone.
import { useSignal } from '@preact/signals';
import { Icon } from '../shell/icons.tsx';
import { rateText } from './amounts.ts';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';
import type { Level, Status } from './status.ts';
import { clockText } from './times.ts';

const words: Readonly<Record<Level, string>> = {
  none: 'All is well',
  minor: 'Note',
  moderate: 'Degraded',
  severe: 'Severe',
  critical: 'Critical',
};
const icons = { none: 'check', minor: 'info', moderate: 'warn', severe: 'stop', critical: 'stop' } as const;

/** `first`: the place before the top bar, kept for the worst. */
export function Banner({ first }: { readonly first: boolean }) {
  const { store } = useQueue();
  const open = useSignal(false);
  const status = store.status.value;
  const { level } = status;
  if (!status.known || level === 'none' || (level === 'critical') !== first) return null;
  const worst = status.problems.find((problem) => problem.level === level) ?? status.problems[0];
  const others = status.problems.filter((problem) => problem !== worst);
  return (
    <section class="banner" data-level={level} aria-label="Condition">
      <Icon name={icons[level]} />
      <div class="banner-text">
        <p role={level === 'critical' || level === 'severe' ? 'alert' : 'status'}>
          <strong>
            {words[level]}: {worst?.message ?? status.connection.why}
          </strong>
        </p>
        <p>{detailOf(status)}</p>
        {open.value ? (
          <ul id="banner-why" class="banner-why">
            {others.map(({ code, level: own, message }) => (
              <li key={`${code} ${message}`}>
                {words[own]}: {message}
              </li>
            ))}
            {status.connection.whatToDo ? <li>What you can do: {status.connection.whatToDo}</li> : null}
            {status.connection.lastError ? <li>Last error: {status.connection.lastError}</li> : null}
            <li>Work goes on by itself as soon as it can. Adding files works all the time.</li>
          </ul>
        ) : null}
      </div>
      <Button
        label="Why? The condition of the link"
        expanded={open.value}
        controls="banner-why"
        onClick={() => {
          open.value = !open.value;
        }}
      >
        Why?
      </Button>
    </section>
  );
}

function detailOf({ level, connection, rttMs, rateBytesPerSecond }: Status): string {
  if (level === 'critical') return 'What is aboard is kept, and what can go still goes.';
  const figures = [
    rateBytesPerSecond ? rateText(rateBytesPerSecond) : '',
    rttMs ? `${Math.round(rttMs)} ms there and back` : '',
  ].filter(Boolean);
  const link = figures.length > 0 && connection.isAvailable ? `Link: ${figures.join(', ')}. ` : '';
  return `${link}${connection.why}`;
}

/** The daemon does not answer: since when, that it is tried again, and a way to try at once. */
export function GoneBanner() {
  const { app, store } = useQueue();
  const state = app.stream.value;
  return (
    <div class="gone" role="status" data-gone={state.is === 'trying' ? '' : undefined}>
      {state.is === 'trying' ? (
        <>
          <Icon name="retry" />
          <p>Last seen {clockText(state.sinceMs, store.time.peek())}, trying again.</p>
          <Button onClick={() => store.retry()}>Try now</Button>
        </>
      ) : null}
    </div>
  );
}
