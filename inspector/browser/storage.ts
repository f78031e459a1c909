// What this browser remembers between visits: small texts such as the palette. Private windows and full disks refuse to
// remember; then the page goes on without.

export interface Storage {
  read(key: string): string | undefined;
  write(key: string, value: string): void;
}

export function createStorage(): Storage {
  return {
    read(key) {
      try {
        return localStorage.getItem(key) ?? undefined;
      } catch {
        return undefined;
      }
    },
    write(key, value) {
      try {
        localStorage.setItem(key, value);
      } catch {
        // Nothing depends on it.
      }
    },
  };
}
