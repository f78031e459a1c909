// The engineer's page: which actor is in which state, how it came there and what would happen if. Shell and bundle mount
// it with a history; it keeps the address' hash up to date through `navigate` and draws nothing outside its element.
import './machines.css';
import './panels.css';
import './timeline.css';
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { ActorsPane } from './actors-pane.tsx';
import { ChartPane } from './chart-pane.tsx';
import { ContextPanel, type Mark } from './context-panel.tsx';
import { ExportDialog, HelpDialog } from './dialogs.tsx';
import { createInspection, type Inspection } from './inspection.ts';
import { type Command, commandOf } from './keys.ts';
import { EffectsPanel, TimersPanel } from './ledger-panel.tsx';
import { LinePanel } from './line-panel.tsx';
import { formatPlace, parsePlace } from './place.ts';
import { RecordPanel } from './record-panel.tsx';
import type { HistorySource, PageClock } from './source.ts';
import { StatusStrip } from './status-strip.tsx';
import { TimelinePane } from './timeline-pane.tsx';
import { createWhatIf, type View } from './what-if.ts';
import { WhatIfPanel } from './what-if-panel.tsx';
import { WhyPanel } from './why-panel.tsx';

export interface MachinesPageProps {
  readonly source: HistorySource;
  readonly clock: PageClock;
  /** What follows `#/machines` in the address: '' or '/upload/01J…@4711'. */
  readonly place: string;
  /** Puts another place into the address, without a new entry in the browser's history. */
  readonly navigate: (place: string) => void;
}

/** Time after which a moved cursor is written into the address, ms; dragging writes once. */
const navigateMs = 250;

type Tab = 'actors' | 'chart' | 'details' | 'log';
const tabs: readonly (readonly [Tab, string])[] = [
  ['actors', 'Actors'],
  ['chart', 'Chart'],
  ['details', 'Details'],
  ['log', 'Log'],
];

const findId = 'machines-find';
const filterId = 'machines-filter';

