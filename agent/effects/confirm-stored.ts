// The effect confirmStored: waits for the cloud's signed receipt of a document that was sent; after a restart it asks again. The
// signature was verified on the line; here the receipt must speak of exactly the bytes that the log says were sent. Results:
// upload.stored, send.incomplete, send.failed.
import type { Failure } from '../../cloud/contract/failure.ts';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import { type Name, nameToBytes } from '../../cloud/contract/name.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { Bases } from '../files/bases.ts';
import type { EffectHandler } from '../host/contract.ts';
import { resendDelayMs } from '../line/delays.ts';
import type { Line } from '../line/line.ts';
import type { Stored, StoredProof } from '../line/outcome.ts';
import type { Random } from '../ports.ts';
import { untilAborted, uploadOf } from './send-document.ts';

export interface ConfirmStoredPorts {
  readonly line: Pick<Line, 'carry' | 'suspend' | 'release'>;
  /** What the log holds of the upload: its name and priority, for asking. */
  readonly uploadOf: (actor: string) => Promise<{ readonly name: Name; readonly priority: number }>;
  readonly random: Random;
  /** Told what is ashore: see send-document.ts. */
  readonly bases?: Pick<Bases, 'stored'>;
}

export function confirmStored(ports: ConfirmStoredPorts): EffectHandler {
  return async (request): Promise<MachineEvent> => {
    const { params, signal, actor } = request;
    signal.throwIfAborted();
    const uploadId = uploadOf(request);
    const { name, priority } = await ports.uploadOf(actor);
    signal.throwIfAborted();
    const upload = {
      uploadId,
      name: nameToBytes(name),
      version: Number(params.version),
      priority,
      modifiedMs: 0,
    };
    const document = ports.line.carry(upload, undefined);
    try {
      const outcome = await untilAborted(document.whenStored(), signal);
      ports.line.release(uploadId);
      const event = eventOf(ports, params, outcome);
      if (event.type === 'upload.stored') void ports.bases?.stored(upload.name, upload.version);
      // What was named is known to be saved only now.
      return { ...event, ...document.meter.report() };
    } catch (error) {
      ports.line.suspend(uploadId);
      throw error;
    }
  };
}

function eventOf({ random }: ConfirmStoredPorts, params: JsonObject, outcome: Stored): MachineEvent {
  if ('stored' in outcome)
    return speaksOf(outcome.stored, params) ? storedEvent(outcome.stored) : { type: 'send.incomplete' };
  // Holes, another state ashore than we thought, or this very upload with other bytes (a log that was rebuilt has lost its
  // end): sending again sends only what is not there, and finds out that the file has changed since. The machine bounds it.
  if ('incomplete' in outcome) return { type: 'send.incomplete' };
  const { refused } = outcome;
  if (refused.class === 'RESYNC' || refused.code === 'TENDER_RECEIPT_MISMATCH')
    return { type: 'send.incomplete' };
  return failedEvent(refused, params, random);
}

function speaksOf(proof: StoredProof, params: JsonObject): boolean {
  return (
    proof.version === params.version &&
    proof.lengthBytes === params.lengthBytes &&
    hexFromBytes(proof.sha256) === params.sha256
  );
}

function storedEvent({ documentId, receipt, proof, keyId, storedMs }: StoredProof): MachineEvent {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    type: 'upload.stored',
    documentId,
    receipt: base64(receipt),
    signature: base64(proof),
    keyId,
    storedMs,
  };
}

function failedEvent(failure: Failure, params: JsonObject, random: Random): MachineEvent {
  const { class: failureClass, code, message } = failure;
  const delayMs = resendDelayMs(failure, Number(params.failedInRow ?? 0), random.unit());
  return { type: 'send.failed', class: failureClass, code, message, delayMs };
}
