// What an upload that comes together ashore (assembly.ts) tells, and asks of, whoever has it open now: open-document.ts.
import type { Assembly } from './assembly.ts';
import type { EncodedChunk } from './decode.ts';

/** Who wants to know: the session that has this document open now. */
export interface AssemblyOwner {
  durable(assembly: Assembly, indexes: readonly number[]): void;
  unknownReferences(assembly: Assembly, indexes: readonly number[]): void;
  /** The chunk's own bytes; rejects when they cannot be had from these. */
  decode(chunk: EncodedChunk): Promise<Uint8Array>;
  /** Its encoded bytes were no good: it is to come as it is. */
  undecodable(assembly: Assembly, index: number, error: unknown): void;
  /** Nothing waits for the store any more. */
  idle(assembly: Assembly): void;
  failed(assembly: Assembly, error: unknown): void;
}
