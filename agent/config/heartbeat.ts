// How often an idle line says that it lives: as configured, and rarer by itself where a gigabyte is dear. Asked by daemon.ts.
import { microsPerUnit, type Price } from './price.ts';

/** From this price on a link counts as dear: satellite airtime sells from 5 to 50 of any of the usual currencies per GB. */
const dearUnitsPerGb = 5;
/** Six times five minutes: half an hour without a call of one's own is what NAT boxes at sea still remember (RFC 5382: 2 h). */
export const dearTimes = 6;
const heartbeatMaxMs = 3_600_000;

/** `isChosen`: somebody wrote it down, so it is kept as it is. */
export function heartbeatEveryMs(
  configuredMs: number,
  { perGb, isChosen }: { readonly perGb: Price | null; readonly isChosen: boolean },
): number {
  const isDear = perGb !== null && perGb.microsPerGb >= dearUnitsPerGb * microsPerUnit;
  if (isChosen || !isDear) return configuredMs;
  return Math.min(configuredMs * dearTimes, Math.max(configuredMs, heartbeatMaxMs));
}
