// An urgent document while a file of gigabytes is running. Of that file only the beginning is written, the rest is a hole: no more
// of it will be read than travels.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { quantile, round } from '../arithmetic.ts';
import { observe } from '../observe.ts';
import { writePayload } from '../payload.ts';
import { add, onStage, type Runner, verify } from '../run.ts';

const runningMs = 20_000;
const lookEveryMs = 5;
const filledBytes = 256 * 1024 * 1024;
const urgentPriority = 1;

export const urgent: Runner<'urgent'> = (about, options) =>
  onStage(about, options, async (lab, stage) => {
    const large = join(stage.workshop, 'large.bin');
    await writePayload(large, about.behindBytes, `${options.seed} large`, filledBytes);
    const send = await add(stage, 'urgent.bin', about.bytes, String(options.seed), urgentPriority);
    let sent: Awaited<ReturnType<typeof send>> | undefined;
    let firstByteAt: number | undefined;
    let span = { from: 0, to: 0 };
    const seen = await observe(lab, async () => {
      await rename(large, join(stage.folder, 'large.bin'));
      await stage.journal.settled(1, about.maxSeconds);
      await new Promise((resolve) => setTimeout(resolve, runningMs));
      sent = await send();
      const from = performance.now();
      const stored = stage.journal.stored(1, about.maxSeconds);
      let isStored = false;
      const settle = () => {
        isStored = true;
      };
      stored.then(settle, settle);
      while (!isStored && firstByteAt === undefined) {
        const now = (await stage.api.get(`/v1/uploads/${sent.id}`)) as {
          sentBytes: number;
          onTheWayBytes: number;
        };
        if (now.sentBytes + now.onTheWayBytes > 0) firstByteAt = performance.now();
        await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      }
      await stored;
      span = { from, to: performance.now() };
      return span;
    });
    await verify(stage, [sent!]);
    const doneMs = span.to - span.from;
    const travelMs = quantile(seen.idleMs, 0) + (about.bytes * 8000) / seen.before.up.rate_bps;
    return {
      // Both are upper bounds: when its progress was first told, and what is left of the whole without the journey itself.
      firstByteMs: round(Math.max(0, Math.min(doneMs - travelMs, (firstByteAt ?? Infinity) - span.from))),
      doneMs: round(doneMs),
      travelMs: round(travelMs),
    };
  });
