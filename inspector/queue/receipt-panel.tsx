// The proof: when the cloud had it safely ("stored") and when it could be found ("indexed, searchable") are two facts with
// two times. The crew may delete the original after the first.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { inspectorLink } from '../shell/routes.ts';
import { countOf, moneyText, sizeText } from './amounts.ts';
import { useQueue } from './context.ts';
import { fullText } from './times.ts';
import { fieldsOf, listOf, numberOf, type Upload } from './upload.ts';

export function ReceiptPanel({ upload }: { readonly upload: Upload }) {
  const { app, store } = useQueue();
  const indexedMs = useSignal(upload.indexedMs);
  // The log knows when the word came; the document itself keeps only that it came.
  useEffect(() => {
    if (upload.state !== 'indexed' || indexedMs.value !== null) return;
    // Only engineers read the log.
    if (app.session.value?.role !== 'engineer') return;
    app.http.get(`v1/log?actor=upload/${upload.id}&type=document.indexed&limit=1`).then(
      (answer) => {
        const record = fieldsOf(listOf(fieldsOf(answer).items)[0]);
        indexedMs.value = numberOf(record.wall) ?? numberOf(record.at);
      },
      () => {},
    );
  }, [upload.id, upload.state]);
  const { zone } = store.time.peek();
  const { stored, saved, costMicros } = upload;
  const currency = store.costs.value?.currency ?? '';
  const savedBytes = saved.resumed + saved.deduped + saved.compressed;
  return (
    <dl class="facts">
      <dt>Safe aboard</dt>
      <dd>{fullText(upload.addedMs, zone)}</dd>
      <dt>Stored ashore</dt>
      <dd>
        {stored
          ? `${fullText(stored.storedMs, zone)}. ${upload.receiptVerified ? 'The signed receipt was verified aboard.' : 'The receipt was not verified.'}`
          : 'Not yet.'}
      </dd>
      <dt>Indexed, searchable</dt>
      <dd>{indexedText(upload, indexedMs.value, zone)}</dd>
      {stored ? (
        <>
          <dt class="quiet">Document</dt>
          <dd>
            <code>{stored.documentId}</code>
          </dd>
          <dt class="quiet">Signed with key</dt>
          <dd>
            <code>{stored.keyId}</code>
          </dd>
        </>
      ) : null}
      {upload.sha256 ? (
        <>
          <dt class="quiet">SHA-256</dt>
          <dd>
            <code>{upload.sha256}</code>
          </dd>
        </>
      ) : null}
      <dt class="quiet">On the line</dt>
      <dd>
        {sizeText(upload.wireBytesUp)} up
        {costMicros === null || currency === '' ? '' : `, ${moneyText(costMicros, currency)}`}
        {savedBytes > 0
          ? `; not sent again: ${sizeText(saved.resumed)} by resume, ${sizeText(saved.deduped)} by dedupe, ${sizeText(saved.compressed)} by compression`
          : ''}
      </dd>
      <dt class="quiet">Deeper</dt>
      <dd>
        <a href={inspectorLink(`upload/${upload.id}`)}>Open in inspector</a>
      </dd>
    </dl>
  );
}

function indexedText(upload: Upload, indexedMs: number | null, zone: string | undefined): string {
  if (upload.state === 'indexed') {
    const when = indexedMs === null ? 'Yes' : fullText(indexedMs, zone);
    if (upload.passages === 0)
      return `${when}. Indexed without text${upload.reason ? `: ${upload.reason}` : ''}; it is found by its name only.`;
    return `${when}. ${upload.passages === null ? '' : `${countOf(upload.passages, 'passage')} can be found.`}`;
  }
  if (upload.indexFailure !== null)
    return `No: ${upload.indexFailure}. It is stored safely all the same and found by its name.`;
  return 'Not yet: the cloud tells when it is.';
}