export function MachinesPage({ source, clock, place, navigate }: MachinesPageProps) {
  const page = useMemo(() => {
    const inspection = createInspection({ source, clock });
    const from = parsePlace(place);
    inspection.select(from.actor);
    if (from.seq !== null) inspection.goTo(from.seq);
    return { inspection, whatIf: createWhatIf(inspection), written: place };
  }, [source]);
  const { inspection, whatIf } = page;
  const tab = useSignal<Tab>(parsePlace(place).actor === null ? 'actors' : 'chart');
  const shown = useRef<View | null>(null);
  const dialog = useSignal<'help' | 'export' | null>(null);
  const mark = useSignal<Mark | null>(null);

  useEffect(() => {
    void inspection.start();
    return () => inspection.close();
  }, [inspection]);
  // Somebody followed a link to another actor or moment.
  useEffect(() => {
    if (place === page.written) return;
    page.written = place;
    const wanted = parsePlace(place);
    if (wanted.actor !== null) inspection.select(wanted.actor);
    inspection.goTo(wanted.seq);
  }, [place]);
  useSignalEffect(() => {
    const text = formatPlace({ actor: inspection.actor.value, seq: inspection.cursor.value });
    if (inspection.phase.value.is !== 'ready' || text === page.written) return;
    return clock.after(navigateMs, () => {
      page.written = text;
      navigate(text);
    });
  });
  // A sandbox and a draft belong to the actor they were begun with.
  useSignalEffect(() => {
    const actor = inspection.actor.value;
    if (actor === shown.current?.actor) return;
    if (whatIf.origin.peek() !== null && whatIf.origin.peek()?.actor !== actor) whatIf.endFork();
    if (whatIf.draft.peek() !== null) whatIf.choose(null);
  });
  // Nothing chosen yet: the connection is what everything else waits for.
  useSignalEffect(() => {
    inspection.version.value;
    if (inspection.phase.value.is !== 'ready' || inspection.actor.value !== null) return;
    const { known, columns } = inspection;
    for (const { actor } of known.all()) if (actor.startsWith('connection/')) return inspection.select(actor);
    const { list } = columns.actors;
    const first =
      list.find((actor) => actor.startsWith('connection/')) ?? (known.isComplete ? list[0] : undefined);
    if (first) inspection.select(first);
  });

  const setMark = () => {
    const view = whatIf.view.value;
    if (!view) return;
    const name = inspection.known.labelOf(view.actor);
    mark.value = {
      label: view.forked
        ? `the sandbox of ${name}`
        : `${name} at #${view.record?.seq ?? inspection.seq.value}`,
      cell: view.cell,
    };
  };
  const obey: { readonly [command in Command]: () => void } = {
    back: () => inspection.step(-1, false),
    on: () => inspection.step(1, false),
    actorBack: () => inspection.step(-1, true),
    actorOn: () => inspection.step(1, true),
    first: () => inspection.goTo(inspection.oldest.value),
    last: () => inspection.goTo(inspection.columns.last),
    live: () => {
      if (whatIf.fork.value) whatIf.endFork();
      else if (whatIf.draft.value) whatIf.choose(null);
      else inspection.goTo(source.mode === 'live' ? null : inspection.columns.last);
    },
    find: () => {
      tab.value = 'actors';
      clock.frame(() => document.getElementById(findId)?.focus());
    },
    help: () => {
      dialog.value = 'help';
    },
    export: () => {
      if (source.mode === 'live') dialog.value = 'export';
    },
    fork: () => whatIf.startFork(),
    mark: setMark,
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || dialog.peek() !== null) return;
      const command = commandOf({
        key: event.key,
        shift: event.shiftKey,
        other: event.ctrlKey || event.altKey || event.metaKey,
        in: placeOf(event.target),
      });
      if (command === null) return;
      event.preventDefault();
      obey[command]();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [inspection]);

  const phase = inspection.phase.value;
  const view = whatIf.view.value;
  const selected = inspection.selected.value;
  // While another actor is fetched its panels stay, out of sight: what was folded or chosen in them is still so after.
  if (view) shown.current = view;
  const panels = view ?? shown.current;
  return (
    <main
      class={`machines tab-${tab.value}`}
      data-cursor={inspection.cursor.value ?? 'live'}
      data-actor={view?.actor ?? ''}
      data-n={view?.cell.n ?? 0}
      data-selected={selected.is}
      data-connection={inspection.connection.value}
    >
      <StatusStrip {...{ inspection, whatIf }} onHelp={obey.help} onExport={obey.export} onMark={setMark} />
      {phase.is === 'failed' ? (
        <p class="note" role="alert">
          The history could not be read: {phase.message}{' '}
          <button type="button" class="button slim" onClick={() => void inspection.start()}>
            Try again
          </button>
        </p>
      ) : null}
      <div class="machines-tabs" role="tablist" aria-label="Parts of the inspector">
        {tabs.map(([name, title]) => (
          <button
            key={name}
            type="button"
            class="button slim"
            role="tab"
            aria-controls={`machines-${name}`}
            aria-selected={tab.value === name}
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => {
              tab.value = name;
            }}
            onKeyDown={(event) => {
              const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
              if (by === 0) return;
              event.preventDefault();
              const at = tabs.findIndex(([each]) => each === tab.value);
              tab.value = tabs[(at + by + tabs.length) % tabs.length]![0];
              const next = event.currentTarget.parentElement?.children[(at + by + tabs.length) % tabs.length];
              (next as HTMLElement | undefined)?.focus();
            }}
          >
            {title}
          </button>
        ))}
      </div>
      <ActorsPane inspection={inspection} findId={findId} />
      <ChartPane {...{ inspection, whatIf }} />
      <aside id="machines-details" class="machines-details" aria-label="Details">
        {panels ? (
          <div hidden={!view}>
            <WhyPanel key={panels.actor} {...{ inspection, whatIf, clock, view: panels }} />
            {panels.kind === 'connection' ? <LinePanel {...{ inspection, clock }} /> : null}
            <ContextPanel {...{ view: panels, mark }} />
            <EffectsPanel {...{ inspection, whatIf, clock, view: panels }} />
            <TimersPanel {...{ inspection, whatIf, clock, view: panels }} />
            <WhatIfPanel {...{ inspection, whatIf, view: panels }} />
            <RecordPanel {...{ inspection, view: panels }} />
          </div>
        ) : null}
        {view ? null : (
          <p class="quiet details-empty">
            {selected.is === 'absent' || selected.is === 'failed'
              ? selected.message
              : selected.is === 'loading'
                ? 'Loading …'
                : 'Nothing is selected.'}
          </p>
        )}
      </aside>
      <TimelinePane {...{ inspection, clock, filterId }} />
      <Announcement {...{ inspection, clock }} />
      {dialog.value === 'help' ? (
        <HelpDialog
          onClose={() => {
            dialog.value = null;
          }}
        />
      ) : null}
      {dialog.value === 'export' ? (
        <ExportDialog
          inspection={inspection}
          onClose={() => {
            dialog.value = null;
          }}
        />
      ) : null}
    </main>
  );
}

/** Quiet time before a moved cursor is told to a screen reader, ms: whoever scrubs hears where it ended. */
const announceMs = 400;

/** Said politely when somebody moves through the past; live it keeps quiet. */
function Announcement({ inspection, clock }: { readonly inspection: Inspection; readonly clock: PageClock }) {
  const text = useSignal('');
  useSignalEffect(() => {
    const row = inspection.cursor.value === null ? undefined : inspection.row.value;
    const { actors, types, states } = inspection.columns;
    const label = row && inspection.known.labelOf(actors.list[row.actor] ?? '');
    return clock.after(announceMs, () => {
      text.value = row
        ? `Record ${row.seq}, ${types.list[row.type]} of ${label}, now ${states.list[row.state]}.`
        : '';
    });
  });
  return (
    <p class="aloud" role="status">
      {text}
    </p>
  );
}

function placeOf(target: EventTarget | null): 'text' | 'range' | 'other' {
  if (!(target instanceof HTMLElement)) return 'other';
  if (target instanceof HTMLInputElement) return target.type === 'range' ? 'range' : 'text';
  return target.matches('textarea, select, [contenteditable]') ? 'text' : 'other';
}
