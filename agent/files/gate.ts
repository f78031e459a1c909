// Lets at most so many tasks run at once; the others wait in order. Settle and watcher bound their open files with it.

export interface Gate {
  run<T>(task: () => Promise<T>): Promise<T>;
}

export function createGate(runningMaxCount: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];

  return {
    async run(task) {
      if (running < runningMaxCount) running += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        if (next)
          next(); // takes this one's place
        else running -= 1;
      }
    },
  };
}
