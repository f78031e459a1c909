// The session's cookie. It is sent only below the session's own path, because cookies do not know ports: a program of
// another user on this machine could otherwise be handed it at another port (docs/decisions/0084).

const cookieName = 'tender';
const secretPattern = /^[\w-]{43}$/;

/** The secret in a Cookie header; undefined when there is none, or more than one. */
export function readCookie(header: string | undefined): string | undefined {
  const found = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`))
    .map((part) => part.slice(cookieName.length + 1));
  return found.length === 1 && secretPattern.test(found[0]!) ? found[0] : undefined;
}

export function sessionCookie(path: string, secret: string, maxAgeSeconds: number): string {
  return `${cookieName}=${secret}; Path=/s/${path}/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict`;
}
