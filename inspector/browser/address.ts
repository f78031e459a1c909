// The address bar and the tab: the page's place is the part behind "#", its title tells how things stand. Wired in
// main.tsx, read by the shell.

export interface Address {
  /** The part behind "#", with it; '' when there is none. */
  hash(): string;
  go(hash: string): void;
  /** Like `go`, without a new step for the back button and without telling `onChange`. */
  replace(hash: string): void;
  /** Goes on at another path of this daemon, with the same place on the page: where a new session lives. */
  move(path: string): void;
  /** Calls `then` when the place changed, by a link, the keys or the back button. */
  onChange(then: () => void): () => void;
  /** Sets the title of the tab. */
  title(text: string): void;
}

/** What is needed of a window. */
interface AddressView {
  readonly location: { hash: string; href: string };
  readonly history: { replaceState(data: null, unused: string, url: string): void };
  readonly document: { title: string };
  addEventListener(type: 'hashchange', listener: () => void): void;
  removeEventListener(type: 'hashchange', listener: () => void): void;
}

export function createAddress(view = globalThis as unknown as AddressView): Address {
  const { location, history, document } = view;
  return {
    hash: () => location.hash,
    go(hash) {
      if (location.hash !== hash) location.hash = hash;
    },
    replace: (hash) => history.replaceState(null, '', hash),
    move(path) {
      location.href = path + (location.hash === '#/login' ? '' : location.hash);
    },
    onChange(then) {
      view.addEventListener('hashchange', then);
      return () => view.removeEventListener('hashchange', then);
    },
    title(text) {
      if (document.title !== text) document.title = text;
    },
  };
}
