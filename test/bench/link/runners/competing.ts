// Another host uploads over the same link with plain TCP, first alone, then beside us.
import { round } from '../arithmetic.ts';
import { commonFigures, observe } from '../observe.ts';
import { add, onStage, type Runner, verify } from '../run.ts';
import { startFlow } from '../tcp-flow.ts';

/** Of the line: more than can travel while both are at it. */
const payloadShare = 0.97;
/** Slow start is over, its queue is drained. */
const warmUpMs = 10_000;

export const competing: Runner<'competing'> = (about, options) =>
  onStage(about, options, async (lab, stage) => {
    const rate = (await lab.stats()).up.rate_bps;
    const bytes = Math.round((rate / 8) * about.togetherSeconds * payloadShare);
    const send = await add(stage, 'payload.bin', bytes, String(options.seed));
    let sent: Awaited<ReturnType<typeof send>> | undefined;
    let ours = 0;
    let alone = 0;
    let together = 0;
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const seen = await observe(lab, async () => {
      const other = await startFlow(lab);
      await wait(warmUpMs);
      const atStart = other.receivedBytes();
      await wait(about.aloneSeconds * 1000);
      alone = (other.receivedBytes() - atStart) / about.aloneSeconds;
      sent = await send();
      const from = performance.now();
      const before = other.receivedBytes();
      await wait(about.togetherSeconds * 1000);
      together = (other.receivedBytes() - before) / about.togetherSeconds;
      const now = (await stage.api.get(`/v1/uploads/${sent.id}`)) as { sentBytes: number };
      ours = now.sentBytes;
      const to = performance.now();
      other.stop();
      await stage.journal.stored(1, about.maxSeconds);
      return { from, to };
    });
    await verify(stage, [sent!]);
    const { addedDelayP50Ms, addedDelayP95Ms, seconds } = commonFigures(seen, ours);
    const percent = (bytesPerSecond: number) => round((bytesPerSecond * 800) / rate, 1);
    return {
      goodputPercent: percent(ours / about.togetherSeconds),
      otherAlonePercent: percent(alone),
      otherPercent: percent(together),
      otherOfAlonePercent: round((100 * together) / alone, 1),
      addedDelayP50Ms: addedDelayP50Ms!,
      addedDelayP95Ms: addedDelayP95Ms!,
      seconds: seconds!,
    };
  });
