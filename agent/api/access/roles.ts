// Who may do what: three roles, each may do all that the one before it may. A route names the least one that may use it;
// the router compares. Over the unix socket everybody is an engineer: the file's mode has decided already who that is.

/** `viewer` looks, `crew` handles documents, `engineer` also looks into the machines and sends events to them. */
export const roles = ['viewer', 'crew', 'engineer'] as const;
export type Role = (typeof roles)[number];

/** Who asks. */
export interface Who {
  readonly via: 'socket' | 'page';
  readonly role: Role;
  /** Name for the log, decided when the session was made. Null over the socket: there the body says who. */
  readonly by: string | null;
  /** Public id of the session; null over the socket. */
  readonly session: string | null;
}

export const socketWho: Who = { via: 'socket', role: 'engineer', by: null, session: null };

export function mayAct(who: Who, needs: Role): boolean {
  return roles.indexOf(who.role) >= roles.indexOf(needs);
}
