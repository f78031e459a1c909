// A value that throws when anybody tries to change it, however deep: for tests of what must not mutate.

/** Freezes a value and everything in it, and answers it. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}
