// One large file, the link as the profile has it, or its rate going up and down.
import { recoverySeconds } from '../arithmetic.ts';
import { commonFigures, observe } from '../observe.ts';
import { add, onStage, type Runner, verify } from '../run.ts';

/** A new rate counts as used when the wire carries this share of it. */
const recoveredShare = 0.9;

export const large: Runner<'large'> = (about, options) =>
  onStage(about, options, async (lab, stage) => {
    const send = await add(stage, 'payload.bin', about.bytes, String(options.seed));
    const timers: NodeJS.Timeout[] = [];
    let sent: Awaited<ReturnType<typeof send>> | undefined;
    const seen = await observe(lab, async () => {
      sent = await send();
      const from = performance.now();
      for (const { atSeconds, bitsPerSecond } of about.steps ?? [])
        timers.push(setTimeout(() => void lab.tell(`set up.rate=${bitsPerSecond}`), atSeconds * 1000));
      await stage.journal.stored(1, about.maxSeconds);
      for (const timer of timers) clearTimeout(timer);
      return { from };
    }).finally(() => {
      for (const timer of timers) clearTimeout(timer);
    });
    await verify(stage, [sent!]);
    const figures = commonFigures(seen, about.bytes, about.steps);
    if (about.steps) {
      const recoveries = recoverySeconds(seen.bins.upBytes, about.steps, seen.seconds, recoveredShare);
      figures.recoverySeconds = Math.min(99, Math.max(...recoveries));
    }
    return figures;
  });
