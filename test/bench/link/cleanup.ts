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

/** Also for what nobody caught: a bench that falls must not leave its namespaces. */
export function cleanUpOnSignals(): void {
  const leave = (why: string, code: number) => {
    process.stderr.write(`${why}\ntaking the lab down\n`);
    void cleanUp().then(() => process.exit(code));
  };
  process.on('SIGINT', () => leave('', 130));
  process.on('SIGTERM', () => leave('', 143));
  process.on('SIGHUP', () => leave('', 129));
  process.on('uncaughtException', (error) => leave(String(error.stack ?? error), 2));
  process.on('unhandledRejection', (reason) =>
    leave(String(reason instanceof Error ? reason.stack : reason), 2),
  );
}
