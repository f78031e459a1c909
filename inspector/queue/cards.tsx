// Four figures at a glance: what is left, what was sent and what it cost, what was saved, what arrived today.
import { countText, moneyText, sizeText } from './amounts.ts';
import { useQueue } from './context.ts';
import { deliveredOn, leftOf } from './figures.ts';
import { leftText, momentText } from './times.ts';
import { nameParts } from './upload.ts';

export function Cards() {
  const { store } = useQueue();
  const status = store.status.value;
  const rows = store.rows.value;
  const time = store.time.peek();
  // Where the whole line is here, its figures are fresher than the status.
  const here = leftOf(rows);
  const left = rows.edge === null ? here.bytes : (status.leftBytes ?? here.bytes);
  const atLeast = status.leftBytes === null && rows.edge !== null ? 'at least ' : '';
  const today = deliveredOn(rows, time);
  const last = status.lastDelivered ?? today.last;
  return (
    <dl class="cards">
      <Card name="Left to send" figure={left > 0 ? `${atLeast}${sizeText(left)}` : 'Nothing'}>
        {left === 0
          ? here.documents > 0
            ? 'the last receipts are awaited'
            : 'everything is ashore'
          : status.leftMs
            ? leftText(status.leftMs, time)
            : 'time left not known yet'}
      </Card>
      <Money />
      <Card name="Delivered today" figure={countText(status.deliveredToday ?? today.count)}>
        {last ? `last: ${nameParts(last.name).base}, ${momentText(last.atMs, time)}` : 'nothing yet'}
      </Card>
    </dl>
  );
}

function Money() {
  const { store } = useQueue();
  const { sentBytes, saved: told } = store.status.value;
  const costs = store.costs.value;
  const month = costs?.currency ? costs.month : null;
  const wireBytes = month?.wireBytes ?? costs?.total.wireBytes ?? sentBytes ?? 0;
  const saved = month?.saved ?? costs?.total.saved ?? told ?? { resumed: 0, deduped: 0, compressed: 0 };
  const savedBytes = saved.resumed + saved.deduped + saved.compressed;
  const parts = [
    saved.resumed > 0 ? `resume ${sizeText(saved.resumed)}` : '',
    saved.deduped > 0 ? `dedupe ${sizeText(saved.deduped)}` : '',
    saved.compressed > 0 ? `compression ${sizeText(saved.compressed)}` : '',
  ].filter(Boolean);
  return (
    <>
      <Card
        name={month ? 'Spent this month' : 'Sent'}
        figure={month ? moneyText(month.spentMicros ?? 0, costs?.currency ?? '') : sizeText(wireBytes)}
      >
        {month ? `${sizeText(wireBytes)} over the link` : 'over the link, headers included'}
      </Card>
      <Card
        name={month ? 'Saved this month' : 'Saved'}
        figure={month ? moneyText(month.savedMicros ?? 0, costs?.currency ?? '') : sizeText(savedBytes)}
      >
        {parts.length > 0 ? parts.join(' · ') : 'by resume, dedupe and compression'}
      </Card>
    </>
  );
}

interface CardProps {
  readonly name: string;
  readonly figure: string;
  readonly children: string;
}

function Card({ name, figure, children }: CardProps) {
  return (
    <div class="card panel">
      <dt>{name}</dt>
      <dd class="card-figure">{figure}</dd>
      <dd class="card-more">{children}</dd>
    </div>
  );
}
