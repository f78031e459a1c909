// Files that are on their way from this screen into the yacht, each until it is "safe aboard" and stands in the queue.

import type { Adding } from './adding.ts';
import { countText, percentText, sizeOfText, sizeText } from './amounts.ts';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';

/** Lines drawn; more only wait behind these. */
const linesShownMax = 8;

export function AddingList() {
  const { adding } = useQueue();
  const files = adding.files.value;
  if (files.length === 0) return null;
  // Failed ones first: they need somebody.
  const order = { failed: 0, sending: 1, waiting: 2 };
  const shown = [...files].sort((a, b) => order[a.state] - order[b.state]).slice(0, linesShownMax);
  return (
    <section class="adding panel" aria-labelledby="adding-title">
      <h2 id="adding-title">Coming aboard ({countText(files.length)})</h2>
      <ul>
        {shown.map((one) => (
          <Line key={one.key} one={one} />
        ))}
      </ul>
      {files.length > shown.length ? (
        <p class="quiet">and {countText(files.length - shown.length)} more</p>
      ) : null}
      <p class="quiet small">
        Keep this page open until they are safe aboard. The link ashore is not needed for it.
      </p>
    </section>
  );
}

function Line({ one }: { readonly one: Adding }) {
  const { adding } = useQueue();
  const { file, state, sentBytes, problem } = one;
  const percent = file.size === 0 ? 0 : (sentBytes / file.size) * 100;
  return (
    <li class="adding-line" data-state={state}>
      <div class="adding-text">
        <strong>{file.name}</strong>{' '}
        {state === 'failed' ? (
          <span class="adding-problem" role="alert">
            Not added: {problem}
          </span>
        ) : (
          <span class="quiet">
            {state === 'waiting' ? `${sizeText(file.size)}, comes next` : sizeOfText(sentBytes, file.size)}
          </span>
        )}
      </div>
      {state === 'failed' ? (
        <Button label={`Add ${file.name} again`} onClick={() => adding.retry(one.key)}>
          Try again
        </Button>
      ) : (
        <div
          class="bar"
          data-look={state === 'sending' ? 'moving' : 'queued'}
          role="progressbar"
          aria-label={`${file.name} coming aboard`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.floor(percent)}
          aria-valuetext={percentText(percent)}
        >
          <span class="bar-fill" style={{ width: `${percent}%` }} />
        </div>
      )}
      <Button
        look="plain"
        label={state === 'failed' ? `Take ${file.name} off this list` : `Stop adding ${file.name}`}
        onClick={() => adding.drop(one.key)}
      >
        {state === 'failed' ? 'Dismiss' : 'Stop'}
      </Button>
    </li>
  );
}
