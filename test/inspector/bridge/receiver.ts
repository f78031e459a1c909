// A viewer as the package itself builds one: its own receiver over Node's WebSocket, with every frame it understood.
import { type Frame, loadLegacy } from '../../../inspector/bridge/legacy.ts';

export interface Viewer {
  readonly frames: readonly Frame[];
  /** Waits until the frames satisfy; throws after a while. */
  until(satisfied: (frames: readonly Frame[]) => boolean): Promise<void>;
  /** As a viewer of the package would inject an event. */
  inject(event: object): void;
}

const waitMaxMs = 5_000;

/** `url`: what `tender bridge` printed. */
export function attach(url: string): Viewer {
  const receiver = loadLegacy().receiver()({ server: url.replace(/^ws:\/\//, ''), serialize: undefined });
  const frames: Frame[] = [];
  const bells = new Set<() => void>();
  receiver.subscribe((frame) => {
    frames.push(frame);
    for (const bell of bells) bell();
  });
  return {
    frames,
    until: (satisfied) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          bells.delete(look);
          reject(
            new Error(`not seen within ${waitMaxMs} ms; frames so far: ${frames.map(({ type }) => type)}`),
          );
        }, waitMaxMs);
        const look = () => {
          if (!satisfied(frames)) return;
          clearTimeout(timer);
          bells.delete(look);
          resolve();
        };
        bells.add(look);
        look();
      }),
    inject: (event) => receiver.send(event as never),
  };
}
