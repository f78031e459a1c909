// Everything else one can do with a document: its place in the line, a rest with an end, giving it up, looking deeper.
import { Icon } from '../shell/icons.tsx';
import { inspectorLink } from '../shell/routes.ts';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';
import { groupsOf } from './order.ts';
import { PauseChoices } from './pause-choices.tsx';
import { namedPriorities, type Placing, placeBeside, placeOnTop } from './placing.ts';
import { isEnded, type Upload } from './upload.ts';

export function RowMore({ upload, blocked }: { readonly upload: Upload; readonly blocked: string }) {
  const { commands, cancelling } = useQueue();
  const may = (action: string) => upload.actions?.includes(action) ?? !isEnded(upload);
  return (
    <>
      {may('prioritise') ? <Order upload={upload} blocked={blocked} /> : null}
      {may('pause') ? (
        <section class="row-part" aria-label="Pause">
          <h4>Pause</h4>
          <PauseChoices
            what={upload.name}
            blocked={blocked}
            onPause={(forMs) => void commands.pause(upload, forMs)}
          />
        </section>
      ) : null}
      <section class="row-part" aria-label="Other">
        <h4>Other</h4>
        <div class="choices">
          {may('retry') ? (
            <Button blocked={blocked} onClick={() => void commands.retry(upload)}>
              <Icon name="retry" />
              Try again now
            </Button>
          ) : null}
          <a class="button" href={inspectorLink(`upload/${upload.id}`)}>
            Open in inspector
          </a>
          {may('cancel') ? (
            <Button
              look="danger"
              blocked={blocked}
              onClick={() => {
                cancelling.value = upload;
              }}
            >
              Cancel…
            </Button>
          ) : null}
        </div>
      </section>
    </>
  );
}

function Order({ upload, blocked }: { readonly upload: Upload; readonly blocked: string }) {
  const { store, commands } = useQueue();
  const line =
    groupsOf(store.rows.value.byId.values(), 'all', '').find(({ name }) => name === 'line')?.rows ?? [];
  const place = line.findIndex(({ id }) => id === upload.id);
  const go = (placing: Placing | undefined) => {
    if (placing) void commands.place(upload, placing);
  };
  const up = place > 0 ? placeBeside(line, upload, -1) : undefined;
  const down = place >= 0 ? placeBeside(line, upload, 1) : undefined;
  const age = 'It cannot: among equals the older one goes first.';
  return (
    <section class="row-part" aria-label="Order">
      <h4>
        Order{' '}
        <span class="quiet">
          {place < 0 ? '' : `place ${place + 1}, priority ${upload.priority} of 1–10`}
        </span>
      </h4>
      <div class="choices">
        {namedPriorities.map(({ name, priority }) => (
          <Button
            key={name}
            blocked={blocked}
            pressed={upload.priority === priority}
            onClick={() => void commands.prioritise(upload, priority)}
          >
            {name}
          </Button>
        ))}
        <Button
          blocked={blocked || (place === 0 ? 'It is the first already.' : up ? '' : age)}
          onClick={() => go(placeOnTop(line, upload))}
        >
          <Icon name="top" />
          To the top
        </Button>
        <Button blocked={blocked || (up ? '' : age)} onClick={() => go(up)}>
          <Icon name="up" />
          Up
        </Button>
        <Button blocked={blocked || (down ? '' : age)} onClick={() => go(down)}>
          <Icon name="down" />
          Down
        </Button>
      </div>
    </section>
  );
}
