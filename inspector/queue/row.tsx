// One document in the list: its name, how far it is, why it stands where it does, and what one can do with it. Drawn again
// only when its own object changed, so a busy feed costs what moved and not the length of the list.
import { Component, type JSX } from 'preact';
import { Icon } from '../shell/icons.tsx';
import { percentText, rateText, sizeOfText, sizeText } from './amounts.ts';
import { Bar } from './bar.tsx';
import { Button } from './button.tsx';
import { type Open, useQueue } from './context.ts';
import { priorityWord } from './placing.ts';
import { ReceiptPanel } from './receipt-panel.tsx';
import { RowMore } from './row-more.tsx';
import { leftText, momentText, type ShipTime } from './times.ts';
import { isDelivered, isEnded, nameParts, percentOf, stateWord, type Upload } from './upload.ts';
import { WhyPanel } from './why-panel.tsx';

export interface RowProps {
  readonly upload: Upload;
  readonly open: Open['what'] | null;
  readonly blocked: string;
  /** Where a dragged row would land: above or below this one. */
  readonly drop: 'above' | 'below' | null;
  readonly dragged: boolean;
  readonly onGrip: ((event: PointerEvent, upload: Upload) => void) | undefined;
}

export class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof RowProps)[]).some((key) => next[key] !== now[key]);
  }

  override render(props: RowProps): JSX.Element {
    return <RowBody {...props} />;
  }
}

function RowBody({ upload, open, blocked, drop, dragged, onGrip }: RowProps) {
  const queue = useQueue();
  const time = queue.store.time.peek();
  const toggle = (what: Open['what']) => {
    queue.open.value = open === what ? null : { id: upload.id, what };
  };
  const panel = `panel-${upload.id}`;
  const { folder, base } = nameParts(upload.name);
  return (
    <li
      class="row panel"
      data-id={upload.id}
      data-state={upload.state}
      data-drop={drop ?? undefined}
      data-dragged={dragged ? '' : undefined}
    >
      <div class="row-head">
        {onGrip ? (
          <span
            class="row-grip"
            aria-hidden="true"
            title="Drag to change the order"
            onPointerDown={(event) => onGrip(event, upload)}
          >
            <Icon name="grip" />
          </span>
        ) : null}
        <h3 class="row-name">
          {folder === '' ? null : <span class="row-folder">{folder}</span>}
          {base}
        </h3>
        <p class="row-size">{amountText(upload)}</p>
        <div class="row-actions">
          <MainAction upload={upload} blocked={blocked} />
          {isDelivered(upload) ? (
            <Button
              label={`Receipt of ${base}`}
              expanded={open === 'receipt'}
              controls={panel}
              onClick={() => toggle('receipt')}
            >
              Receipt
            </Button>
          ) : (
            <Button
              label={`Why? ${base}`}
              expanded={open === 'why'}
              controls={panel}
              onClick={() => toggle('why')}
            >
              Why?
            </Button>
          )}
          <Button
            label={`More for ${base}`}
            expanded={open === 'more'}
            controls={panel}
            onClick={() => toggle('more')}
          >
            <Icon name="more" />
          </Button>
        </div>
      </div>
      {upload.state === 'cancelled' ? null : <Bar upload={upload} />}
      <p class="row-why">
        {isEnded(upload) ? null : (
          <span class="tag" data-priority={upload.priority <= 1 ? 'critical' : undefined}>
            {priorityWord(upload.priority)}
          </span>
        )}{' '}
        <strong class="row-state" data-state={upload.state}>
          {isDelivered(upload) ? (
            <Icon name="check" />
          ) : upload.state === 'parked' ? (
            <Icon name="warn" />
          ) : null}
          {stateWord(upload)}
        </strong>
        {sentences(upload, time)}
      </p>
      {open === null ? null : (
        <div class="row-panel" id={panel}>
          {open === 'why' ? <WhyPanel upload={upload} /> : null}
          {open === 'receipt' ? <ReceiptPanel upload={upload} /> : null}
          {open === 'more' ? <RowMore upload={upload} blocked={blocked} /> : null}
        </div>
      )}
    </li>
  );
}

/** What most people want to do with it in this state. */
function MainAction({ upload, blocked }: { readonly upload: Upload; readonly blocked: string }) {
  const { commands } = useQueue();
  const { state } = upload;
  const name = nameParts(upload.name).base;
  if (state === 'paused')
    return (
      <Button label={`Resume ${name}`} blocked={blocked} onClick={() => void commands.resume(upload)}>
        Resume
      </Button>
    );
  if (state === 'parked' || state === 'waiting')
    return (
      <Button label={`Retry ${name} now`} blocked={blocked} onClick={() => void commands.retry(upload)}>
        Retry
      </Button>
    );
  if (isEnded(upload)) return null;
  return (
    <Button label={`Pause ${name}`} blocked={blocked} onClick={() => void commands.pause(upload)}>
      Pause
    </Button>
  );
}

function amountText(upload: Upload): string {
  const { sizeBytes, sentBytes, rateBytesPerSecond } = upload;
  if (sizeBytes === null) return isEnded(upload) || upload.state === 'parked' ? '' : 'size not known yet';
  if (isEnded(upload)) return sizeText(sizeBytes);
  const percent = percentOf(upload);
  const parts = [sentBytes > 0 ? sizeOfText(sentBytes, sizeBytes) : sizeText(sizeBytes)];
  if (percent !== null && percent > 0) parts.push(percentText(percent));
  if (rateBytesPerSecond) parts.push(rateText(rateBytesPerSecond));
  return parts.join(' · ');
}

/** ", about 2–4 min left." and the catalogue's sentences. */
function sentences(upload: Upload, time: ShipTime): string {
  const { state, leftMs, why, whatToDo, untilMs, indexedMs, stored } = upload;
  if (isDelivered(upload)) {
    const at = state === 'indexed' ? (indexedMs ?? stored?.storedMs) : stored?.storedMs;
    return `${at ? `, ${momentText(at, time)}` : ''}. ${why}`;
  }
  if (state === 'sending' && !upload.held) return leftMs ? `, ${leftText(leftMs, time)}.` : '.';
  const until =
    untilMs === null ? '' : ` ${state === 'paused' ? 'Until' : 'Again at'} ${momentText(untilMs, time)}.`;
  const todo = /^nothing/i.test(whatToDo) && state !== 'parked' ? '' : ` ${whatToDo}`;
  const last = state === 'parked' ? upload.errors.at(-1) : undefined;
  // The cause in its own words only where the catalogue has not said it already.
  const cause = !last
    ? ''
    : last.message.startsWith(why)
      ? ` (${last.code})`
      : ` ${last.message} (${last.code})`;
  return `. ${why}${cause}${until}${todo}`;
}
