// Watches the queue until every document has come to rest, cuts the link once in the middle of the largest file, and notes
// what a restart from zero would have thrown away at each cut.
import type { ApiClient } from '../client.ts';
import { asUploads, type UploadView } from '../uploads.ts';
import { atRest, pause } from '../waiting.ts';
import type { DemoDocument } from './documents.ts';
import type { Link } from './link/link.ts';

const lookEveryMs = 150;
/** The scripted cut: long enough to be noticed, short enough for a demo. */
export const cutMs = 5_000;
/** It comes when so much of the largest file is safe ashore. */
const cutFromPercent = 40;
/** A smaller file is through before anybody could cut it. */
const cutLeastBytes = 200_000;
const listMax = 1_000;
/** Longer than half a round trip of any of the demo's links. */
const landingMs = 500;

export interface Followed {
  readonly document: DemoDocument;
  readonly upload: UploadView;
  readonly seconds: number;
}

export interface Journey {
  readonly documents: readonly Followed[];
  /** Bytes already ashore of files that were on their way when the link went: what starting again from zero sends twice. */
  readonly atRiskBytes: number;
}

export interface Audience {
  progress(document: DemoDocument, upload: UploadView): void;
  cut(document: DemoDocument, upload: UploadView): void;
  resumed(document: DemoDocument, upload: UploadView): void;
}

export async function follow(
  api: ApiClient,
  link: Link,
  documents: readonly DemoDocument[],
  cutOnce: boolean,
  audience: Audience,
  signal: AbortSignal,
): Promise<Journey> {
  const started = performance.now();
  const byKey = new Map(documents.map((document) => [document.key, document]));
  const rested = new Map<string, Followed>();
  const largest = [...documents].sort((a, b) => b.bytes - a.bytes)[0];
  let cutDone = !cutOnce || (largest?.bytes ?? 0) < cutLeastBytes;
  let atCut: { document: DemoDocument; sentBytes: number } | undefined;
  let wasUp = true;
  let upSince = started;
  let atRiskBytes = 0;

  while (rested.size < byKey.size) {
    await pause(lookEveryMs, signal);
    const fell = wasUp && !link.up;
    if (!wasUp && link.up) upSince = performance.now();
    wasUp = link.up;
    const uploads = asUploads(await api.get(`/v1/uploads?limit=${listMax}`));
    const moving: { document: DemoDocument; upload: UploadView }[] = [];
    for (const upload of uploads) {
      const document = byKey.get(JSON.stringify(upload.nameBytes));
      if (!document || rested.has(document.key)) continue;
      audience.progress(document, upload);
      if (upload.state === 'sending' && upload.sentBytes > 0) moving.push({ document, upload });
      if (atRest(upload))
        rested.set(document.key, { document, upload, seconds: (performance.now() - started) / 1000 });
      if (atCut?.document === document && link.up) {
        // Answers that were in the air when the link went still land just after it is back.
        if (performance.now() - upSince < landingMs) atCut.sentBytes = upload.sentBytes;
        else if (upload.sentBytes > atCut.sentBytes) {
          audience.resumed(document, upload);
          atCut = undefined;
        }
      }
    }
    const victim = moving.find(({ document }) => document === largest);
    if (!cutDone && victim && (victim.upload.percent ?? 0) >= cutFromPercent) {
      cutDone = true;
      link.cut(cutMs);
    }
    if (fell)
      for (const { document, upload } of moving) {
        atRiskBytes += upload.sentBytes;
        audience.cut(document, upload);
        atCut = { document, sentBytes: upload.sentBytes };
      }
  }
  return { documents: documents.map((document) => rested.get(document.key)!), atRiskBytes };
}
