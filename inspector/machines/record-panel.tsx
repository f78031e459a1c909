// Right: the event that brought the actor where it is, what it made the host do, and the links to the records that caused
// it and that it caused.
import type { Op } from '../../machines/kernel.ts';
import { type CauseLink, causesOf } from './causes.ts';
import type { Inspection } from './inspection.ts';
import { JsonView } from './json-view.tsx';
import { Panel } from './panel.tsx';
import type { View } from './what-if.ts';
import { dayAndTime, span } from './words.ts';

export function RecordPanel({ inspection, view }: { readonly inspection: Inspection; readonly view: View }) {
  const { record, event } = view;
  if (!event) return null;
  const { type, ...fields } = event;
  return (
    <Panel title={view.forked ? 'Last step of the sandbox' : 'Last event of this actor'}>
      <p class="record-type">
        <strong>{type}</strong>
      </p>
      {record ? (
        <p class="quiet">
          <button type="button" class="link" onClick={() => inspection.goTo(record.seq)}>
            #{record.seq}
          </button>
          , its {ordinal(record.n)}; {dayAndTime(record.wall)}; boot {record.boot}
        </p>
      ) : null}
      {Object.keys(fields).length > 0 ? <JsonView value={fields} depth={2} /> : null}
      <Ops ops={view.ops} none="It made the host do nothing." verb="Made the host" />
      {record ? <Causes inspection={inspection} actor={view.actor} n={record.n} /> : null}
    </Panel>
  );
}

/** What the host does, in words. Also used by the dry run. */
export function Ops(props: { readonly ops: readonly Op[]; readonly none: string; readonly verb: string }) {
  if (props.ops.length === 0) return <p class="quiet">{props.none}</p>;
  return (
    <>
      <p class="quiet">{props.verb}:</p>
      <ul class="ops">
        {props.ops.map((op) => (
          <li key={`${op.op} ${op.id}`}>
            <OpWords op={op} />
          </li>
        ))}
      </ul>
    </>
  );
}

function OpWords({ op }: { readonly op: Op }) {
  switch (op.op) {
    case 'start':
      return (
        <>
          start <strong>{op.type}</strong> <code>{op.id}</code>
        </>
      );
    case 'stop':
      return (
        <>
          stop the effect <code>{op.id}</code>
        </>
      );
    case 'amend':
      return (
        <>
          change the effect <code>{op.id}</code> while it runs
        </>
      );
    case 'arm':
      return (
        <>
          arm the timer <strong>{op.id}</strong> for {span(op.len)}
        </>
      );
    case 'disarm':
      return (
        <>
          disarm the timer <strong>{op.id}</strong>
        </>
      );
  }
}

function Causes(props: { readonly inspection: Inspection; readonly actor: string; readonly n: number }) {
  const { inspection, actor, n } = props;
  inspection.version.value;
  const at = (other: number) => inspection.moments.peek(actor, other);
  const moment = at(n);
  const seqs = inspection.actorSeqs.value;
  if (!moment || !seqs) return null;
  const first = seqs.list[0];
  const lastN = first === undefined ? n : (inspection.columns.row(first)?.n ?? n) + seqs.list.length - 1;
  const links = causesOf(moment, at, lastN);
  if (links.length === 0) return null;
  return (
    <ul class="causes" aria-label="Causes and outcomes">
      {links.map((link) => (
        <li key={`${link.direction} ${link.through}`}>
          <span class="quiet">
            {link.direction === 'cause' ? '↰ because of' : '↳ led to'} {link.through}:
          </span>{' '}
          <Target {...{ inspection, link }} seq={link.n === null ? undefined : seqs.seqOf(link.n)} />
        </li>
      ))}
    </ul>
  );
}

function Target(props: {
  readonly inspection: Inspection;
  readonly link: CauseLink;
  readonly seq: number | undefined;
}) {
  const { inspection, link, seq } = props;
  if (seq === undefined) return <span>{link.what}</span>;
  return (
    <button type="button" class="link" onClick={() => inspection.goTo(seq)}>
      #{seq} {link.what}
    </button>
  );
}

function ordinal(n: number): string {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending} record`;
}
