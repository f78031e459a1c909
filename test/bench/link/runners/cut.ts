// The link goes away in the middle of a file: what does it cost beside the same file on the same link without a cut?
import { round } from '../arithmetic.ts';
import type { Case } from '../cases.ts';
import { commonFigures, type Observation, observe } from '../observe.ts';
import { add, type Options, onStage, type Runner, verify } from '../run.ts';

type About = Extract<Case, { kind: 'cut' }>;

function transfer(about: About, options: Options, cutAtSeconds?: number): Promise<Observation> {
  return onStage(about, options, async (lab, stage) => {
    const send = await add(stage, 'payload.bin', about.bytes, String(options.seed));
    let sent: Awaited<ReturnType<typeof send>> | undefined;
    let timer: NodeJS.Timeout | undefined;
    const seen = await observe(lab, async () => {
      sent = await send();
      const from = performance.now();
      if (cutAtSeconds !== undefined)
        timer = setTimeout(() => void lab.tell(`cut ${about.cutSeconds}`), cutAtSeconds * 1000);
      await stage.journal.stored(1, about.maxSeconds);
      return { from };
    }).finally(() => clearTimeout(timer));
    await verify(stage, [sent!]);
    return seen;
  });
}

export const cut: Runner<'cut'> = async (about, options) => {
  const whole = await transfer(about, options);
  const broken = await transfer(about, options, about.atShare * whole.seconds);
  const payload = ({ before, after }: Observation) =>
    after.up.tcp.payload_bytes - before.up.tcp.payload_bytes;
  const costSeconds = broken.seconds - whole.seconds;
  const { everySeconds } = about;
  return {
    ...commonFigures(broken, about.bytes),
    secondsWithout: round(whole.seconds, 2),
    costSeconds: round(costSeconds, 2),
    sentTwiceBytes: Math.max(0, payload(broken) - payload(whole)),
    ...(everySeconds === undefined
      ? {}
      : {
          upTimePercent: round(
            100 * (1 - (costSeconds - about.cutSeconds) / (everySeconds - about.cutSeconds)),
            2,
          ),
        }),
  };
};
