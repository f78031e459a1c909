// Who is logged in. A session is two secrets: one in the path of every address, one in the cookie; of both together only a
// hash is kept, as side rows of the log, so that sessions survive a restart and a stolen disk opens nothing. Held in memory
// while the daemon runs: there are few.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Host } from '../../host/contract.ts';
import type { Log } from '../../log-line.ts';
import type { Clock, Random } from '../../ports.ts';
import { type Role, roles } from './roles.ts';

const sessionsPerRoleMax = 16;
/** How exactly "seen last" is kept on disk: a row per request would wear out a card. */
const seenEveryMs = 3_600_000;
const rowPrefix = 'ui/session/';

export type SessionOrigin = 'link' | 'password';

export interface Session {
  /** Public: for lists and for revoking. Tells nothing about the secrets. */
  readonly id: string;
  readonly role: Role;
  readonly by: string;
  readonly origin: SessionOrigin;
  readonly madeMs: number;
  readonly seenMs: number;
  readonly untilMs: number;
}

interface Kept extends Session {
  readonly hash: string;
  seenMs: number;
  readonly ended: AbortController;
}

export interface NewSession {
  readonly session: Session;
  /** Stands in the path of every address of this session. */
  readonly path: string;
  /** Goes into the cookie. */
  readonly secret: string;
}

export interface Sessions {
  /** Reads what earlier boots kept. Before anything else. */
  open(): Promise<void>;
  /** Durable when it resolves. The session of the same role that was seen longest ago makes room. */
  make(about: {
    readonly role: Role;
    readonly by: string;
    readonly origin: SessionOrigin;
  }): Promise<NewSession>;
  /** The session that both secrets belong to; `ended` fires when it is revoked. */
  find(path: string, secret: string): { readonly session: Session; readonly ended: AbortSignal } | undefined;
  isAlive(id: string): boolean;
  list(): readonly Session[];
  /** Ends it at once, open streams included; durable when it resolves. False: there was none. */
  revoke(id: string): Promise<boolean>;
  /** Ends all that fit; answers how many. */
  revokeAll(fits: (session: Session) => boolean): Promise<number>;
}

export interface SessionPorts {
  readonly rows: Pick<Host, 'rows' | 'putRows'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lifeMs: number;
}

export function createSessions(ports: SessionPorts): Sessions {
  const { rows, clock, random, log, lifeMs } = ports;
  const kept = new Map<string, Kept>();
  const isOver = (session: Session) => clock.wallMs() >= session.untilMs;

  async function remove(gone: readonly Kept[]): Promise<void> {
    if (gone.length === 0) return;
    for (const { id, ended } of gone) {
      kept.delete(id);
      ended.abort(new Error('the session ended'));
    }
    await rows.putRows(gone.map(({ id }) => ({ type: 'del', key: rowPrefix + id })));
  }

  /** Losing this figure costs nothing, so nobody waits for it. */
  function noteSeen(session: Kept): void {
    const nowMs = clock.wallMs();
    if (Math.abs(nowMs - session.seenMs) < seenEveryMs) return;
    session.seenMs = nowMs;
    rows
      .putRows([{ type: 'put', key: rowPrefix + session.id, value: rowOf(session) }], { soft: true })
      .catch((error) =>
        log({ level: 'debug', message: `A session's last visit was not noted: ${String(error)}` }),
      );
  }

  return {
    async open() {
      const broken: string[] = [];
      for await (const [key, value] of rows.rows({ gte: rowPrefix, lt: 'ui/session0' })) {
        const session = readRow(key.slice(rowPrefix.length), value);
        if (session && !isOver(session)) kept.set(session.id, session);
        else broken.push(key);
      }
      if (broken.length > 0) await rows.putRows(broken.map((key) => ({ type: 'del', key })));
    },
    async make({ role, by, origin }) {
      const text = (count: number) => Buffer.from(random.bytes(count)).toString('base64url');
      const [path, secret] = [text(16), text(32)];
      const nowMs = clock.wallMs();
      const session: Kept = {
        ...{ id: idOf(path), role, by, origin, madeMs: nowMs, seenMs: nowMs, untilMs: nowMs + lifeMs },
        hash: hashOf(path, secret),
        ended: new AbortController(),
      };
      const all = [...kept.values()];
      const over = all.filter(isOver);
      const peers = all.filter((one) => one.role === role && !over.includes(one));
      peers.sort((a, b) => a.seenMs - b.seenMs);
      await remove([...over, ...peers.slice(0, Math.max(0, peers.length - sessionsPerRoleMax + 1))]);
      await rows.putRows([{ type: 'put', key: rowPrefix + session.id, value: rowOf(session) }]);
      kept.set(session.id, session);
      return { session: plain(session), path, secret };
    },
    find(path, secret) {
      const session = kept.get(idOf(path));
      if (!session || isOver(session)) return undefined;
      if (!timingSafeEqual(Buffer.from(session.hash), Buffer.from(hashOf(path, secret)))) return undefined;
      noteSeen(session);
      return { session: plain(session), ended: session.ended.signal };
    },
    isAlive(id) {
      const session = kept.get(id);
      return session !== undefined && !isOver(session);
    },
    list: () => [...kept.values()].filter((session) => !isOver(session)).map(plain),
    async revoke(id) {
      const session = kept.get(id);
      if (!session) return false;
      await remove([session]);
      return true;
    },
    async revokeAll(fits) {
      const gone = [...kept.values()].filter(fits);
      await remove(gone);
      return gone.length;
    },
  };
}

/**
 * Found by the path alone, and shown to people; the path cannot be found from it. Hexadecimal, because people type it after
 * a command: in base64url one in 64 begins with a hyphen, which a command line takes for an option.
 */
function idOf(path: string): string {
  return createHash('sha256').update(`tender session id ${path}`).digest('hex').slice(0, 12);
}

function hashOf(path: string, secret: string): string {
  return createHash('sha256').update(`tender session ${path} ${secret}`).digest('base64url');
}

/** What others may see of it. */
function plain({ hash: _hash, ended: _ended, ...session }: Kept): Session {
  return session;
}

function rowOf({ id: _id, ended: _ended, ...rest }: Kept): string {
  return JSON.stringify({ v: 1, ...rest });
}

function readRow(id: string, text: string): Kept | undefined {
  try {
    const row = JSON.parse(text) as Record<string, unknown>;
    const { v, hash, role, by, origin, madeMs, seenMs, untilMs } = row;
    const known = roles.find((one) => one === role);
    if (v !== 1 || !known || typeof hash !== 'string' || hash.length !== 43 || typeof by !== 'string')
      return undefined;
    if (origin !== 'link' && origin !== 'password') return undefined;
    if (typeof madeMs !== 'number' || typeof seenMs !== 'number' || typeof untilMs !== 'number')
      return undefined;
    return { id, hash, role: known, by, origin, madeMs, seenMs, untilMs, ended: new AbortController() };
  } catch {
    return undefined;
  }
}
