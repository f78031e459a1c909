// The upgrade request of a lane: its path, the header `Tender-Line`, and what of it the device signs (RFC 9421). The yacht writes
// it in agent/line/upgrade.ts, the cloud reads it in cloud/line/admission.ts.

/** What a lane says of itself before it may open. */
export interface LineClaim {
  /** Highest protocol version the yacht speaks. */
  readonly version: number;
  /** 32 hex characters, minted with each log. */
  readonly logId: string;
  readonly boot: number;
  /** 32 hex characters, minted with each session. */
  readonly sessionId: string;
  /** 0 … 15. */
  readonly lane: number;
  /** Last notice in the yacht's log. */
  readonly cursor: number;
  /** 16 random bytes in base64url: the cloud's HELLO signs over them. */
  readonly nonce: string;
}

export const lineHeader = 'tender-line';
export const lanesMaxCount = 16;
/** An upgrade signed longer ago, or from further ahead, is refused with the cloud's time. */
export const upgradeWindowMs = 300_000;

/** Covered by the signature, in this order: the path names the device, the header everything else. */
export const upgradeComponents = ['@method', '@path', lineHeader] as const;
export const upgradeParameters = ['created', 'nonce', 'keyid', 'alg'] as const;
export const upgradeLabel = 'tender';

export function linePath(deviceId: string): string {
  return `/v1/line/${encodeURIComponent(deviceId)}`;
}

/** The device of a path, or undefined when it is not a line's path. */
export function deviceOfPath(path: string): string | undefined {
  const match = /^\/v1\/line\/([A-Za-z0-9._~-]{1,64})$/.exec(path);
  return match?.[1];
}

export function formatClaim(claim: LineClaim): string {
  const { version, logId, boot, sessionId, lane, cursor, nonce } = claim;
  return `v=${version}, log="${logId}", boot=${boot}, session="${sessionId}", lane=${lane}, cursor=${cursor}, nonce="${nonce}"`;
}

// Members a later version adds come after these and are skipped: `, name=…`.
const claimPattern =
  /^v=(\d{1,4}), log="([0-9a-f]{32})", boot=(\d{1,15}), session="([0-9a-f]{32})", lane=(\d{1,2}), cursor=(\d{1,15}), nonce="([A-Za-z0-9_-]{22})"(?:, [a-z]+=[^,]{1,200}){0,8}$/;

/** Undefined for everything that formatClaim (of this or a later version) would not have written. */
export function parseClaim(header: string): LineClaim | undefined {
  const match = claimPattern.exec(header);
  if (!match) return undefined;
  const claim = {
    version: Number(match[1]),
    logId: match[2]!,
    boot: Number(match[3]),
    sessionId: match[4]!,
    lane: Number(match[5]),
    cursor: Number(match[6]),
    nonce: match[7]!,
  };
  return claim.version >= 1 && claim.lane < lanesMaxCount ? claim : undefined;
}

/** The only accepted Signature-Input: one label, these components, these parameters. Answers its parameters. */
export function parseSignatureInput(
  header: string,
): { readonly createdMs: number; readonly nonce: string; readonly keyId: string } | undefined {
  const match =
    /^tender=\("@method" "@path" "tender-line"\);created=(\d{1,12});nonce="([A-Za-z0-9_-]{22})";keyid="([A-Za-z0-9._~-]{1,64})";alg="ed25519"$/.exec(
      header,
    );
  if (!match) return undefined;
  return { createdMs: Number(match[1]) * 1000, nonce: match[2]!, keyId: match[3]! };
}
