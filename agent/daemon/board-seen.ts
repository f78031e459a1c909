// What the board wants to know of an upload, read from a record of it. Used by board.ts and board-pass.ts.
import type { JsonObject } from '../../machines/json.ts';
import type { Rec } from '../host/contract.ts';

/** What is known of an upload after its record `n`; absent fields are as they were. */
export interface Seen {
  readonly n: number;
  readonly state: string;
  readonly priority?: number;
  readonly addedMs?: number;
  readonly sizeBytes?: number | undefined;
  readonly durableBytes?: number;
}

/** What a record says of its upload, as far as the board wants to know. */
export function seenInRecord({ n, state, event }: Rec): Seen {
  const seen = { n, state };
  switch (event.type) {
    case 'actor.created': {
      const input = event.input as JsonObject;
      const source = input.source as { sizeBytes?: number };
      const about = { ...seen, priority: Number(input.priority), addedMs: Number(input.addedMs) };
      return source.sizeBytes === undefined ? about : { ...about, sizeBytes: source.sizeBytes };
    }
    case 'prioritise':
      return { ...seen, priority: Number(event.priority) };
    case 'file.settled': {
      const size = (event.stat as { sizeBytes?: unknown }).sizeBytes;
      return typeof size === 'number' ? { ...seen, sizeBytes: size } : seen;
    }
    case 'transfer.checkpointed':
      return { ...seen, durableBytes: Number(event.bytesDurable) };
    case 'document.sent':
      return { ...seen, sizeBytes: Number(event.lengthBytes), durableBytes: Number(event.lengthBytes) };
    case 'retry':
    case 'send.incomplete':
      return { ...seen, durableBytes: 0 };
    default:
      return seen;
  }
}
