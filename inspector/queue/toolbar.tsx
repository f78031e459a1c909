// Above the list: which documents, a search, a rest for all of them, and the button that adds files.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Icon } from '../shell/icons.tsx';
import { countText } from './amounts.ts';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';
import { type Filter, filters, statesOf } from './order.ts';
import { PauseChoices } from './pause-choices.tsx';

const words: Readonly<Record<Filter, string>> = {
  all: 'All',
  going: 'Going',
  waiting: 'Waiting',
  parked: 'Parked',
  done: 'Done',
};

export function Toolbar() {
  const { store, adding, commands } = useQueue();
  const pausing = useSignal(false);
  const chooser = useRef<HTMLInputElement>(null);
  const blocked = store.blocked.value;
  const { states } = store.status.value;
  const countOfFilter = (filter: Filter) => {
    const count = statesOf[filter].reduce((sum, state) => sum + (states[state] ?? 0), 0);
    return count > 0 ? <span class="tools-count">{countText(count)}</span> : null;
  };
  return (
    <div class="tools">
      <div class="tools-row">
        <h1 class="tools-title">Queue</h1>
        <Button
          blocked={blocked}
          expanded={pausing.value}
          controls="pause-all"
          onClick={() => {
            pausing.value = !pausing.value;
          }}
        >
          <Icon name="pause" />
          Pause all…
        </Button>
        <Button blocked={blocked} onClick={() => void commands.resumeAll()}>
          <Icon name="play" />
          Resume all
        </Button>
        <Button look="primary" blocked={store.addingBlocked.value} onClick={() => chooser.current?.click()}>
          <Icon name="add" />
          Add files
        </Button>
        <input
          ref={chooser}
          class="aloud"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="Files to add"
          onChange={(event) => {
            adding.add([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
      </div>
      {pausing.value ? (
        <section id="pause-all" class="tools-pause panel" aria-label="Pause all">
          <PauseChoices
            what="everything"
            blocked={blocked}
            onPause={(forMs) => {
              pausing.value = false;
              void commands.pauseAll(forMs);
            }}
          />
        </section>
      ) : null}
      <div class="tools-row">
        <fieldset class="choices" aria-label="Show">
          {filters.map((filter) => (
            <Button
              key={filter}
              pressed={store.filter.value === filter}
              onClick={() => {
                store.filter.value = filter;
                store.lookFor();
              }}
            >
              {words[filter]}
              {countOfFilter(filter)}
            </Button>
          ))}
        </fieldset>
        <label class="tools-search">
          <span class="aloud">Search documents</span>
          <Icon name="search" />
          <input
            class="field"
            type="search"
            placeholder="Search"
            value={store.search}
            onInput={(event) => {
              store.search.value = event.currentTarget.value;
              store.lookFor();
            }}
          />
        </label>
      </div>
    </div>
  );
}
