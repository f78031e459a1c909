// The same actors in the frames of @statelyai/inspect, for whoever opts in: three plain JSON messages. Its viewer is a page on
// the internet, so this is off unless asked for, and what it is told is redacted like a bundle.
import type { WebSocket } from 'ws';
import type { Description } from '../../machines/describe.ts';
import type { JsonObject } from '../../machines/json.ts';
import { toLegacyMachine } from './convert.ts';
import type { ShadowEvent } from './shadow.ts';
import { refusedPerViewerMax, sendBounded, type ViewerCounts, viewersMax } from './viewers.ts';

/** The release of the package whose frames these are. */
const protocolVersion = '0.7.2';
const policyViolation = 1008;

interface Present {
  readonly description: Description;
  readonly value: string;
  readonly context: JsonObject;
}

export function createStatelyFrames(now: () => number, redact: (value: JsonObject) => unknown) {
  const actors = new Map<string, Present>();
  const sockets = new Set<WebSocket>();
  const counts: ViewerCounts = { attached: 0, refused: 0, tooSlow: 0 };
  let frames = 0;

  const frame = (type: string, actor: string, rest: object): string => {
    frames++;
    const common = { sessionId: actor, rootId: actor, id: String(frames), createdAt: String(now()) };
    return JSON.stringify({ type, ...common, _version: protocolVersion, ...rest });
  };
  const snapshot = ({ value, context }: Pick<Present, 'value' | 'context'>) => ({
    status: 'active',
    value,
    context: redact(context),
  });
  const introduce = (actor: string, present: Present): string =>
    frame('@xstate.actor', actor, {
      name: actor,
      definition: JSON.stringify(toStatelyDefinition(present.description)),
      snapshot: snapshot(present),
    });
  const tell = (text: string) => {
    for (const socket of sockets) sendBounded(socket, text, counts);
  };

  return {
    counts,
    get isFull() {
      return sockets.size >= viewersMax;
    },
    attach(socket: WebSocket): void {
      let refused = 0;
      counts.attached++;
      sockets.add(socket);
      socket.on('message', () => {
        counts.refused++;
        refused++;
        if (refused >= refusedPerViewerMax) socket.close(policyViolation, 'This bridge is read-only.');
      });
      const leave = () => sockets.delete(socket);
      socket.on('close', leave);
      socket.on('error', leave);
      for (const [actor, present] of actors) sendBounded(socket, introduce(actor, present), counts);
    },
    appear(actor: string, present: Present): void {
      actors.set(actor, present);
      if (sockets.size > 0) tell(introduce(actor, present));
    },
    took(actor: string, event: ShadowEvent, value: string, context: JsonObject): void {
      const before = actors.get(actor);
      if (!before) return;
      actors.set(actor, { ...before, value, context });
      if (sockets.size === 0) return;
      const seen = redact(event);
      tell(frame('@xstate.event', actor, { event: seen }));
      tell(frame('@xstate.snapshot', actor, { event: seen, snapshot: snapshot({ value, context }) }));
    },
    vanish(actor: string): void {
      const before = actors.get(actor);
      actors.delete(actor);
      if (before && sockets.size > 0)
        tell(
          frame('@xstate.snapshot', actor, {
            event: { type: 'xstate.stop' },
            snapshot: { ...snapshot(before), status: 'stopped' },
          }),
        );
    },
    close(): void {
      for (const socket of sockets) socket.terminate();
      sockets.clear();
    },
  };
}

/** XState 5 says `guard` where 4 said `cond`. */
function toStatelyDefinition(description: Description): object {
  const { predictableActionArguments: _, ...machine } = toLegacyMachine(description);
  return JSON.parse(JSON.stringify(machine).replaceAll('"cond":', '"guard":')) as object;
}
