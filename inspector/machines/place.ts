// What of the inspector stands in the address: the actor and the moment, `/upload/01J…@4711`. A link to a record can be
// sent to a colleague; the shell hands over what follows `#/machines`.

export interface Place {
  readonly actor: string | null;
  /** A sequence of the log; null: live. */
  readonly seq: number | null;
}

/** Reads whatever somebody typed; what is no actor or sequence is left out. */
export function parsePlace(text: string): Place {
  let plain = text;
  try {
    plain = decodeURIComponent(text);
  } catch {
    // A lone % is no reason to fail.
  }
  const match = /^\/?([a-z-]{1,20}\/[\w.-]{1,64})?(?:@([1-9][0-9]{0,15}))?$/.exec(plain);
  return { actor: match?.[1] ?? null, seq: match?.[2] === undefined ? null : Number(match[2]) };
}

export function formatPlace({ actor, seq }: Place): string {
  if (actor === null && seq === null) return '';
  return `/${actor ?? ''}${seq === null ? '' : `@${seq}`}`;
}
