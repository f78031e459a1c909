// Reads what clients send: bodies of bounded size, only known fields, each checked by hand. A validator library would
// cost the idle daemon megabytes for a dozen fields. Every refusal is TENDER_COMMAND_INVALID and names the field.
import { readDuration } from '../config/units.ts';
import { TenderError } from '../errors.ts';
import type { ApiRequest } from './http.ts';

const bodyMaxBytes = 65_536;

export function invalid(field: string, rule: string): TenderError {
  return new TenderError('TENDER_COMMAND_INVALID', `${field} ${rule}.`);
}

/**
 * The JSON body as an object whose keys are all in `allowed`; an empty body is an empty object. Who acts through the page is
 * known from the session: there a `by` of the body does not count.
 */
export async function jsonBody(
  request: ApiRequest,
  allowed: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body) {
    length += part.length;
    if (length > bodyMaxBytes) throw invalid('The body', `is larger than ${bodyMaxBytes} bytes`);
    parts.push(part);
  }
  const { by } = request.who;
  const known = by !== null && allowed.includes('by') ? { by } : {};
  if (length === 0) return known;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)));
  } catch {
    throw invalid('The body', 'is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('The body', 'must be a JSON object');
  for (const key of Object.keys(value))
    if (!allowed.includes(key))
      throw invalid(
        `The field "${key.slice(0, 40)}"`,
        `is not known here (known: ${allowed.join(', ') || 'none'})`,
      );
  return { ...(value as Record<string, unknown>), ...known };
}

/** Refuses query parameters nobody reads: a mistyped filter must not answer with everything. */
export function onlyQuery(request: ApiRequest, allowed: readonly string[]): void {
  for (const key of request.query.keys())
    if (!allowed.includes(key))
      throw invalid(
        `The parameter "${key.slice(0, 40)}"`,
        `is not known here (known: ${allowed.join(', ') || 'none'})`,
      );
}

/** A whole number in a range, from JSON or from text; `fallback` when absent. */
export function wholeNumber(
  value: unknown,
  field: string,
  range: { readonly least: number; readonly most: number; readonly fallback?: number },
): number {
  if ((value === undefined || value === null) && range.fallback !== undefined) return range.fallback;
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (
    typeof number !== 'number' ||
    !Number.isSafeInteger(number) ||
    number < range.least ||
    number > range.most
  )
    throw invalid(field, `needs a whole number from ${range.least} to ${range.most}`);
  return number;
}

/** 1 critical, 5 normal, 10 low. */
export function priorityOf(value: unknown, fallback?: number): number {
  return wholeNumber(value, 'priority', {
    least: 1,
    most: 10,
    ...(fallback === undefined ? {} : { fallback }),
  });
}

/** A length of time such as "2h"; undefined when absent. */
export function lengthOf(value: unknown, field: string): number | undefined {
  if (value === undefined) return undefined;
  const read = typeof value === 'string' ? readDuration(value) : { wrong: 'needs a text such as "2h"' };
  if ('wrong' in read) throw invalid(field, read.wrong);
  return read.value;
}

/** One of a fixed set of words; undefined when absent. */
export function wordOf<T extends string>(
  value: string | null | undefined,
  field: string,
  words: readonly T[],
): T | undefined {
  if (value === null || value === undefined) return undefined;
  const found = words.find((word) => word === value);
  if (!found) throw invalid(field, `needs one of ${words.join(', ')}`);
  return found;
}
