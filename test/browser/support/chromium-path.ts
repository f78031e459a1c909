// Where the browser is.
import { existsSync } from 'node:fs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser to test with: the one TENDER_CHROMIUM names, else the system's; undefined when there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env.TENDER_CHROMIUM;
  return named ? named : places.find((place) => existsSync(place));
}
