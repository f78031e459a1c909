// Above the records: which of them are shown and walked through.
import { useComputed } from '@preact/signals';
import type { Inspection } from './inspection.ts';
import { isFiltering, noFilter } from './matches.ts';
import { count } from './words.ts';

const sourceWords = ['commands', 'results', 'timers', 'agent'] as const;

export function FilterBar({ inspection, id }: { readonly inspection: Inspection; readonly id: string }) {
  const filter = inspection.filter.value;
  const types = useComputed(() => {
    inspection.version.value;
    return [...inspection.columns.types.list].sort();
  });
  const states = useComputed(() => {
    inspection.version.value;
    return inspection.columns.states.list.filter((name) => name !== '').sort();
  });
  return (
    <search class="filter-bar" aria-label="Filter of records">
      <label class="aloud" for={id}>
        Filter records by words
      </label>
      <input
        id={id}
        class="field slim"
        type="search"
        placeholder="Filter records"
        value={filter.words}
        onInput={(event) => inspection.setFilter({ words: event.currentTarget.value })}
      />
      <Choice
        label="Event"
        any="any event"
        value={filter.type}
        options={types.value}
        onChange={(type) => inspection.setFilter({ type })}
      />
      <Choice
        label="State after it"
        any="any state"
        value={filter.state}
        options={states.value}
        onChange={(state) => inspection.setFilter({ state })}
      />
      <Choice
        label="Source"
        any="any source"
        value={filter.source === null ? '' : sourceWords[filter.source]!}
        options={sourceWords}
        onChange={(word) => {
          const source = sourceWords.indexOf(word as (typeof sourceWords)[number]);
          inspection.setFilter({ source: source < 0 ? null : source });
        }}
      />
      <button
        type="button"
        class="button slim"
        aria-pressed={filter.errorsOnly}
        onClick={() => inspection.setFilter({ errorsOnly: !filter.errorsOnly })}
      >
        Errors
      </button>
      <button
        type="button"
        class="button slim"
        aria-pressed={filter.actorOnly}
        disabled={inspection.actor.value === null}
        onClick={() => inspection.setFilter({ actorOnly: !filter.actorOnly })}
      >
        This actor
      </button>
      {isFiltering(filter) ? (
        <button type="button" class="button slim" onClick={() => inspection.setFilter(noFilter)}>
          Show all ({count(inspection.matches.value.length)} shown)
        </button>
      ) : null}
    </search>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly any: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, any, value, options, onChange }: ChoiceProps) {
  return (
    <select
      class="field slim"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{any}</option>
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}
