// Document bytes → passages, through the extraction child. Never throws for what a document does: a bomb, a hang or a
// crash is an answer with a code. Called by cloud/jobs/index-document.ts; child.ts is the other half.
import type { SandboxEnd, SandboxJob } from '../../adapters/sandbox.ts';
import type { ChildAnswer } from './child.ts';
import { type DocumentKind, isText } from './kinds.ts';
import { passageMaxBytes } from './passages.ts';

export interface ExtractLimits {
  /** Larger office and PDF documents are not read at all; of larger texts only this much. */
  readonly inputMaxBytes: number;
  /** Text kept per document. */
  readonly textMaxBytes: number;
  readonly memoryMaxBytes: number;
  readonly wallMaxMs: number;
  readonly cpuMaxSeconds: number;
}

export type ExtractFailureCode =
  | 'TENDER_EXTRACT_UNREADABLE'
  | 'TENDER_EXTRACT_CRASHED'
  | 'TENDER_EXTRACT_TIMEOUT'
  | 'TENDER_EXTRACT_MEMORY'
  | 'TENDER_EXTRACT_OUTPUT';

export type Extraction =
  | { readonly passages: readonly string[]; readonly reason: string }
  /** `certain` failures would be the same on a second try; the others deserve one. */
  | { readonly failed: ExtractFailureCode; readonly reason: string; readonly certain: boolean }
  | { readonly aborted: true };

export interface ExtractRequest {
  readonly kind: DocumentKind;
  readonly lengthBytes: number;
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly limits: ExtractLimits;
  readonly signal?: AbortSignal;
}

const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;

/** The child beside this file: TypeScript in a checkout, JavaScript in a build. */
const program = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url)
  .pathname;
/** Our own code and its packages are all it may read. */
const readable = [
  new URL('./', import.meta.url).pathname,
  new URL(`${import.meta.resolve('officeparser').replace(/node_modules\/.*$/, 'node_modules/')}`).pathname,
  ...['../../../package.json', '../../../../package.json'].map(
    (path) => new URL(path, import.meta.url).pathname,
  ),
];

/** Extracts in a sandbox made by `run` (cloud/adapters/sandbox.ts). */
export async function extract(
  request: ExtractRequest,
  run: (job: SandboxJob) => Promise<SandboxEnd>,
): Promise<Extraction> {
  const { kind, limits, lengthBytes } = request;
  const partly = lengthBytes > limits.inputMaxBytes;
  if (partly && !isText(kind)) {
    return { passages: [], reason: `too large to read: over ${megabytes(limits.inputMaxBytes)}` };
  }
  const ended = await run({
    program,
    args: [kind, String(limits.textMaxBytes)],
    readable,
    input: first(request.bytes(), limits.inputMaxBytes),
    limits: {
      wallMaxMs: limits.wallMaxMs,
      cpuMaxSeconds: limits.cpuMaxSeconds,
      memoryMaxBytes: limits.memoryMaxBytes,
      // JSON may double a text (\" and \\); control characters are gone by then.
      outputMaxBytes: 2 * limits.textMaxBytes + 65_536,
    },
    ...(request.signal ? { signal: request.signal } : {}),
  });
  return ended.end === 'done' ? accept(ended.output, partly, limits) : refuse(ended, limits);
}

function accept(output: Buffer, partly: boolean, limits: ExtractLimits): Extraction {
  const answer = check(output, limits);
  if (!answer) {
    return { failed: 'TENDER_EXTRACT_CRASHED', reason: 'the reader gave no valid answer', certain: false };
  }
  if ('unreadable' in answer) {
    return {
      failed: 'TENDER_EXTRACT_UNREADABLE',
      reason: `the document cannot be read (damaged or protected?): ${answer.unreadable}`,
      certain: true,
    };
  }
  if (answer.passages.length === 0) return { passages: [], reason: 'it holds no text' };
  const reason = answer.shortened || partly ? 'only the beginning is searchable: the text is very long' : '';
  return { passages: answer.passages, reason };
}

function refuse(ended: Exclude<SandboxEnd, { end: 'done' }>, limits: ExtractLimits): Extraction {
  switch (ended.end) {
    case 'aborted':
      return { aborted: true };
    case 'wall':
    case 'cpu':
      return {
        failed: 'TENDER_EXTRACT_TIMEOUT',
        reason: `reading it took longer than ${limits.wallMaxMs / 1000} s (${limits.cpuMaxSeconds} s of CPU)`,
        certain: false,
      };
    case 'memory':
      return {
        failed: 'TENDER_EXTRACT_MEMORY',
        reason: `reading it took more than ${megabytes(limits.memoryMaxBytes)} of memory`,
        certain: false,
      };
    case 'output':
      return {
        failed: 'TENDER_EXTRACT_OUTPUT',
        reason: 'its reader answered with more text than there can be',
        certain: false,
      };
    case 'crashed':
      return {
        failed: 'TENDER_EXTRACT_CRASHED',
        reason: `its reader crashed: ${ended.detail}`,
        certain: false,
      };
  }
}

/** The child read hostile bytes, so its answer is hostile until checked. */
function check(output: Buffer, limits: ExtractLimits): ChildAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(output.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if ('unreadable' in value && typeof value.unreadable === 'string') {
    return { unreadable: value.unreadable.slice(0, 300).replaceAll('\0', '') };
  }
  if (!('passages' in value) || !Array.isArray(value.passages)) return undefined;
  let total = 0;
  for (const passage of value.passages as unknown[]) {
    if (typeof passage !== 'string' || passage.includes('\0')) return undefined;
    const bytes = Buffer.byteLength(passage);
    total += bytes;
    if (bytes > passageMaxBytes || total > limits.textMaxBytes) return undefined;
  }
  return {
    passages: value.passages as string[],
    shortened: 'shortened' in value && value.shortened === true,
  };
}

async function* first(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  let left = maxBytes;
  for await (const part of bytes) {
    yield part.length > left ? part.subarray(0, left) : part;
    left -= part.length;
    if (left <= 0) return;
  }
}
