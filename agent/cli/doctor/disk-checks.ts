// What lies on the disk: configuration, state directory, spool, watched folders.
import { access, constants, opendir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WatchedFolder } from '../../config/folders.ts';
import { bytesText, lengthText } from '../text.ts';
import { type Check, codeOf, failed, ok, part, skipped, stateDirectory, warning } from './check.ts';
import { fileSystemOf } from './file-system.ts';

const diskMaxMs = 10_000;
const withoutConfig = () => skipped('Without a usable configuration nobody knows where to look.');

export const configCheck: Check = {
  name: 'config',
  limitMs: diskMaxMs,
  async run({ config, configProblem, settings }) {
    if (!config)
      return failed(
        configProblem?.message ?? 'It cannot be read.',
        'Mend the settings named; `tender config show` tells all.',
      );
    const other = config.lines.filter(({ key, value }) => settings.has(key) && settings.get(key) !== value);
    if (other.length > 0)
      return warning(
        `The agent that runs has other settings than are read here: ${other.map(({ key }) => key).join(', ')}.`,
        'Restart the agent if the file was changed, or name its configuration with --config.',
      );
    const set = config.lines.filter(({ origin }) => origin !== 'default');
    const files = new Set(set.map(({ origin }) => origin).filter((origin) => origin.startsWith('file ')));
    if (set.length === 0) return ok('No configuration file and nothing set: the defaults are in force.');
    const from = files.size > 0 ? [...files].join(', ') : 'environment and options';
    return ok(`Valid: ${set.length} of ${config.lines.length} settings from ${from}.`);
  },
};

export const stateCheck: Check = {
  name: 'state',
  limitMs: diskMaxMs,
  async run(facts) {
    const { config, status } = facts;
    const directory = stateDirectory(facts);
    if (!config || directory === undefined) return withoutConfig();
    let mode: number;
    try {
      const found = await stat(directory);
      if (!found.isDirectory())
        return failed(
          `${directory} is not a directory.`,
          'Move it away, or set state.directory to another place.',
        );
      mode = found.mode & 0o777;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EACCES')
        return skipped(`${directory} may not be looked at by this user.`, 'Run this as the agent’s user.');
      return status
        ? failed(
            `${directory} is gone (${code}) while the agent runs.`,
            'Stop the agent, put the directory back, start it.',
          )
        : warning(
            `${directory} does not exist yet (${code}).`,
            'Start the agent once: it makes it. Or set state.directory.',
          );
    }
    const { name, network, volatile, freeBytes } = await fileSystemOf(directory);
    const about = `${directory}, mode ${mode.toString(8).padStart(4, '0')}, ${name}, ${bytesText(freeBytes)} free`;
    if (volatile)
      return failed(
        `${about}: this file system is memory and empty after a restart.`,
        'Set state.directory to a disk.',
      );
    if (freeBytes < config.spool.freeMinBytes)
      return failed(
        `${about}: below spool.free_min (${bytesText(config.spool.freeMinBytes)}), nothing can be added.`,
        'Free some space on that disk.',
      );
    if (network)
      return warning(
        `${about}: locks and fsync over a network cannot be trusted.`,
        'Set state.directory to a local disk.',
      );
    if ((mode & 0o077) !== 0) return warning(`${about}: others can look into it.`, `chmod 700 ${directory}`);
    return ok(`${about}.`);
  },
};

export const spoolCheck: Check = {
  name: 'spool',
  limitMs: diskMaxMs,
  async run({ config, status }) {
    if (!config) return withoutConfig();
    const spool = part(status, 'spool');
    const used =
      typeof spool.usedBytes === 'number'
        ? spool.usedBytes
        : await sizeOf(join(config.state.directory, 'spool'));
    if (used === undefined) return skipped('There is no spool that this user may look at.');
    const about = `${bytesText(used)} of ${bytesText(config.spool.maxBytes)} used`;
    const share = used / config.spool.maxBytes;
    if (share >= 1)
      return failed(`${about}: nothing can be added.`, 'Wait for the link, or raise spool.max.');
    if (share >= 0.9) return warning(`${about}.`, 'Wait for the link, or raise spool.max before it is full.');
    return ok(`${about}.`);
  },
};

/** Files counted before it is called enough. */
const countedMax = 100_000;

async function sizeOf(directory: string): Promise<number | undefined> {
  let sum = 0;
  let count = 0;
  try {
    for await (const entry of await opendir(directory)) {
      if (++count > countedMax) break;
      if (entry.isFile()) sum += (await stat(join(directory, entry.name)).catch(() => ({ size: 0 }))).size;
    }
    return sum;
  } catch {
    return undefined;
  }
}

export const foldersCheck: Check = {
  name: 'folders',
  limitMs: diskMaxMs,
  async run({ config, status, settings }) {
    if (!config) return withoutConfig();
    const told = (status?.folders ?? []) as readonly { folder: string; state: string; message: string }[];
    const folders = status
      ? told.map(({ folder }) => ({ label: folder, path: pathOf(settings, folder) }))
      : config.folders;
    if (folders.length === 0) return ok('No folder is watched; documents come by `tender add` or the page.');
    const problems: string[] = [];
    const watched: string[] = [];
    for (const folder of folders) {
      const here = told.find((one) => one.folder === folder.label);
      // The agent's own eyes count, if it runs; ours may be those of another user.
      if (here && here.message !== '') problems.push(`${folder.label}: ${here.message}`);
      else if (here) watched.push(await howWatched(folder, config.files.rescanMs));
      else {
        const problem = await unreadable(folder.path);
        if (problem) problems.push(`${folder.label} (${folder.path}): ${problem}`);
        else watched.push(await howWatched(folder, config.files.rescanMs));
      }
    }
    if (problems.length > 0)
      return failed(
        `${problems.join('; ')}.`,
        'Mount it, make it, or give the agent’s user the right to read it.',
      );
    return ok(`${watched.join(', ')}.`);
  },
};

function pathOf(settings: ReadonlyMap<string, string>, label: string): string {
  return (settings.get(`folders.${label}`) ?? '').replace(/ priority \d+$/, '');
}

async function howWatched(
  { label, path }: Pick<WatchedFolder, 'label' | 'path'>,
  rescanMs: number,
): Promise<string> {
  const system = await fileSystemOf(path).catch(() => undefined);
  const rescan = `a rescan each ${lengthText(rescanMs)}`;
  return system?.network
    ? `${label} on ${system.name}: changes are found by ${rescan}`
    : `${label}: changes are told at once, and by ${rescan}`;
}

async function unreadable(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return 'it is not a folder';
    await access(path, constants.R_OK | constants.X_OK);
    await readdir(path, { withFileTypes: true }).then(() => undefined);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? 'it does not exist' : code === 'EACCES' ? 'it may not be read' : code;
  }
}
