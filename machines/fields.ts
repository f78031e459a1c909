// The small kit that events, inputs and contexts are described with: a field is a hand-written check that also
// carries its TypeScript type, so that validator and type cannot drift apart.
import type { Json, JsonObject } from './json.ts';

/** Answers what is wrong with a value, as the end of a sentence ("must be …"), or null when it is fine. */
export interface Field<T> {
  readonly check: (value: Json | undefined) => string | null;
  readonly optional: boolean;
  /** Never present at run time: carries the type. */
  readonly type?: T;
}

export type Fields = { readonly [name: string]: Field<unknown> };

type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends { optional: true } ? K : never;
}[keyof F];
type TypeOf<F> = F extends { readonly type?: infer T } ? Exclude<T, undefined> : never;

/** The object type a set of fields describes. */
export type ObjectOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: TypeOf<F[K]>;
} & { readonly [K in OptionalNames<F>]?: TypeOf<F[K]> };

const field = <T>(check: (value: Json | undefined) => string | null): Field<T> & { optional: false } => ({
  check,
  optional: false,
});

/** Text of at most `max` UTF-16 units; `min` 1 unless said. */
export const text = (max: number, min = 1) =>
  field<string>((value) =>
    typeof value === 'string' && value.length >= min && value.length <= max
      ? null
      : `must be text of ${min} to ${max} characters`,
  );

/** Who asks: short, on one line, and without `*`, which stands for all in ids of timers. */
export const party = () =>
  field<string>((value) =>
    typeof value === 'string' && /^[^*\p{Cc}]{1,64}$/u.test(value)
      ? null
      : 'must name who asks in 1 to 64 characters, without "*" or line breaks',
  );

/** A whole number between two bounds. */
export const whole = (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  field<number>((value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? null
      : `must be a whole number from ${min} to ${max}`,
  );

/** Any finite number between two bounds. */
export const finite = (min: number, max: number) =>
  field<number>((value) =>
    typeof value === 'number' && value >= min && value <= max
      ? null
      : `must be a number from ${min} to ${max}`,
  );

export const flag = () =>
  field<boolean>((value) => (typeof value === 'boolean' ? null : 'must be true or false'));

/** One of a fixed set of words. */
export const oneOf = <const W extends readonly string[]>(...words: W) =>
  field<W[number]>((value) =>
    words.includes(value as string) ? null : `must be one of ${words.join(', ')}`,
  );

/** Lower-case hex of exactly `bytes` bytes. */
export const hex = (bytes: number) => {
  const pattern = new RegExp(`^[0-9a-f]{${bytes * 2}}$`);
  return field<string>((value) =>
    typeof value === 'string' && pattern.test(value) ? null : `must be ${bytes} bytes in lower-case hex`,
  );
};

/** An object whose inside is somebody else's business; `T` says what its owner promises. */
export const anyObject = <T extends JsonObject = JsonObject>() =>
  field<T>((value) => (isObject(value) ? null : 'must be an object'));

/** A file name: text, or `{b64}` where its bytes are not UTF-8. */
export const fileName = () =>
  field<string | { readonly b64: string }>((value) => {
    if (typeof value === 'string' && value.length >= 1 && value.length <= 8192) return null;
    if (isObject(value) && typeof value.b64 === 'string' && Object.keys(value).length === 1) return null;
    return 'must be a file name: text, or {"b64": …} where its bytes are not UTF-8';
  });

/** A list of at most `max` items. */
export const list = <T>(item: Field<T>, max: number) =>
  field<readonly T[]>((value) => {
    if (!Array.isArray(value) || value.length > max) return `must be a list of at most ${max}`;
    for (const entry of value) {
      const wrong = item.check(entry);
      if (wrong) return `must be a list in which each ${wrong}`;
    }
    return null;
  });

/** An object with any keys (at most `max`) and checked values. */
export const record = <T>(item: Field<T>, max: number) =>
  field<{ readonly [key: string]: T }>((value) => {
    if (!isObject(value) || Object.keys(value).length > max)
      return `must be an object of at most ${max} entries`;
    for (const entry of Object.values(value)) {
      const wrong = item.check(entry);
      if (wrong) return `must be an object in which each value ${wrong}`;
    }
    return null;
  });

export const orNull = <T>(inner: Field<T>) =>
  field<T | null>((value) => (value === null ? null : inner.check(value)));

export const optional = <T>(inner: Field<T>): Field<T> & { optional: true } => ({
  check: (value) => (value === undefined ? null : inner.check(value)),
  optional: true,
});

export const object = <F extends Fields>(fields: F) =>
  field<ObjectOf<F>>((value) => {
    if (!isObject(value)) return 'must be an object';
    const wrong = checkFields(fields, value);
    return wrong ? `must have good fields: ${wrong}` : null;
  });

/** First of several shapes that fits. */
export const either = <A, B>(a: Field<A>, b: Field<B>) =>
  field<A | B>((value) => {
    const first = a.check(value);
    return first === null || b.check(value) === null ? null : first;
  });

/** First complaint about an object's fields, naming the field; null when all are right and none is extra. */
export function checkFields(fields: Fields, value: JsonObject, ignore?: readonly string[]): string | null {
  for (const name in fields) {
    const wrong = (fields[name] as Field<unknown>).check(value[name]);
    if (wrong) return `"${name}" ${wrong}`;
  }
  for (const name of Object.keys(value))
    if (!Object.hasOwn(fields, name) && !ignore?.includes(name)) return `"${name}" is not known here`;
  return null;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
