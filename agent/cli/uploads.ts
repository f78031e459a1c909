// An upload as the daemon's API tells it, and how the commands show it. One row here is one line of `tender ls`.
import type { Answer, ApiClient } from './client.ts';
import { bytesText, lengthText, oneLine, shorten } from './text.ts';

/** Fields of the API's upload object that people are shown; all others pass through --json untouched. */
export interface UploadView {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly glance: string;
  readonly priority: number;
  readonly version: number;
  readonly attempts: number;
  readonly sizeBytes: number | null;
  readonly sentBytes: number;
  readonly percent: number | null;
  readonly why: string;
  readonly final: boolean;
  readonly [more: string]: unknown;
}

export async function getUpload(api: ApiClient, id: string): Promise<UploadView> {
  return (await api.get(`/v1/uploads/${encodeURIComponent(id)}`)) as UploadView;
}

/** Letters of an id that people see; the last ones, because the first ones are the time and nearly always the same. */
export const shownIdLetters = 6;

export function shortId(id: string): string {
  return id.slice(-shownIdLetters);
}

export function uploadRow(upload: UploadView, columns: number): string[] {
  return [
    shortId(upload.id),
    shorten(oneLine(upload.name), Math.max(20, Math.min(48, columns - 70))),
    upload.sizeBytes === null ? '-' : bytesText(upload.sizeBytes),
    upload.percent === null ? '-' : `${Math.floor(upload.percent)} %`,
    String(upload.priority),
    upload.state,
    oneLine(upload.why),
  ];
}

export const uploadHead = ['ID', 'NAME', 'SIZE', 'DONE', 'PRIO', 'STATE', 'WHY'];

/** `name: 41 % of 3.4 MB, 120 KB/s, about 17 s left`. */
export function progressText(upload: UploadView): string {
  const size = upload.sizeBytes === null ? '' : ` of ${bytesText(upload.sizeBytes)}`;
  const rate = Number(upload.bytesPerSecond ?? 0);
  const left =
    rate > 0 && upload.sizeBytes !== null
      ? `, ${bytesText(rate)}/s, about ${lengthText(((upload.sizeBytes - upload.sentBytes) / rate) * 1000)} left`
      : '';
  return `${Math.floor(upload.percent ?? 0)} %${size}${left}`;
}

export function asUploads(answer: Answer): readonly UploadView[] {
  return answer.items as readonly UploadView[];
}
