// `tender cloud …`: the shore's command line. Without a command it runs the cloud; the others are the office's short
// errands (tenants, enrolment codes, tokens) and talk to the database directly, whether a cloud runs or not.
import { Command } from 'commander';
import { tellFailure } from './command-line.ts';
import { addMigrateCommand } from './migrate.ts';
import { addServeCommand } from './serve.ts';
import { addTenantCommands } from './tenant.ts';
import { addTokenCommands } from './token.ts';
import { addYachtCommands } from './yacht.ts';

const program = new Command('tender cloud')
  .description('Runs the shore: takes documents from yachts, stores and indexes them, says so.')
  .exitOverride()
  .enablePositionalOptions()
  .showSuggestionAfterError();
addServeCommand(program);
addTenantCommands(program);
addYachtCommands(program);
addTokenCommands(program);
addMigrateCommand(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = tellFailure(error, process.argv.includes('--json'));
}
