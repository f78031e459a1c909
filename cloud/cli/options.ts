// The options that every command of `tender cloud` takes, in one place.
import type { Command } from 'commander';

/** A command below `parent` with the common options; usage errors are thrown, not exited on. */
export function command(parent: Command, usage: string, summary: string): Command {
  return common(parent.command(usage).description(summary).exitOverride());
}

/** A word that only groups commands, such as `tender cloud yacht`. */
export function group(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary).exitOverride();
}

export function common(to: Command): Command {
  return to
    .option('--data <directory>', 'key, blobs and the embedded database')
    .option('--config <file>', 'TOML file with settings (or TENDER_CLOUD_CONFIG)')
    .option(
      '--set <name=value>',
      'any setting, may be repeated',
      (one: string, all: string[]) => [...all, one],
      [],
    )
    .option('--json', 'one JSON object per line on stdout, nothing else there');
}
