// Found by voyage 10924: a page of the inventory that was asked for on a lane that died was waited for for ever, because
// the line went on over a fresh lane and nobody heard of it.
import { expect, test } from 'vitest';
import { yachtAndShore } from './support/yacht.ts';

test('an inventory asked for on a lane that died ends with the reason, and can be asked for again on the fresh one', async () => {
  const yacht = await yachtAndShore();
  await yacht.open();
  yacht.link.isSilent = true;
  const asked = yacht.line.inventory(null).then(
    () => 'answered',
    (failure: { code: string }) => failure.code,
  );
  await yacht.clock.advance(2_000);
  yacht.link.isSilent = false; // what was said is lost; the doubt finds a fresh connection
  await yacht.clock.advance(60_000);
  expect(yacht.lost).toEqual([]);
  expect(await asked).toBe('TENDER_LINE_CUT');
  const page = yacht.line.inventory(null);
  await yacht.clock.advance(1_000);
  expect((await page).entries).toEqual([]);
});
