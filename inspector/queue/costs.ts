// Money and bytes, as `GET /v1/costs` tells them; without a configured price only bytes are left to say.
import { fieldsOf, numberOf, textOf } from './upload.ts';

export interface Costs {
  /** '' when no price is configured. */
  readonly currency: string;
  readonly spentMicros: number | null;
  readonly savedMicros: number | null;
  readonly monthSpentMicros: number | null;
  readonly monthSavedMicros: number | null;
}

export function readCosts(value: unknown): Costs {
  const json = fieldsOf(value);
  const total = fieldsOf(json.total ?? json);
  const months = Array.isArray(json.months) ? json.months : [];
  const month = fieldsOf(json.thisMonth ?? months.at(-1));
  return {
    currency: textOf(json.currency),
    spentMicros: numberOf(total.spentMicros),
    savedMicros: numberOf(total.savedMicros),
    monthSpentMicros: numberOf(month.spentMicros),
    monthSavedMicros: numberOf(month.savedMicros),
  };
}
