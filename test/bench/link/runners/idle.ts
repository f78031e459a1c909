// Nothing to do: what does the open line cost a day? Counted in IP bytes of both directions.
import { commonFigures, observe } from '../observe.ts';
import { onStage, type Runner } from '../run.ts';

const minutesPerDay = 1_440;

export const idle: Runner<'idle'> = (about, options) =>
  onStage(about, options, async (lab) => {
    const seen = await observe(lab, async () => {
      await new Promise((resolve) => setTimeout(resolve, about.minutes * 60_000));
      return undefined;
    });
    const { upBytes, downBytes } = commonFigures(seen, 1);
    return {
      bytesPerDay: Math.round(((upBytes! + downBytes!) * minutesPerDay) / about.minutes),
      upBytes: upBytes!,
      downBytes: downBytes!,
      minutes: about.minutes,
    };
  });
