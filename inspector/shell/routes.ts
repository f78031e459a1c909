// Which page an address means. Three places and no router: "#/" the queue, "#/machines[/actor][@seq]" the inspector,
// "#/login". Pure, so that links can be made and read in tests.

export type Route =
  | { readonly page: 'queue' }
  /** `place`: what follows "#/machines", such as "/upload/01J…@4711"; the inspector reads it. */
  | { readonly page: 'machines'; readonly place: string }
  | { readonly page: 'login' };

/** Unknown places are the queue: an old bookmark must not end at nothing. */
export function routeOf(hash: string): Route {
  const path = hash.replace(/^#?\/?/, '');
  if (path === 'login') return { page: 'login' };
  const place = /^machines(?=$|[/@])(.*)$/.exec(path)?.[1];
  return place === undefined ? { page: 'queue' } : { page: 'machines', place };
}

/** Where the inspector shows one actor ("upload/01J…"), now. */
export const inspectorLink = (actor: string): string => `#/machines/${actor}`;
