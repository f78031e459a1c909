// On top: which actor, in which state, and whether this is now, the past, a sandbox or a saved file.
import type { Inspection } from './inspection.ts';
import { StateMark } from './state-mark.tsx';
import type { WhatIf } from './what-if.ts';
import { count, plural, span } from './words.ts';

export interface StatusStripProps {
  readonly inspection: Inspection;
  readonly whatIf: WhatIf;
  readonly onHelp: () => void;
  readonly onExport: () => void;
  readonly onMark: () => void;
}

export function StatusStrip({ inspection, whatIf, onHelp, onExport, onMark }: StatusStripProps) {
  const actor = inspection.actor.value;
  const view = whatIf.view.value;
  inspection.version.value;
  return (
    <div class="strip">
      <div class="strip-actor">
        <h1 class="strip-title">{actor === null ? 'Machines' : inspection.known.labelOf(actor)}</h1>
        {actor !== null && inspection.known.labelOf(actor) !== actor ? (
          <code class="quiet">{actor}</code>
        ) : null}
        {view ? <StateMark state={view.cell.value} kind={view.kind} /> : null}
      </div>
      <Badge inspection={inspection} forked={whatIf.fork.value !== null} />
      <div class="choices">
        {inspection.cursor.value !== null && inspection.source.mode === 'live' ? (
          <button type="button" class="button slim primary" onClick={() => inspection.goTo(null)}>
            Back to live
          </button>
        ) : null}
        <button
          type="button"
          class="button slim"
          disabled={!view || whatIf.fork.value !== null || view.unfolded !== null}
          onClick={() => whatIf.startFork()}
        >
          Sandbox
        </button>
        <button
          type="button"
          class="button slim"
          title="Keep this moment: what is shown later is compared with it"
          disabled={!view}
          onClick={onMark}
        >
          Compare
        </button>
        {inspection.source.mode === 'live' ? (
          <button type="button" class="button slim" onClick={onExport}>
            Export
          </button>
        ) : null}
        <button type="button" class="button slim" aria-label="Help: keys" onClick={onHelp}>
          ?
        </button>
      </div>
    </div>
  );
}

function Badge({ inspection, forked }: { readonly inspection: Inspection; readonly forked: boolean }) {
  const { columns } = inspection;
  const lost = inspection.connection.value === 'lost';
  if (forked) return <p class="badge sandbox">Sandbox: nothing here is real</p>;
  if (inspection.source.mode === 'bundle')
    return (
      <p class="badge past">
        Saved history, read-only: #{count(inspection.seq.value)} of {count(columns.last)}
      </p>
    );
  if (inspection.cursor.value === null)
    return lost ? (
      <p class="badge past">The daemon does not answer; trying again. This is the last it said.</p>
    ) : (
      <p class="badge live">
        <span class="live-dot" aria-hidden="true" /> Live
      </p>
    );
  const end = columns.row(columns.last)?.at ?? 0;
  const at = inspection.row.value?.at ?? end;
  return (
    <p class="badge past">
      Read-only: {plural(columns.last - inspection.seq.value, 'record')} and {span(end - at)} before the last
    </p>
  );
}
