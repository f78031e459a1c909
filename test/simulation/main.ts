// `npm run simulate`: many voyages from one seed, each a whole yacht and cloud in virtual time. Prints one line per broken
// voyage with the command that repeats it, and saves it as a page to look at; the last line is JSON. Exit 1 when any rule was broken, 64 for bad usage.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isPlant, plantNames } from './plants.ts';
import { total } from './report.ts';
import { saveVoyage } from './save-voyage.ts';
import { runVoyage } from './voyage.ts';

interface Options {
  readonly voyages: number;
  readonly seed: number;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly plant: string | undefined;
  /** Folder for pages of broken voyages; undefined: none are written. */
  readonly save: string | undefined;
}

const usage = `npm run simulate -- [--voyages N] [--seed S] [--json] [--verbose] [--plant NAME]
  --voyages N   how many voyages, each with a seed of its own: S, S + 1, … (default 100)
  --seed S      whole number, first seed (default 1)
  --json        nothing on stdout but the last line
  --verbose     every event of every voyage (use it with --voyages 1)
  --save DIR    where each broken voyage is saved as tender-SEED.html, the first five (default: here; none: not at all)
  --plant NAME  switches a planted bug on: ${plantNames.join(', ')}`;

/** Broken voyages shown in full; of more only the count is told. */
const shownMaxVoyages = 10;
/** Broken voyages saved as pages. */
const savedMaxVoyages = 5;

async function main(options: Options): Promise<number> {
  const say = (line: string): void => {
    if (!options.json) process.stdout.write(`${line}\n`);
  };
  const hash = createHash('sha256');
  const kinds = new Map<string, number>();
  const started = performance.now();
  let faults = 0;
  let crashes = 0;
  let violations = 0;
  let virtualMs = 0;
  for (let i = 0; i < options.voyages; i++) {
    const seed = options.seed + i;
    const result = await runVoyage(seed, {
      ...(options.plant && isPlant(options.plant) ? { plant: options.plant } : {}),
      ...(options.verbose ? { verbose: say } : {}),
    });
    hash.update(`${seed} ${result.traceHash}\n`);
    faults += total(result.faults);
    crashes += total(result.crashes);
    virtualMs += result.virtualMs;
    for (const [kind, count] of [...result.faults, ...result.traffic])
      kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    if (!result.violation) continue;
    violations++;
    if (violations > shownMaxVoyages) continue;
    const { rule, detail, at } = result.violation;
    const plant = options.plant ? ` --plant ${options.plant}` : '';
    const repeat = `npm run simulate -- --voyages 1 --seed ${seed}${plant} --verbose`;
    process.stderr.write(`seed ${seed}, ${Math.round(at)} ms: ${rule}: ${detail}\n  again: ${repeat}\n`);
    if (options.save !== undefined && violations <= savedMaxVoyages)
      process.stderr.write(`  look: ${await saved(seed, options, options.save)}\n`);
  }
  const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
  say(`${options.voyages} voyages, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours in ${seconds} s`);
  for (const [kind, count] of [...kinds].sort()) say(`  ${kind} ${count}`);
  const traceHash = hash.digest('hex');
  process.stdout.write(
    `${JSON.stringify({ voyages: options.voyages, faults, crashes, violations, traceHash, seconds })}\n`,
  );
  return violations > 0 ? 1 : 0;
}

/** The page's path, or why there is none: a disk that is full must not hide what was found. */
async function saved(seed: number, { plant }: Options, folder: string): Promise<string> {
  const path = join(folder, `tender-${seed}.html`);
  try {
    await saveVoyage(seed, plant && isPlant(plant) ? { plant } : {}, path);
    return path;
  } catch (error) {
    return `not saved (${(error as Error).message})`;
  }
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      voyages: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      plant: { type: 'string' },
      save: { type: 'string', default: '.' },
    },
  });
  const voyages = Number(values.voyages);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(voyages) || voyages < 1)
    throw new Error('--voyages must be a whole number from 1 on');
  if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a whole number');
  if (values.plant !== undefined && !isPlant(values.plant))
    throw new Error(`no planted bug is called ${values.plant}; there are ${plantNames.join(', ')}`);
  return {
    voyages,
    seed,
    json: values.json,
    verbose: values.verbose,
    plant: values.plant,
    save: values.save === 'none' ? undefined : values.save,
  };
}

let options: Options | undefined;
try {
  options = optionsOf(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${usage}\n`);
  process.exitCode = 64;
}
if (options) process.exitCode = await main(options);
