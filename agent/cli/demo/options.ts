// What the demo can be asked to do.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TenderError } from '../../errors.ts';
import { type LinkName, linkProfiles } from './link/profiles.ts';

export interface DemoOptions {
  readonly link: LinkName;
  /** The user's own documents; undefined: the generated ones. */
  readonly files: string | undefined;
  readonly stay: boolean;
  readonly json: boolean;
  /** Of the link's own outages. */
  readonly seed: number;
  readonly help: boolean;
}

export const demoHelp = `npm run demo -- [options]

Runs a cloud with its own PostgreSQL, an agent and a bad link between them, all on this machine, and takes documents from
a watched folder to a search hit.

  --link geo|leo|storm|none   the link; geo (default) has one cut in the middle of the largest file
  --files DIR                 carry the documents in DIR (any type, subfolders too) instead of generated ones
  --seed N                    for the outages of leo and storm (default 1)
  --stay                      keep everything running and print what to try; Ctrl-C ends it
  --json                      one JSON object per line on stdout, the last one of type "result"
`;

/** Throws TENDER_USAGE. Relative folders are meant from where the user stands, also under `npm run`. */
export function readDemoOptions(args: readonly string[], userFolder: string): DemoOptions {
  const values = parse(args);
  const link = values.link ?? 'geo';
  if (!Object.hasOwn(linkProfiles, link))
    throw new TenderError(
      'TENDER_USAGE',
      `There is no link ${link}. There are: ${Object.keys(linkProfiles).join(', ')}.`,
    );
  const seed = values.seed ?? '1';
  if (!/^\d{1,9}$/.test(seed)) throw new TenderError('TENDER_USAGE', `--seed ${seed} needs a whole number.`);
  return {
    link: link as LinkName,
    files: values.files === undefined ? undefined : resolve(userFolder, values.files),
    stay: values.stay === true,
    json: values.json === true,
    seed: Number(seed),
    help: values.help === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        link: { type: 'string' },
        files: { type: 'string' },
        seed: { type: 'string' },
        stay: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new TenderError('TENDER_USAGE', `${(error as Error).message} Try \`npm run demo -- --help\`.`);
  }
}
