// What people tell the daemon about documents. Each command answers with the document as it is then; a refusal becomes
// news in the daemon's own words. Called by the buttons of a row and by the bar above the list.
import { ApiError, type Http } from '../browser/http.ts';
import { countOf } from './amounts.ts';
import type { Placing } from './placing.ts';
import type { QueueStore } from './store.ts';
import { fieldsOf, nameParts, numberOf, readUpload, type Upload } from './upload.ts';

export interface Commands {
  /** `forMs`: it goes on by itself after that long. */
  pause(upload: Upload, forMs?: number): Promise<void>;
  resume(upload: Upload): Promise<void>;
  retry(upload: Upload): Promise<void>;
  cancel(upload: Upload): Promise<void>;
  prioritise(upload: Upload, priority: number): Promise<void>;
  /** Puts it at a place in the line, as near as its age allows, and tells where it stands then. */
  place(upload: Upload, placing: Placing): Promise<void>;
  retryAll(): Promise<void>;
  pauseAll(forMs?: number): Promise<void>;
  resumeAll(): Promise<void>;
}

export function createCommands(http: Http, store: Pick<QueueStore, 'take' | 'news'>): Commands {
  const lengthOf = (forMs: number | undefined) =>
    forMs === undefined ? {} : { for: `${Math.max(1, Math.round(forMs / 1_000))}s` };

  async function one(
    upload: Upload,
    verb: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    try {
      const item = readUpload(await http.post(`v1/uploads/${upload.id}/${verb}`, body));
      if (item) store.take([item]);
      return true;
    } catch (error) {
      store.news.say('error', `“${nameParts(upload.name).base}”: ${sentenceOf(error)}`);
      return false;
    }
  }
  async function all(
    verb: string,
    body: Readonly<Record<string, unknown>>,
    done: string,
    nothing: string,
  ): Promise<void> {
    try {
      const answer = fieldsOf(await http.post(`v1/uploads/all/${verb}`, body));
      const accepted = numberOf(answer.accepted) ?? 0;
      // Those that refuse are ashore already or stand so anyway: nobody meant them.
      store.news.say('hint', accepted > 0 ? `${countOf(accepted, 'document')} ${done}.` : nothing);
    } catch (error) {
      store.news.say('error', sentenceOf(error));
    }
  }

  const tell = async (upload: Upload, verb: string, body: Readonly<Record<string, unknown>>) => {
    await one(upload, verb, body);
  };
  return {
    pause: (upload, forMs) => tell(upload, 'pause', lengthOf(forMs)),
    resume: (upload) => tell(upload, 'resume', {}),
    retry: (upload) => tell(upload, 'retry', {}),
    cancel: (upload) => tell(upload, 'cancel', {}),
    prioritise: (upload, priority) => tell(upload, 'prioritise', { priority }),
    async place(upload, { priority, place, exact }) {
      if (priority !== upload.priority && !(await one(upload, 'prioritise', { priority }))) return;
      const name = nameParts(upload.name).base;
      const near = exact ? '' : ', as near as it can: among equals the older one goes first';
      store.news.say('hint', `“${name}” is number ${place + 1} in the line${near}.`);
    },
    pauseAll: (forMs) => all('pause', lengthOf(forMs), 'paused', 'There was nothing to pause.'),
    resumeAll: () => all('resume', {}, 'resumed', 'There was nothing to resume.'),
    retryAll: () => all('retry', {}, 'tried again', 'There was nothing to try again.'),
  };
}

export const sentenceOf = (error: unknown): string =>
  error instanceof ApiError ? error.message : 'That did not work. Try again.';
