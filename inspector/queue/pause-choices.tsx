// A rest always says when it ends: people forget. For one document or for all of them.
import { useSignal } from '@preact/signals';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';
import { untilClock } from './times.ts';

const hourMs = 3_600_000;

export interface PauseChoicesProps {
  /** Whose rest: a name, or "everything". */
  readonly what: string;
  readonly blocked: string;
  /** Undefined: until somebody resumes. */
  readonly onPause: (forMs: number | undefined) => void;
}

export function PauseChoices({ what, blocked, onPause }: PauseChoicesProps) {
  const { store } = useQueue();
  const clock = useSignal('18:00');
  const untilMs = untilClock(clock.value, store.time.value);
  return (
    <div class="choices">
      <Button blocked={blocked} label={`For 1 h, pause ${what}`} onClick={() => onPause(hourMs)}>
        For 1 h
      </Button>
      <span class="pause-until">
        <Button
          blocked={blocked || (untilMs === undefined ? 'Write a time of day, such as 18:00.' : '')}
          label={`Until ${clock.value} ship’s time, pause ${what}`}
          onClick={() => onPause(untilMs)}
        >
          Until
        </Button>
        <input
          class="field"
          type="text"
          inputmode="numeric"
          maxLength={5}
          value={clock}
          aria-label="Ship’s time at which it goes on, hours and minutes"
          onInput={(event) => {
            clock.value = event.currentTarget.value;
          }}
        />
      </span>
      <Button blocked={blocked} label={`Until I resume, pause ${what}`} onClick={() => onPause(undefined)}>
        Until I resume
      </Button>
    </div>
  );
}
