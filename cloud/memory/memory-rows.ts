// The rows of the memory cloud: what PostgreSQL keeps in tables, as maps. Every change happens within one synchronous
// stretch of code, which makes each method a transaction. Used by memory-store.ts and memory-registry.ts.

import type { Name } from '../contract/name.ts';
import { nameToBytes } from '../contract/name.ts';
import type { ChunkPlace, ManifestEntry, Notice, Offer, Receipt, SessionClaim } from '../ports.ts';
import type { Enrolment, Tenant, Token } from '../registry.ts';

export interface DeviceRow {
  readonly deviceId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly enrolledMs: number;
  revoked: boolean;
  epoch: number;
  log: SessionClaim | null;
  readonly retiredLogs: Set<string>;
  noticeLast: number;
  noticeAcknowledged: number;
  notices: Notice[];
  /** By upload id. */
  readonly open: Map<string, OpenRow>;
  /** Finished uploads by upload id. */
  readonly finished: Map<string, VersionRow>;
  /** By hex of the name's bytes. */
  readonly documents: Map<string, DocumentRow>;
}

export interface OpenRow {
  readonly offer: Offer;
  /** Session that opened it: an older one's open upload gives way to a new log's. */
  readonly epoch: number;
  readonly entries: Map<number, ManifestEntry>;
}

export interface DocumentRow {
  readonly documentId: string;
  readonly name: Name;
  head: number;
  indexedHead: number;
  passages: readonly string[];
}

export interface VersionRow {
  readonly document: DocumentRow;
  readonly device: DeviceRow;
  readonly receipt: Receipt;
  readonly entries: readonly ManifestEntry[];
  state: 'waiting' | 'indexing' | 'indexed' | 'failed';
  attempt: number;
}

export interface MemoryRows {
  readonly tenants: Map<string, Tenant>;
  readonly devices: Map<string, DeviceRow>;
  readonly enrolments: Map<string, Enrolment & { readonly tenantId: string }>;
  /** Hex of the code's hash → enrolment id. */
  readonly codes: Map<string, string>;
  /** Hex of the token's hash → token. */
  readonly tokens: Map<string, Token>;
  /** Tenant id → hex of the chunk's id → place. */
  readonly chunks: Map<string, Map<string, ChunkPlace>>;
  /** `documentId/n` → version. */
  readonly versions: Map<string, VersionRow>;
}

export function emptyRows(): MemoryRows {
  return {
    tenants: new Map(),
    devices: new Map(),
    enrolments: new Map(),
    codes: new Map(),
    tokens: new Map(),
    chunks: new Map(),
    versions: new Map(),
  };
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const hexOfName = (name: Name): string => hex(nameToBytes(name));
