// JSON to look at: nested values fold, long ones are cut with what was left out named. Only ever text nodes: what a file's
// name or an error's message says cannot become part of the page.
import type { Json } from '../../machines/json.ts';
import { dayAndTime } from './words.ts';

/** Levels shown; below, a value stands in one line. */
export const depthMax = 6;
/** Entries of one object or list shown. */
export const entriesShownMax = 50;
/** Characters of one text shown. */
export const textShownMax = 400;

export interface JsonViewProps {
  readonly value: Json | undefined;
  readonly depth?: number;
  /** Name of the value: a number whose name ends in `Ms` and that is a time of this age is also shown as one. */
  readonly name?: string;
}

export function JsonView({ value, depth = 0, name = '' }: JsonViewProps) {
  if (value === undefined) return <code class="json-none">–</code>;
  if (value === null || typeof value !== 'object')
    return (
      <>
        <code class={classOf(value)}>{inline(value)}</code>
        {isTime(name, value) ? <span class="json-when"> {dayAndTime(value)}</span> : null}
      </>
    );
  const entries: readonly (readonly [string, Json])[] = Array.isArray(value)
    ? value.map((item, place) => [String(place), item] as const)
    : Object.entries(value);
  if (entries.length === 0) return <code class="json-none">{Array.isArray(value) ? '[ ]' : '{ }'}</code>;
  if (depth >= depthMax) return <code>{cut(JSON.stringify(value))}</code>;
  return (
    <dl class="json">
      {entries.slice(0, entriesShownMax).map(([key, item]) => (
        <div key={key} class={isNested(item) ? 'json-nested' : 'json-flat'}>
          <dt>{cut(key)}</dt>
          <dd>
            <JsonView value={item} depth={depth + 1} name={key} />
          </dd>
        </div>
      ))}
      {entries.length > entriesShownMax ? (
        <div>
          <dt class="quiet">…</dt>
          <dd class="quiet">{entries.length - entriesShownMax} more</dd>
        </div>
      ) : null}
    </dl>
  );
}

/** A value in one line, cut. */
export function inline(value: Json | undefined): string {
  if (value === undefined) return '–';
  return cut(JSON.stringify(value));
}

function cut(text: string): string {
  return text.length <= textShownMax
    ? text
    : `${text.slice(0, textShownMax)}… (${text.length - textShownMax} more)`;
}

/** Durations end in Ms as well, but none lasts since 1990. */
const timeLeastMs = 631_152_000_000;

function isTime(name: string, value: Json): value is number {
  return typeof value === 'number' && value > timeLeastMs && /(Ms|due|at)$/i.test(name);
}

function isNested(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function classOf(value: Json): string {
  return value === null ? 'json-none' : `json-${typeof value}`;
}
