// What a command is: its words for the help, and a function that answers the exit code. One file each in commands/.
import type { Command } from 'commander';
import type { CommonOptions, Context } from './context.ts';

export interface CliCommand {
  /** As commander reads it: `add <file...>`. */
  readonly usage: string;
  readonly summary: string;
  /** What its first argument may be, where that is a fixed set: for completion. */
  readonly words?: readonly string[];
  /** Adds options beyond the common ones. */
  options?(command: Command): void;
  run(
    context: Context,
    args: readonly (string | readonly string[] | undefined)[],
    options: CommonOptions & Readonly<Record<string, unknown>>,
  ): Promise<number>;
}

/** Exit codes that are not failures of tender itself; the rest stand in agent/errors.ts. */
export const exitCodes = {
  ok: 0,
  /** Ended by Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;
