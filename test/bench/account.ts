// Keeps the receiver's account of an upload over all its connections: what the cloud has said to be durable, what arrived, what
// arrived again. Fed by the relay with every whole frame that passed; used by resume.ts.
import { decodeCloudFrame, decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import { type Run, RunSet } from '../../cloud/contract/runs.ts';

interface Upload {
  /** Chunks that the cloud has called durable, in an ACK or a HELD, whether or not that word got through. */
  readonly durable: RunSet;
  /** Per chunk: the bytes that have arrived. */
  readonly arrived: Map<number, RunSet>;
}

export interface Arrival {
  readonly isSlice: boolean;
  /** Bytes of a slice that had arrived before. */
  readonly repeatedBytes: number;
}

export class Account {
  durableBytesSentAgain = 0;
  arrivedBytes = 0;
  readonly #uploads = new Map<string, Upload>();
  readonly #handles = new Map<number, Upload>();

  /** A message from the yacht has reached the cloud. */
  arrived(message: Uint8Array): Arrival {
    const decoded = decodeYachtFrame(message);
    if (!('frame' in decoded)) throw new Error('the yacht said something that is no frame');
    const { frame } = decoded;
    if (frame.type === 'OFFER') this.#handles.set(frame.handle, this.#upload(frame.uploadId));
    if (frame.type !== 'SLICE') return { isSlice: false, repeatedBytes: 0 };
    const upload = this.#handles.get(frame.handle);
    if (!upload) throw new Error(`a slice under handle ${frame.handle}, which was never offered`);
    const { index, offset, bytes } = frame;
    if (upload.durable.has(index)) this.durableBytesSentAgain += bytes.length;
    const before = upload.arrived.get(index) ?? new RunSet();
    upload.arrived.set(index, before);
    const repeatedBytes = overlap(before.runs, offset, offset + bytes.length);
    before.add(offset, offset + bytes.length);
    this.arrivedBytes += bytes.length;
    return { isSlice: true, repeatedBytes };
  }

  /** A message has left the cloud. */
  said(message: Uint8Array): void {
    const decoded = decodeCloudFrame(message);
    if (!('frame' in decoded)) throw new Error('the cloud said something that is no frame');
    const { frame } = decoded;
    if (frame.type === 'HELD') this.#settle(this.#upload(frame.uploadId), frame.durable);
    if (frame.type === 'ACK')
      for (const { handle, durable } of frame.documents) this.#settle(this.#handles.get(handle), durable);
  }

  #settle(upload: Upload | undefined, runs: readonly Run[]): void {
    for (const run of runs) upload?.durable.add(run.start, run.end);
  }

  #upload(uploadId: string): Upload {
    const upload = this.#uploads.get(uploadId) ?? { durable: new RunSet(), arrived: new Map() };
    this.#uploads.set(uploadId, upload);
    return upload;
  }
}

function overlap(runs: readonly Run[], start: number, end: number): number {
  return runs.reduce((sum, run) => sum + Math.max(0, Math.min(run.end, end) - Math.max(run.start, start)), 0);
}
