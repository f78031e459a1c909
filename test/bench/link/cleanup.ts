// Nothing the bench made may outlive it: what was built is taken down in reverse, at the end, after a failure, and on Ctrl-C.

const undo: (() => Promise<unknown>)[] = [];
const undoMaxMs = 30_000;
let undoing: Promise<void> | undefined;

/** Remembers how to take something down; answers a function that does it now, once. */
export function later(step: () => Promise<unknown>): () => Promise<void> {
  let done: Promise<unknown> | undefined;
  const once = () => {
    done ??= step();
    return done;
  };
  undo.push(once);
  return async () => {
    await once();
    const at = undo.indexOf(once);
    if (at >= 0) undo.splice(at, 1);
  };
}

/** Takes down whatever still stands, the newest first. One step that fails does not keep the others. */
export function cleanUp(): Promise<void> {
  undoing ??= (async () => {
    for (const step of undo.splice(0).reverse())
      await Promise.race([
        step().catch((error: unknown) => process.stderr.write(`while taking down: ${error}\n`)),
        new Promise((resolve) => setTimeout(resolve, undoMaxMs).unref()),
      ]);
    undoing = undefined;
  })();
  return undoing;
}

export function cleanUpOnSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.on(signal, () => {
      process.stderr.write('taking the lab down\n');
      void cleanUp().then(() => process.exit(code));
    });
}
