// Above the chart while a fork goes on: that it is none of the real thing, its clock, and what can be done with it.
import type { Fork } from '../../machines/fork.ts';
import type { Origin, WhatIf } from './what-if.ts';
import { dayAndTime, plural, span } from './words.ts';

const jumps = [
  { words: '+1 s', ms: 1_000 },
  { words: '+1 min', ms: 60_000 },
  { words: '+1 h', ms: 3_600_000 },
] as const;

export function ForkBar(props: { readonly whatIf: WhatIf; readonly fork: Fork; readonly origin: Origin }) {
  const { whatIf, fork, origin } = props;
  const next = fork.nextDueMs;
  return (
    <section class="fork" aria-label="Sandbox">
      <p class="fork-words">
        <strong>Sandbox</strong> from #{origin.seq}: {plural(fork.history.length, 'step')}, simulated clock{' '}
        {dayAndTime(fork.at)} (+{span(fork.at - origin.at)}). Nothing here reaches the yacht.
      </p>
      <div class="choices">
        {jumps.map(({ words, ms }) => (
          <button key={ms} type="button" class="button slim" onClick={() => whatIf.advance(ms)}>
            {words}
          </button>
        ))}
        <button
          type="button"
          class="button slim"
          disabled={next === null}
          onClick={() => whatIf.advance(null)}
        >
          {next === null ? 'No timer' : `Next timer (in ${span(Math.max(0, next - fork.at))})`}
        </button>
        <button type="button" class="button slim" onClick={() => whatIf.undo()}>
          Undo
        </button>
        <button type="button" class="button slim" onClick={() => whatIf.endFork()}>
          End sandbox
        </button>
      </div>
      {fork.refused ? (
        <p class="problem" role="alert">
          {fork.refused.message}
        </p>
      ) : null}
      {fork.history.length > 0 ? (
        <ol class="fork-steps" aria-label="Steps of the sandbox">
          {fork.history.slice(-6).map((step, place) => (
            <li key={`${fork.history.length} ${place}`}>
              <span class="quiet">+{span(step.at - origin.at)}</span> <code>{step.event.type}</code>{' '}
              {step.from} → {step.to}
            </li>
          ))}
        </ol>
      ) : null}
    </section>
  );
}
