// What the audience sees: sentences and a line per document for people, one JSON object per line for programs.
import { nameForPeople } from '../../../cloud/contract/name.ts';
import { bytesText } from '../text.ts';
import type { UploadView } from '../uploads.ts';
import type { DemoDocument } from './documents.ts';
import type { Audience } from './follow.ts';

type Line = { readonly type: string; readonly [key: string]: unknown };

export interface Stagehand extends Audience {
  /** A step of the scene. */
  step(text: string): void;
  /** Free text, for people only. */
  say(text: string): void;
  /** One JSON object, for programs only. */
  tell(line: Line): void;
  link(up: boolean): void;
}

/** Percent steps that get a line of their own where no terminal can be repainted. */
const stepPercent = 20;

export function createStagehand(json: boolean, write: (text: string) => void): Stagehand {
  const started = performance.now();
  const shown = new Map<string, string>();
  const clock = (): string => `${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`;
  const say = (text: string): void => {
    if (!json) write(`${text}\n`);
  };
  const tell = (line: Line): void => {
    if (json) write(`${JSON.stringify({ ...line, atMs: Math.round(performance.now() - started) })}\n`);
  };
  const at = (text: string): void => say(`${clock()}  ${text}`);
  const facts = (document: DemoDocument, upload: UploadView) => ({
    name: document.name,
    id: upload.id,
    state: upload.state,
    sentBytes: upload.sentBytes,
    bytes: document.bytes,
    percent: upload.percent,
  });
  return {
    step: (text) => {
      at(text);
      tell({ type: 'step', text });
    },
    say,
    tell,
    link: (up) => {
      at(up ? 'the link is back' : 'THE LINK IS CUT, in mid-frame and without a word');
      tell({ type: 'link', up });
    },
    progress(document, upload) {
      const coarse = Math.floor((upload.percent ?? 0) / stepPercent);
      const key = upload.state === 'sending' ? `sending ${coarse}` : upload.state;
      if (shown.get(document.key) === key) return;
      shown.set(document.key, key);
      at(`${document.name}: ${sentence(document, upload)}`);
      tell({ type: 'progress', ...facts(document, upload), passages: upload.passages ?? null });
    },
    cut(document, upload) {
      at(`${document.name}: ${bytesText(upload.sentBytes)} of ${bytesText(document.bytes)} are safe ashore`);
      tell({ type: 'cut', ...facts(document, upload) });
    },
    resumed(document, upload) {
      at(`${document.name}: goes on at ${bytesText(upload.sentBytes)}, nothing safe was sent again`);
      tell({ type: 'resumed', ...facts(document, upload) });
    },
  };
}

function sentence(document: DemoDocument, upload: UploadView): string {
  const passages = Number(upload.passages ?? 0);
  switch (upload.state) {
    case 'sending':
      return upload.sentBytes === 0
        ? `queued, ${bytesText(document.bytes)}`
        : `${Math.floor(upload.percent ?? 0)} % of ${bytesText(document.bytes)}`;
    case 'stored':
      return 'stored ashore, receipt verified';
    case 'indexed':
      return passages > 0
        ? `indexed, searchable (${passages} ${passages === 1 ? 'passage' : 'passages'})`
        : `indexed by name only: ${nameForPeople(String(upload.reason ?? ''))}`;
    case 'waiting':
    case 'parked':
      return `${upload.state}: ${nameForPeople(upload.why)}`;
    default:
      return upload.state;
  }
}
