// Documents as the daemon tells them, for tests of the queue page's model.
import { readUpload, type Upload } from '../../../inspector/queue/upload.ts';

let made = 0;

/** One document on its way; what a test does not say is ordinary. Later ones are younger. */
export function documentOf(fields: Readonly<Record<string, unknown>> = {}): Upload {
  made++;
  const id = `01J${String(made).padStart(23, '0')}`;
  return readUpload({
    id,
    name: `papers/document-${made}.pdf`,
    state: 'sending',
    hold: 'turn',
    priority: 5,
    addedMs: 1_795_000_000_000 + made,
    sizeBytes: 1_000_000,
    sentBytes: 0,
    why: 'Others go first.',
    whatToDo: 'Nothing; or raise its priority.',
    ...fields,
  })!;
}
