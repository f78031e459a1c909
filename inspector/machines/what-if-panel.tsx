// Right: every event of the machine, those it would take now and, for the others, why not. Choosing one shows what would
// happen; from there it goes into a fork or, in two steps, to the real actor.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Available } from '../../machines/available.ts';
import type { DryRun } from '../../machines/dry-run.ts';
import { Changes } from './context-panel.tsx';
import { type DraftField, eventFromJson, eventOf, fieldsOf } from './draft.ts';
import type { Inspection } from './inspection.ts';
import { Panel } from './panel.tsx';
import { Ops } from './record-panel.tsx';
import { messageOf } from './selection.ts';
import type { View, WhatIf } from './what-if.ts';

const sourceTitles = {
  cmd: 'Commands',
  fx: 'Results of effects',
  tm: 'Timers',
  sys: 'From the agent itself',
} as const;

export function WhatIfPanel(props: {
  readonly inspection: Inspection;
  readonly whatIf: WhatIf;
  readonly view: View;
}) {
  const { whatIf } = props;
  const events = whatIf.events.value;
  const chosen = whatIf.draft.value?.type;
  const entry = events.find(({ event }) => event === chosen);
  if (events.length === 0) return null;
  const possible = events.filter((each) => each.possible).length;
  return (
    <Panel title={`What if? (${possible} of ${events.length} events possible)`}>
      {(['cmd', 'fx', 'tm', 'sys'] as const).map((source) => {
        const list = events
          .filter((each) => each.source === source)
          .sort((a, b) => Number(b.possible) - Number(a.possible));
        if (list.length === 0) return null;
        return (
          <div key={source} class="events-of">
            <h3 class="events-title">{sourceTitles[source]}</h3>
            <ul class="choices">
              {list.map((each) => (
                <li key={each.event}>
                  <button
                    type="button"
                    class={each.possible ? 'button slim' : 'button slim not-now'}
                    aria-pressed={chosen === each.event}
                    title={each.why ?? (each.to === null ? undefined : `leads to ${each.to}`)}
                    onClick={() => whatIf.choose(chosen === each.event ? null : each.example)}
                  >
                    {each.event}
                    {each.possible ? null : <span class="aloud"> (not now: {each.why})</span>}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
      {entry ? <Draft key={entry.event} {...props} entry={entry} /> : null}
      <SendStep whatIf={whatIf} inspection={props.inspection} />
    </Panel>
  );
}

interface DraftProps {
  readonly inspection: Inspection;
  readonly whatIf: WhatIf;
  readonly view: View;
  readonly entry: Available;
}

function Draft({ whatIf, view, entry }: DraftProps) {
  const fields = useSignal<readonly DraftField[]>(fieldsOf(entry));
  const json = useSignal<string | null>(null);
  const problem = useSignal('');
  const read = (make: () => ReturnType<typeof eventOf>) => {
    try {
      const event = make();
      problem.value = '';
      whatIf.choose(event);
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  const change = (name: string, text: string) => {
    fields.value = fields.value.map((field) => (field.name === name ? { ...field, text } : field));
    read(() => eventOf(entry.event, fields.value));
  };
  const result = useSignal<HTMLElement | null>(null);
  useEffect(() => {
    result.value?.scrollIntoView({ block: 'nearest' });
  }, []);
  const refusal = whatIf.sendRefusal.value;
  return (
    <div class="draft">
      <div class="draft-head">
        <h3>
          If <code>{entry.event}</code> came now
        </h3>
        <button
          type="button"
          class="link"
          onClick={() => {
            json.value = json.value === null ? JSON.stringify(whatIf.draft.value, null, 2) : null;
          }}
        >
          {json.value === null ? 'as JSON' : 'as a form'}
        </button>
      </div>
      {json.value !== null ? (
        <textarea
          class="field draft-json"
          aria-label="The event as JSON"
          rows={6}
          spellcheck={false}
          value={json.value}
          onInput={(event) => {
            json.value = event.currentTarget.value;
            read(() => eventFromJson(json.value ?? ''));
          }}
        />
      ) : (
        <div class="draft-fields">
          {fields.value.map((field) => (
            <div key={field.name} class="draft-field">
              <label for={`draft-${field.name}`}>
                {field.name}
                {field.optional ? <span class="quiet"> (may be empty)</span> : null}
              </label>
              {field.as === 'flag' ? (
                <select
                  id={`draft-${field.name}`}
                  class="field slim"
                  value={field.text}
                  onChange={(event) => change(field.name, event.currentTarget.value)}
                >
                  <option value="">–</option>
                  <option value="true">yes</option>
                  <option value="false">no</option>
                </select>
              ) : (
                <input
                  id={`draft-${field.name}`}
                  class="field slim"
                  inputMode={field.as === 'number' ? 'decimal' : 'text'}
                  spellcheck={false}
                  value={field.text}
                  onInput={(event) => change(field.name, event.currentTarget.value)}
                />
              )}
            </div>
          ))}
        </div>
      )}
      {problem.value !== '' ? (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      ) : null}
      <div
        ref={(element) => {
          result.value = element;
        }}
      >
        <Result dry={whatIf.dry.value} />
      </div>
      <div class="choices">
        <button
          type="button"
          class="button slim"
          disabled={whatIf.dry.value?.accepted !== true}
          onClick={() => whatIf.sendToFork()}
        >
          {view.forked ? 'Take it in the sandbox' : 'Go on in a sandbox'}
        </button>
        <button
          type="button"
          class="button slim danger"
          aria-disabled={refusal !== null}
          aria-describedby="send-refusal"
          onClick={() => {
            if (refusal === null) void whatIf.askToSend();
          }}
        >
          Send for real …
        </button>
      </div>
      <p id="send-refusal" class="quiet">
        {refusal ?? 'Sending asks once more, and for a reason.'}
      </p>
    </div>
  );
}

function Result({ dry }: { readonly dry: DryRun | null }) {
  if (!dry) return null;
  if (!dry.accepted)
    return (
      <div class="result refused" role="status">
        <p>
          <strong>It would not be taken.</strong> {dry.message}
        </p>
        <p class="quiet">
          <code>{dry.code}</code>
          {dry.guard === null ? null : ` by the guard ${dry.guard}`}
        </p>
      </div>
    );
  return (
    <div class="result" role="status">
      <p>
        <strong>
          {dry.from} → {dry.to}
        </strong>
        {dry.from === dry.to ? ' (the state is kept)' : null}. Nothing was sent.
      </p>
      <Ops ops={dry.ops} none="No effect would run." verb="Would" />
      <Changes changes={dry.diff} none="The context would stay as it is." />
    </div>
  );
}

function SendStep({ whatIf, inspection }: { readonly whatIf: WhatIf; readonly inspection: Inspection }) {
  const reason = useSignal('');
  const step = whatIf.sending.value;
  if (!step) return null;
  if (step.is === 'asking')
    return (
      <p role="status" class="quiet">
        Asking the daemon …
      </p>
    );
  if (step.is === 'failed')
    return (
      <div class="result refused" role="alert">
        <p>
          <strong>It was not sent.</strong> {step.message}
        </p>
      </div>
    );
  if (step.is === 'sent')
    return (
      <p role="status" class="result">
        <strong>{step.type}</strong> is recorded as{' '}
        <button type="button" class="link" onClick={() => inspection.goTo(step.seq)}>
          #{step.seq}
        </button>
        .
      </p>
    );
  return (
    <form
      class="send"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.value.trim() !== '') void whatIf.send(reason.value.trim());
      }}
    >
      <h3>
        Send <code>{step.event.type}</code> to {inspection.known.labelOf(step.actor)}?
      </h3>
      <p>
        The daemon tried it as well: what is shown above is what will happen. It is recorded with your name
        and this reason.
      </p>
      <label class="draft-field">
        <span>Reason</span>
        <input
          class="field slim"
          required
          maxLength={500}
          value={reason}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
      </label>
      <div class="choices">
        <button type="submit" class="button slim danger" disabled={reason.value.trim() === ''}>
          Send it now
        </button>
        <button type="button" class="button slim" onClick={() => whatIf.closeSending()}>
          Do not send
        </button>
      </div>
    </form>
  );
}
