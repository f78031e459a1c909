// Four figures at a glance: what is left, what was sent and what it cost, what was saved, what arrived today.
import { countText, moneyText, sizeText } from './amounts.ts';
import { useQueue } from './context.ts';
import { groupOf } from './order.ts';
import { leftText, momentText } from './times.ts';

export function Cards() {
  const { store } = useQueue();
  const status = store.status.value;
  const costs = store.costs.value;
  const time = store.time.peek();
  const left = status.leftBytes ?? leftOfRows();
  const saved = status.saved;
  const savedBytes = saved ? saved.resumed + saved.deduped + saved.compressed : 0;
  const money = costs?.currency ? costs : null;
  const last = status.lastDelivered;

  function leftOfRows(): number {
    let sum = 0;
    for (const row of store.rows.value.byId.values())
      if (groupOf(row) === 'line') sum += Math.max(0, (row.sizeBytes ?? 0) - row.sentBytes);
    return sum;
  }

  const spent = money?.monthSpentMicros ?? money?.spentMicros ?? null;
  const savedMoney = money?.monthSavedMicros ?? money?.savedMicros ?? null;
  return (
    <dl class="cards">
      <Card name="Left to send" figure={left > 0 ? sizeText(left) : 'Nothing'}>
        {left === 0
          ? 'the queue is empty'
          : status.leftMs
            ? leftText(status.leftMs, time)
            : 'time left not known yet'}
      </Card>
      <Card
        name={spent === null ? 'Sent' : 'Spent this month'}
        figure={spent === null || !money ? sizeText(status.sentBytes ?? 0) : moneyText(spent, money.currency)}
      >
        {spent === null ? 'over the link so far' : `${sizeText(status.sentBytes ?? 0)} over the link so far`}
      </Card>
      <Card
        name="Saved"
        figure={savedMoney === null || !money ? sizeText(savedBytes) : moneyText(savedMoney, money.currency)}
      >
        {saved
          ? `resume ${sizeText(saved.resumed)} · dedupe ${sizeText(saved.deduped)} · compression ${sizeText(saved.compressed)}`
          : 'by resume, dedupe and compression'}
      </Card>
      <Card name="Delivered today" figure={countText(status.deliveredToday ?? 0)}>
        {last ? `last: ${last.name}, ${momentText(last.atMs, time)}` : 'with a verified receipt'}
      </Card>
    </dl>
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
