// What compression leaves of the files that yachts send, and what it costs: the true chunker and encoder over made-up but real
// documents, at three rates of the link. No link and no processes; the daemon does the same beside its loop.
import { parseArgs } from 'node:util';
import { compressAside } from '../../agent/adapters/node-zstd.ts';
import { docx, xlsx } from '../../agent/cli/demo/samples/office.ts';
import { noise, pdf } from '../../agent/cli/demo/samples/pdf.ts';
import { chunkMaxBytes, findCut } from '../../agent/files/chunker.ts';
import { ChunkEncoder } from '../../agent/line/encode.ts';
import { EncodeLevels } from '../../agent/line/encode-levels.ts';
import { report } from '../support/bench.ts';

const { values } = parseArgs({ options: { bytes: { type: 'string', default: '8000000' } } });
const bytesMax = Number(values.bytes);
/** 128 kbit/s, 2 Mbit/s, 20 Mbit/s. */
const rates = { thin: 16_000, geo: 250_000, fat: 2_500_000 } as const;

const words =
  'engine valve pump at noon the port starboard fuel pressure bar checked by watch sea slight wind north'.split(
    ' ',
  );

/** Sentences that do not repeat: words in an order of their own, with times and figures. */
function sentences(count: number): string[] {
  let state = 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from(
    { length: count },
    () =>
      `${next(24)}:${next(60)} ${Array.from({ length: 12 }, () => words[next(words.length)]).join(' ')} ${next(9_999)}.`,
  );
}

const lines = sentences(200_000);
const upTo = (text: string) => Buffer.from(text).subarray(0, bytesMax);
const kinds: Readonly<Record<string, Buffer>> = {
  text: upTo(lines.join('\n')),
  csv: upTo(
    lines
      .map((line, n) => `2026-05-${(n % 28) + 1},${line.split(' ').slice(0, 4).join(',')},${n * 37}`)
      .join('\n'),
  ),
  json: upTo(
    JSON.stringify(lines.map((line, n) => ({ id: n, at: line.slice(0, 5), note: line.slice(6, 60) }))),
  ),
  docx: docx(lines.slice(0, 40_000)),
  xlsx: xlsx(lines.slice(0, 40_000).map((line) => line.split(' '))),
  pdfOfText: pdf(Array.from({ length: 400 }, (_, page) => lines.slice(page * 40, page * 40 + 40))),
  pdfOfPhotographs: pdf([lines.slice(0, 40)], bytesMax, 7),
  noise: noise(8 * bytesMax, 3),
};

const figures: Record<string, number> = {};
for (const [kind, bytes] of Object.entries(kinds))
  for (const [name, rate] of Object.entries(rates)) {
    const clock = { monotonicMs: () => performance.now() };
    const levels = new EncodeLevels({ clock, compress: compressAside, wireBytesPerSecond: () => rate });
    const encoder = new ChunkEncoder(levels);
    const seen = new Set<number>();
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += chunks.at(-1)!.length)
      chunks.push(bytes.subarray(at, findCut(bytes, at, Math.min(bytes.length, at + chunkMaxBytes))));
    const before = process.cpuUsage();
    let left = 0;
    for (const chunk of chunks) {
      const encoded = await encoder.encode(chunk);
      if (encoded) seen.add(encoded.level);
      left += encoded?.bytes.length ?? chunk.length;
    }
    const { user, system } = process.cpuUsage(before);
    const cpuSeconds = (user + system) / 1e6;
    figures[`${kind}.${name}.leftPercent`] = round((left * 100) / bytes.length);
    figures[`${kind}.${name}.cpuMsPerSecond`] = round((cpuSeconds * 1_000) / (left / rate));
    figures[`${kind}.${name}.cpuSecondsPerGb`] = round((cpuSeconds * 1e9) / bytes.length);
    process.stderr.write(
      `${kind} ${bytes.length} at ${name}: left ${round((left * 100) / bytes.length)} %, levels ${[...seen]}, ` +
        `${round((cpuSeconds * 1e9) / bytes.length)} CPU s/GB, ${round((cpuSeconds * 1_000) / (left / rate))} ms of a second\n`,
    );
  }

const goals = { 'noise.geo.leftPercent': { max: 100 }, 'noise.geo.cpuSecondsPerGb': { max: 0.5 } };
process.exitCode = report('encode', figures, goals) ? 0 : 1;

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
