// `--trace`: once a second to stderr what the agent says of its line and what the emulator counted, for whoever wants to know why a
// figure is what it is.
import type { Lab } from './lab.ts';
import type { LinkStage } from './link-stage.ts';

const everyMs = 1_000;

export function startTrace(lab: Lab, stage: LinkStage): () => Promise<void> {
  let going = true;
  const loop = (async () => {
    let lastBytes = 0;
    while (going) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      try {
        const { line } = (await stage.api.get('/v1/status')) as { line?: unknown };
        const { up, elapsed_s: elapsed } = await lab.stats();
        const { upWaitMs } = await lab.timeline();
        const waits = upWaitMs.slice(-10);
        process.stderr.write(
          `${elapsed.toFixed(1)} s: ${((up.sent.bytes - lastBytes) / 125).toFixed(0)} kbit, wait ≤ ${Math.max(0, ...waits)} ms, ` +
            `dropped ${up.queue_dropped.packets}, ${JSON.stringify(line)}\n`,
        );
        lastBytes = up.sent.bytes;
      } catch {
        // The stage is closing.
      }
    }
  })();
  return async () => {
    going = false;
    await loop;
  };
}
