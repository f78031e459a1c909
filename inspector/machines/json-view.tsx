// JSON to look at: nested values fold, long ones are cut with what was left out named. Only ever text nodes: what a file's
// name or an error's message says cannot become part of the page.
import type { Json } from '../../machines/json.ts';

/** Levels shown; below, a value stands in one line. */
export const depthMax = 6;
/** Entries of one object or list shown. */
export const entriesShownMax = 50;
/** Characters of one text shown. */
export const textShownMax = 400;

export function JsonView({
  value,
  depth = 0,
}: {
  readonly value: Json | undefined;
  readonly depth?: number;
}) {
  if (value === undefined) return <code class="json-none">–</code>;
  if (value === null || typeof value !== 'object') return <code class={classOf(value)}>{inline(value)}</code>;
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
            <JsonView value={item} depth={depth + 1} />
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

function isNested(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function classOf(value: Json): string {
  return value === null ? 'json-none' : `json-${typeof value}`;
}
