// Where the page of a session lies: its cookie goes only to addresses below `/s/…/`, so a login moves the page there, and
// whoever opens the bare address later is led back to where they were. Used in main.tsx.
import type { Storage } from './storage.ts';

const key = 'place';
const pattern = /\/s\/[\w-]{22}\/$/;

/** Remembers the place when we are at one; answers where to go instead when we are not and once were. */
export function sessionPlace(base: string, storage: Storage): string | undefined {
  if (pattern.test(base)) {
    storage.write(key, base);
    return undefined;
  }
  const place = storage.read(key);
  // Nothing but a place of this very server: what is remembered could be anybody's text.
  return place !== undefined && /^\/[\w/.-]*$/.test(place) && !place.startsWith('//') && pattern.test(place)
    ? place
    : undefined;
}
