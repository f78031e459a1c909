// How far a document is, by length and by pattern: solid moves, hatched is held, an outline is queued, a double border is
// final. Never by colour alone.
import { percentText } from './amounts.ts';
import { type BarLook, barLookOf, percentOf, type Upload } from './upload.ts';

const words: Readonly<Record<BarLook, string>> = {
  moving: 'moving',
  held: 'held',
  queued: 'queued',
  final: 'done',
};

export function Bar({ upload }: { readonly upload: Upload }) {
  const percent = percentOf(upload);
  const look = barLookOf(upload);
  const size = upload.sizeBytes || 1;
  const onTheWay = Math.min(100, ((upload.sentBytes + upload.onTheWayBytes) / size) * 100);
  return (
    <div
      class="bar"
      data-look={look}
      role="progressbar"
      aria-label={`Progress of ${upload.name}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent === null ? undefined : Math.floor(percent)}
      aria-valuetext={`${percent === null ? 'size not known yet' : percentText(percent)}, ${words[look]}`}
    >
      {look === 'moving' ? <span class="bar-way" style={{ width: `${onTheWay}%` }} /> : null}
      <span class="bar-fill" style={{ width: `${upload.state === 'cancelled' ? 0 : (percent ?? 0)}%` }} />
    </div>
  );
}
