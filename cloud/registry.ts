// Who may do what: tenants, yachts' devices, enrolment codes, shore tokens. A port beside CloudStore, because the
// simulator's voyages hardly need it and the fleet office's tools need nothing else. Memory and PostgreSQL pass
// test/contracts/registry-contract.ts. Secrets never come here in clear: codes and tokens arrive as SHA-256.
import type { Device } from './ports.ts';

export interface Tenant {
  readonly tenantId: string;
  readonly name: string;
}

export interface DeviceSummary extends Device {
  readonly enrolledMs: number;
  /** Session fencing number; 0 before the first session. */
  readonly epoch: number;
}

/** A pending or used enrolment, as the office sees it. */
export interface Enrolment {
  readonly enrolmentId: string;
  readonly deviceName: string;
  readonly expiresMs: number;
  /** The device it became; null while unused. */
  readonly deviceId: string | null;
}

export type TokenScope = 'search' | 'content' | 'admin';

export interface Token {
  readonly tokenId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** null: until revoked. */
  readonly expiresMs: number | null;
  readonly revoked: boolean;
}

export interface Redemption {
  readonly codeHash: Uint8Array;
  /** Used only when this redemption wins. */
  readonly deviceId: string;
  /** Ed25519, 32 raw bytes; the caller has checked that the redeemer holds the private key. */
  readonly publicKey: Uint8Array;
  readonly nowMs: number;
}

export interface Registry {
  /** TENDER_NAME_TAKEN when the name exists. */
  addTenant(tenantId: string, name: string): Promise<Tenant>;
  tenantByName(name: string): Promise<Tenant | undefined>;

  addEnrolment(
    tenantId: string,
    enrolment: {
      readonly enrolmentId: string;
      readonly codeHash: Uint8Array;
      readonly deviceName: string;
      readonly expiresMs: number;
    },
  ): Promise<void>;
  enrolments(tenantId: string, limit: number): Promise<readonly Enrolment[]>;
  /**
   * One code makes one device. Of concurrent redemptions exactly one wins; the winner's own key may ask again (its
   * answer was lost on the way) and gets the same device. undefined: unknown, expired, or used by another key.
   */
  redeemEnrolment(redemption: Redemption): Promise<Device | undefined>;

  devices(tenantId: string, limit: number): Promise<readonly DeviceSummary[]>;
  /** Takes effect in every transaction that follows; false when the tenant has no such device. */
  revokeDevice(tenantId: string, deviceId: string): Promise<boolean>;

  addToken(
    tenantId: string,
    token: {
      readonly tokenId: string;
      readonly hash: Uint8Array;
      readonly name: string;
      readonly scopes: readonly TokenScope[];
      readonly expiresMs: number | null;
    },
  ): Promise<void>;
  /** Whose token this is; revoked and expired ones are answered too: the caller decides with its clock. */
  tokenByHash(hash: Uint8Array): Promise<Token | undefined>;
  tokens(tenantId: string, limit: number): Promise<readonly Token[]>;
  revokeToken(tenantId: string, tokenId: string): Promise<boolean>;
}
