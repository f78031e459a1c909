// The lines of the bundle this page is: out of the element that holds them, unpacked as a stream, each record parsed once.
// Says the same of them as `tender inspect --verify`: are they whole, do they replay with the machines in this page.
import {
  type BundleBase,
  type BundleEnd,
  type BundleHeader,
  createReplayCheck,
  type ReplayVerdict,
  readBundleLine,
  type SavedRecord,
} from '../../machines/bundle.ts';
import type { Description } from '../../machines/describe.ts';
import type { Json } from '../../machines/json.ts';

export interface Bundle {
  readonly header: BundleHeader;
  readonly machines: readonly Description[];
  /** In order; the first has the sequence `header.from`. */
  readonly records: readonly SavedRecord[];
  readonly bases: ReadonlyMap<string, BundleBase>;
  readonly notes: readonly string[];
  readonly parts: { readonly config?: Json; readonly status?: Json; readonly doctor?: Json };
  /** Undefined: the file was cut off. */
  readonly end: BundleEnd | undefined;
  readonly replay: ReplayVerdict;
}

/** Characters of base64 unpacked at a time: a multiple of four, and little enough to be held twice. */
const stepChars = 4 * 64 * 1024;

/** Throws an error with a sentence for people when this is no bundle. */
export async function readBundle(base64: string): Promise<Bundle> {
  const machines: Description[] = [];
  const records: SavedRecord[] = [];
  const bases = new Map<string, BundleBase>();
  const notes: string[] = [];
  const parts: { config?: Json; status?: Json; doctor?: Json } = {};
  const replay = createReplayCheck({ forget: true });
  let header: BundleHeader | undefined;
  let end: BundleEnd | undefined;
  let first = true;
  for await (const text of lines(base64)) {
    const line = readBundleLine(text, first);
    first = false;
    if ('header' in line) header = line.header;
    else if ('record' in line) {
      records.push(line.record);
      replay.record(line.record);
    } else if ('base' in line) {
      bases.set(line.base.actor, line.base);
      replay.base(line.base);
    } else if ('machine' in line) machines.push(line.machine as unknown as Description);
    else if ('note' in line) notes.push(line.note);
    else if ('end' in line) end = line.end;
    else Object.assign(parts, line);
  }
  if (!header) throw new Error('This bundle is empty: make a new one with `tender bundle`.');
  const verdict = replay.verdict();
  const expected = Math.max(0, header.to - header.from + 1);
  const complete = records.length === expected;
  const missing = complete ? [] : [`${expected} records were promised, ${records.length} are here.`];
  return {
    header,
    machines,
    records,
    bases,
    notes,
    parts,
    end,
    replay: {
      ...verdict,
      replays: verdict.replays && complete,
      problems: [...missing, ...verdict.problems],
    },
  };
}

async function* lines(base64: string): AsyncGenerator<string> {
  const text = base64.trim();
  let at = 0;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= text.length) return controller.close();
      const piece = atob(text.slice(at, at + stepChars));
      at += stepChars;
      const bytes = new Uint8Array(piece.length);
      for (let i = 0; i < piece.length; i++) bytes[i] = piece.charCodeAt(i);
      controller.enqueue(bytes);
    },
  });
  const reader = packed
    .pipeThrough(new DecompressionStream('gzip'))
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error('This bundle is damaged or was cut off: copy it again, or make a new one.');
    });
    if (done) break;
    const whole = (rest + value).split('\n');
    rest = whole.pop() ?? '';
    yield* whole;
  }
  if (rest !== '') yield rest;
}
