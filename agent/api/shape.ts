// The compact form in which routes say what they take and give. test/generate-aboard-openapi.ts turns it into the OpenAPI
// document; aboard nobody reads it, so it is plain data and costs a few kilobytes.

type Kind =
  | 'text'
  /** A whole number. */
  | 'number'
  /** A number with a fraction. */
  | 'decimal'
  | 'flag'
  /** ms since 1970. */
  | 'time'
  /** Any JSON value. */
  | 'json'
  /** Any JSON object. */
  | 'object'
  /** A length of time such as "2h". */
  | 'duration'
  /** One of fixed words: `=start|stop`. */
  | `=${string}`
  /** A shape of shapes.ts: `@Upload`. */
  | `@${string}`;

/** `?`: may be missing; ` or null`: may be null; `? or null`: both. A list is `[shape]`, an object its fields. */
export type Shape = Kind | `${Kind}?` | `${Kind} or null` | `${Kind}? or null` | readonly [Shape] | Fields;
export type Fields = { readonly [field: string]: Shape };
