// Waits for a condition by looking, with a bound: the only way in which these tests wait.
const lookEveryMs = 10;

/** Polls until `look` answers something; fails after `maxMs` with what was hoped for. */
export async function until<T>(
  hope: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  maxMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + maxMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`this did not come within ${maxMs} ms: ${hope}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
