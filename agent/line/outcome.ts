// What goes in and comes out of a document on the line: what is sent, where it is read, how sending and storing ended.
import type { Failure } from '../../cloud/contract/failure.ts';
import type { BaseRecorder } from '../files/bases.ts';
import type { DocumentReader } from '../files/document-reader.ts';
import type { ChunkLedger } from '../files/ledger.ts';
import type { Delta } from './delta.ts';

export interface Upload {
  readonly uploadId: string;
  readonly name: Uint8Array;
  readonly version: number;
  readonly priority: number;
  readonly modifiedMs: number;
  /** Size as last seen, for progress. */
  readonly sizeBytes?: number;
}

/** Whole document as read to its end. */
export interface Whole {
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly chunks: number;
}

export interface DocumentSource {
  open(): DocumentReader;
  readonly ledger: ChunkLedger;
  /** The version ashore that this content is equal to, if sending it would change nothing. */
  unchanged(read: Whole): Promise<number | undefined>;
  /** What is known of older versions, and is to be known of this one. */
  readonly history?: {
    delta(): Promise<Delta | undefined>;
    record(): BaseRecorder | undefined;
    /** What was made with them is not what it should be. */
    distrust(): void;
  };
}

export interface StoredProof {
  readonly documentId: string;
  readonly version: number;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly storedMs: number;
  readonly keyId: string;
  /** Canonical bytes of the receipt, and what proves them: contract/receipt.ts. */
  readonly receipt: Uint8Array;
  readonly proof: Uint8Array;
}

/** How sending ended. `refused`: the line or the cloud; `failed`: the file or this machine. */
export type Sent =
  | { readonly sent: Whole }
  | { readonly unchanged: number }
  | { readonly changed: true }
  | { readonly failed: Failure }
  | { readonly refused: Failure };

export type Stored =
  | { readonly stored: StoredProof }
  | { readonly incomplete: true }
  | { readonly refused: Failure };

/** A result that comes once; whoever asks later gets it too. */
export class Outcome<T> {
  value: T | undefined;
  readonly #waiters = new Set<(outcome: T) => void>();

  when(): Promise<T> {
    const { value } = this;
    return value === undefined
      ? new Promise((resolve) => this.#waiters.add(resolve))
      : Promise.resolve(value);
  }

  /** The first one counts. */
  end(outcome: T): void {
    if (this.value !== undefined) return;
    this.value = outcome;
    for (const waiter of this.#waiters) waiter(outcome);
    this.#waiters.clear();
  }
}
