// What the daemon says about itself while it runs: structured, with a stable code where one exists. Written by
// adapters/json-log.ts, collected by tests.
import type { Json } from '../machines/json.ts';
import type { LogLevel } from './config/settings.ts';

export interface LogLine {
  readonly level: LogLevel;
  /** For people, one sentence. Names of files only through nameForPeople. */
  readonly message: string;
  /** `TENDER_…` where the line is about a failure. */
  readonly code?: string;
  /** Whom it is about, such as `upload/01J…`. */
  readonly actor?: string;
  readonly [detail: string]: Json | undefined;
}

export type Log = (line: LogLine) => void;
