// JSON as the log can hold it: what survives a round trip unchanged. No undefined, NaN, Date or Map.

/** A value that `JSON.parse(JSON.stringify(value))` gives back unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An object of JSON values, the shape of contexts, event payloads and effect parameters. */
export type JsonObject = { readonly [key: string]: Json };
