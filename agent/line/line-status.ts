// What the line tells of itself: for `tender status`, the inspector and traces. Made by line.ts.
import type { JsonObject } from '../../machines/json.ts';
import type { Lane } from './lane.ts';

export interface LineStatus {
  readonly open: boolean;
  readonly epoch: number | null;
  readonly documents: number;
  readonly outstandingBytes: number;
  readonly windowBytes: number;
  readonly rateBytesPerSecond: number | null;
  readonly ceilingBytesPerSecond: number | null;
  readonly srttMs: number | null;
  /** Headers of TLS, TCP and IP included. */
  readonly wireBytesUp: number;
  /** Given up on one lane and sent on another. */
  readonly repeatedBytes: number;
  readonly clockOffsetMs: number;
  /** When the cloud was last heard on the open line, monotonic ms. */
  readonly heardMs: number | null;
  /** What the rate finder knows, and its last events. */
  readonly rate: JsonObject;
  readonly lanes: readonly LaneStatus[];
}

export type LaneStatus = {
  readonly number: number;
  readonly serial: number;
  readonly sentBytes: number;
  readonly outstandingBytes: number;
  readonly allowedBytes: number;
  readonly bufferedBytes: number;
  readonly asleep: boolean;
};

export function laneStatus(lane: Lane, allowedBytes: number): LaneStatus {
  return {
    number: lane.number,
    serial: lane.serial,
    sentBytes: lane.sentBytes,
    outstandingBytes: lane.outstandingBytes,
    allowedBytes: Math.round(allowedBytes),
    bufferedBytes: lane.bufferedBytes(),
    asleep: lane.asleep,
  };
}
