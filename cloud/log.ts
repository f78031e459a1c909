// The cloud's log as its parts see it: JSON lines with a stable `code`. Built on pino in cloud/adapters/json-log.ts.

type Line = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface CloudLog {
  readonly info: Line;
  readonly warn: Line;
  readonly error: Line;
}
