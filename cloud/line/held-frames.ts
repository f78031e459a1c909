// What the cloud holds of one upload, as HELD frames: as many as it takes, the last says so. And runs in pages that fit a frame.
import type { HeldFrame } from '../contract/frames.ts';
import { type Run, runsMaxCount } from '../contract/runs.ts';
import type { Assembly } from './assembly.ts';

const partialsPerFrame = 256;

/** With a handle: the answer to its OFFER. Without: said unasked. */
export function heldFrames(assembly: Assembly, handle: number | undefined): HeldFrame[] {
  const runPages = pagesOf(assembly.durable.runs);
  const partial = assembly.held();
  const count = Math.max(1, runPages.length, Math.ceil(partial.length / partialsPerFrame));
  return Array.from({ length: count }, (_, at) => ({
    type: 'HELD',
    uploadId: assembly.uploadId,
    ...(handle !== undefined && { handle }),
    durable: runPages[at] ?? [],
    partial: partial.slice(at * partialsPerFrame, (at + 1) * partialsPerFrame),
    more: at < count - 1,
  }));
}

export function pagesOf(runs: readonly Run[]): (readonly Run[])[] {
  const pages: (readonly Run[])[] = [];
  for (let at = 0; at < runs.length; at += runsMaxCount) pages.push(runs.slice(at, at + runsMaxCount));
  return pages;
}
