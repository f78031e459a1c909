// One-time links: what `tender ui` prints and a browser opens once. They live in memory alone; a restart ends them. Only a
// hash is kept, so that not even our own memory in a crash report opens a page.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '../../ports.ts';
import type { Role } from './roles.ts';

export const linkLivesMs = 60_000;
/** Links not opened yet; the oldest makes room. */
const linksMax = 16;
const tokenBytes = 32;
const tokenPattern = /^[\w-]{43}$/;

export interface LinkGrant {
  readonly role: Role;
  readonly by: string;
}

export interface Links {
  /** A token of 256 bits. */
  make(grant: LinkGrant): string;
  /** Each token once, and only within its time. */
  take(token: string): LinkGrant | undefined;
}

export function createLinks({ clock, random }: { readonly clock: Clock; readonly random: Random }): Links {
  const open: { readonly hash: Uint8Array; readonly untilMs: number; readonly grant: LinkGrant }[] = [];
  const sweep = () => {
    while (open[0] && open[0].untilMs <= clock.monotonicMs()) open.shift();
  };
  return {
    make(grant) {
      sweep();
      if (open.length >= linksMax) open.shift();
      const token = Buffer.from(random.bytes(tokenBytes)).toString('base64url');
      open.push({ hash: hashOf(token), untilMs: clock.monotonicMs() + linkLivesMs, grant });
      return token;
    },
    take(token) {
      sweep();
      if (!tokenPattern.test(token)) return undefined;
      const hash = hashOf(token);
      let found = -1;
      // All are compared, so that time tells nothing.
      for (const [index, link] of open.entries()) if (timingSafeEqual(link.hash, hash)) found = index;
      return found < 0 ? undefined : open.splice(found, 1)[0]!.grant;
    },
  };
}

function hashOf(token: string): Uint8Array {
  return createHash('sha256').update(`tender link ${token}`).digest();
}
