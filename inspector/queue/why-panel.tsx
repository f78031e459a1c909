// "Why?": the sentence of the catalogue, the facts behind it, what ends it, and what a person can do. Asked from the daemon
// when it is opened and whenever the document changes, because the facts are its, not ours.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { inspectorLink } from '../shell/routes.ts';
import { sentenceOf } from './commands.ts';
import { useQueue } from './context.ts';
import { type Fact, factsOf } from './facts.ts';
import { fullText, momentText } from './times.ts';
import { fieldsOf, isEnded, textOf, type Upload } from './upload.ts';

interface Answer {
  readonly sentence: string;
  readonly whatToDo: string;
  readonly untilMs: number | null;
  readonly facts: readonly Fact[];
}

export function WhyPanel({ upload }: { readonly upload: Upload }) {
  const { app, store } = useQueue();
  const answer = useSignal<Answer | undefined>(undefined);
  const problem = useSignal('');
  const asked = useSignal(upload);
  useEffect(() => {
    asked.value = upload;
  }, [upload.state, upload.why, upload.attempts]);
  useSignalEffect(() => {
    const { id } = asked.value;
    const zone = store.time.peek().zone;
    app.http.get(`v1/uploads/${id}/why`).then(
      (json) => {
        const why = fieldsOf(json);
        const until = Date.parse(textOf(why.until));
        problem.value = '';
        answer.value = {
          sentence: textOf(why.sentence),
          whatToDo: textOf(why.todo ?? why.whatToDo),
          untilMs: Number.isNaN(until) ? null : until,
          facts: factsOf(fieldsOf(why.facts), zone),
        };
      },
      (error: unknown) => {
        problem.value = sentenceOf(error);
      },
    );
  });
  const why = answer.value;
  if (!why) return <p role="status">{problem.value || 'Asking the daemon …'}</p>;
  const { zone } = store.time.peek();
  return (
    <dl class="facts">
      <dt>Why</dt>
      <dd>{why.sentence}</dd>
      <dt>What ends it</dt>
      <dd>
        {why.untilMs === null ? (
          endText(upload)
        ) : (
          <span title={fullText(why.untilMs, zone)}>
            The clock, at {momentText(why.untilMs, store.time.peek())} at the latest.
          </span>
        )}
      </dd>
      <dt>What you can do</dt>
      <dd>{why.whatToDo || upload.whatToDo}</dd>
      {why.facts.map(({ name, text }) => (
        <>
          <dt key={`${name} name`} class="quiet">
            {name}
          </dt>
          <dd key={name}>{text}</dd>
        </>
      ))}
      <dt class="quiet">Deeper</dt>
      <dd>
        <a href={inspectorLink(`upload/${upload.id}`)}>Open in inspector</a>
      </dd>
    </dl>
  );
}

function endText(upload: Upload): string {
  if (isEnded(upload)) return 'Nothing: it is over.';
  if (upload.state === 'parked') return 'A person: see below.';
  if (upload.state === 'paused') return 'Whoever resumes it.';
  if (upload.held || upload.state === 'waiting') return 'No clock: what holds it must change.';
  return 'It ends when all of it is safe ashore.';
}
