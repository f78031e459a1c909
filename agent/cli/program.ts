// The command line as a tree: names, options, help, and the one place where failures become exit codes and sentences.
// Called by main.ts with the real world, by tests with a captured one.
import { Command, CommanderError } from 'commander';
import { agentErrors, TenderError } from '../errors.ts';
import type { CliCommand } from './command.ts';
import { exitCodes } from './command.ts';
import { add } from './commands/add.ts';
import { agent } from './commands/agent.ts';
import { bridge } from './commands/bridge.ts';
import { bundle } from './commands/bundle.ts';
import { completionOf } from './commands/completion.ts';
import { config } from './commands/config.ts';
import { cancel, pauseCommand, prioritise, resume, retry } from './commands/control.ts';
import { cost } from './commands/cost.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { enrolCommand } from './commands/enrol.ts';
import { inspect } from './commands/inspect.ts';
import { link } from './commands/link.ts';
import { log } from './commands/log.ts';
import { ls } from './commands/ls.ts';
import { search } from './commands/search.ts';
import { show, why } from './commands/show.ts';
import { status } from './commands/status.ts';
import { ui } from './commands/ui.ts';
import { wait } from './commands/wait.ts';
import { whatif } from './commands/whatif.ts';
import { type CommonOptions, createContext, type World } from './context.ts';
import { forTerminal } from './text.ts';

const commands: readonly CliCommand[] = [
  enrolCommand,
  agent,
  add,
  ls,
  show,
  why,
  pauseCommand,
  resume,
  cancel,
  retry,
  prioritise,
  status,
  cost,
  wait,
  ui,
  search,
  link,
  log,
  bundle,
  inspect,
  whatif,
  doctor,
  bridge,
  demo,
  config,
];

/** Runs one command line (without the program's name) and answers its exit code. */
export async function runCli(args: readonly string[], world: World): Promise<number> {
  let code: number = exitCodes.ok;
  const program = new Command('tender')
    .description('Carries documents from this yacht to the shore, and tells when they are searchable.')
    .version(world.version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: world.streams.out,
      writeErr: (text) => world.streams.err(forTerminal(text)),
    });
  for (const spec of [...commands, completionOf(program, commands)]) {
    const command = program.command(spec.usage).description(spec.summary);
    command
      .option('--json', 'one JSON object per line, the last of type "result"')
      .option('--config <file>', 'configuration file instead of /etc/tender/tender.toml')
      .option('--socket <path>', "the agent's socket")
      .option('--set <key=value...>', 'a setting for this run, such as link.profile=satellite');
    spec.options?.(command);
    command.action(async (...given: unknown[]) => {
      const options = given.at(-2) as CommonOptions & Record<string, unknown>;
      const values = given.slice(0, -2) as (string | readonly string[] | undefined)[];
      code = await spec.run(createContext(world, options), values, options);
    });
  }
  program.command('cloud', { hidden: true }).description('the shore: `tender cloud --help`');
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return failed(error, world, args.includes('--json'));
  }
}

function failed(error: unknown, world: World, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.ok;
    if (json) tell(world, 'TENDER_USAGE', error.message.replace(/^error: /, ''));
    return agentErrors.TENDER_USAGE;
  }
  if (world.signal.aborted) return exitCodes.interrupted;
  if (error instanceof TenderError) {
    if (json) tell(world, error.code, error.message);
    else world.streams.err(`tender: ${forTerminal(error.message)} (${error.code})\n`);
    return agentErrors[error.code];
  }
  const reason = error instanceof Error ? error.message : String(error);
  const message = `Something happened that tender was not built for: ${reason}. Please report it.`;
  if (json) tell(world, 'TENDER_INTERNAL', message);
  else world.streams.err(`tender: ${forTerminal(message)} (TENDER_INTERNAL)\n`);
  return agentErrors.TENDER_INTERNAL;
}

function tell(world: World, code: string, message: string): void {
  world.streams.out(`${JSON.stringify({ type: 'result', ok: false, code, message })}\n`);
}
