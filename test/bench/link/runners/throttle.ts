// A hard cap: what did the wire carry in every second, in every minute?
import { binMs, capErrors, round } from '../arithmetic.ts';
import { commonFigures, observe } from '../observe.ts';
import { add, onStage, type Runner, verify } from '../run.ts';

/** The beginning and the end of the file are no test of the cap. */
const trimmedMs = { begin: 5_000, end: 3_000 };

export const throttle: Runner<'throttle'> = (about, options) =>
  onStage(about, options, async (lab, stage) => {
    const send = await add(stage, 'payload.bin', about.bytes, String(options.seed));
    let sent: Awaited<ReturnType<typeof send>> | undefined;
    const said = async () =>
      ((await stage.api.get('/v1/status')) as { line: { wireBytesUp: number } }).line.wireBytesUp;
    let counted = 0;
    const seen = await observe(lab, async () => {
      counted = -(await said());
      sent = await send();
      if (about.byHandAfterSeconds !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, about.byHandAfterSeconds! * 1_000));
        const rate = `${(about.capBytesPerSecond * 8) / 1_000}kbit`;
        await stage.api.post('/v1/link/rate', { rate, by: 'bench' });
      }
      const from = performance.now();
      await stage.journal.stored(1, about.maxSeconds);
      counted += await said();
      return { from };
    });
    await verify(stage, [sent!]);
    const bins = seen.bins.upBytes.slice(trimmedMs.begin / binMs, -trimmedMs.end / binMs);
    const second = capErrors(bins, about.capBytesPerSecond, 1);
    const minute = capErrors(bins, about.capBytesPerSecond, 60);
    const { upBytes } = commonFigures(seen, about.bytes);
    return {
      /** Of the wire's bytes, what the agent did not count; negative: it counted more. */
      bareAcknowledgements:
        seen.after.up.tcp.packets -
        seen.after.up.tcp_segments.packets -
        seen.before.up.tcp.packets +
        seen.before.up.tcp_segments.packets,
      unseenPercent: round((100 * (upBytes! - counted)) / upBytes!, 2),
      errorPercent1s: round(second.p95Percent, 2),
      errorPercent60s: round(minute.p95Percent, 2),
      excessPercent1s: round(second.excessPercent, 2),
      excessPercent60s: round(minute.excessPercent, 2),
      ...commonFigures(seen, about.bytes),
    };
  });
