// Which session of a device counts: the rule of SessionGrant (ports.ts) as a pure function, so that the memory store
// and PostgreSQL cannot differ. Called inside the transaction that holds the device's row.
import type { SessionClaim, SessionGrant } from '../ports.ts';

/** What the device's row says; `log` is null before the first session. */
export interface SessionRow {
  readonly revoked: boolean;
  readonly epoch: number;
  readonly log: SessionClaim | null;
}

/** The answer, and whether the row must now say epoch and claim. A takeover also retires the log before. */
export function decideSession(
  row: SessionRow,
  claim: SessionClaim,
  wasRetired: boolean,
): { readonly grant: SessionGrant; readonly changes: boolean } {
  const refuse = (code: Extract<SessionGrant, { granted: false }>['code']) => ({
    grant: { granted: false, code } as const,
    changes: false,
  });
  const newer = (takeover: boolean) => ({
    grant: { granted: true, epoch: row.epoch + 1, takeover } as const,
    changes: true,
  });

  if (row.revoked) return refuse('TENDER_DEVICE_REVOKED');
  if (!row.log) return newer(false);
  if (wasRetired) return refuse('TENDER_LOG_RETIRED');
  if (claim.logId !== row.log.logId) return newer(true);
  if (claim.boot > row.log.boot) return newer(false);
  if (claim.boot === row.log.boot && claim.sessionId === row.log.sessionId)
    return { grant: { granted: true, epoch: row.epoch, takeover: false }, changes: false };
  return refuse('TENDER_DEVICE_CLONED');
}
