// An upload as the daemon's API tells it, and how the commands show it. One row here is one line of `tender ls`.
import type { Answer, ApiClient } from './client.ts';
import { bytesText, lengthText, oneLine, rangeText, shorten } from './text.ts';

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
    upload.leftMs ? rangeText(upload.leftMs) : '-',
    String(upload.priority),
    upload.state,
    oneLine(upload.why),
  ];
}

export const uploadHead = ['ID', 'NAME', 'SIZE', 'DONE', 'LEFT', 'PRIO', 'STATE', 'WHY'];

/** `41 % of 3.4 MB, 120 KB/s, about 17 s left`; the rate is what the caller measured. */
export function progressText(upload: UploadView, bytesPerSecond: number | undefined): string {
  const { sizeBytes, sentBytes, percent } = upload;
  const done = `${Math.floor(percent ?? 0)} %${sizeBytes === null ? '' : ` of ${bytesText(sizeBytes)}`}`;
  if (!bytesPerSecond || sizeBytes === null || sentBytes >= sizeBytes) return done;
  const left = lengthText(((sizeBytes - sentBytes) / bytesPerSecond) * 1000);
  return `${done}, ${bytesText(bytesPerSecond)}/s, about ${left} left`;
}

export function asUploads(answer: Answer): readonly UploadView[] {
  return answer.items as readonly UploadView[];
}
