// `tender cloud migrate`: brings the database to this release's schema as the owner, for installations whose cloud runs
// with a login that may not (setting migrate = false).
import type { Command } from 'commander';
import { migrateDatabase } from '../office.ts';
import { type CommonOptions, configFrom, tell } from './command-line.ts';
import { command } from './options.ts';

export function addMigrateCommand(program: Command): void {
  command(program, 'migrate', 'brings the database to the schema of this release').action(
    async (options: CommonOptions) => {
      const schema = await migrateDatabase(configFrom(options));
      tell(options, { type: 'migrated', schema }, `The database has schema ${schema}.`);
    },
  );
}
