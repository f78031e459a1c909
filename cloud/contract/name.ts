// A file name as it travels and as it is kept: bytes, not text. POSIX names need not be UTF-8, and two names that
// look alike (NFC and NFD) are two files. JSON carries UTF-8 names as plain strings and all others as base64.

/** Name in JSON: a string when the bytes are valid UTF-8, else the bytes in base64. */
export type Name = string | { readonly b64: string };

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes → Name. Total: every byte string has exactly one Name. */
export function nameFromBytes(bytes: Uint8Array): Name {
  try {
    return strict.decode(bytes);
  } catch {
    return { b64: btoa(String.fromCharCode(...bytes)) };
  }
}

/** Name → bytes; the inverse of nameFromBytes. */
export function nameToBytes(name: Name): Uint8Array {
  if (typeof name === 'string') return encoder.encode(name);
  return Uint8Array.from(atob(name.b64), (character) => character.charCodeAt(0));
}

/** What a person sees: undecodable bytes and control characters replaced, so that no terminal or page obeys it. */
export function nameForPeople(name: Name): string {
  const text = typeof name === 'string' ? name : lenient.decode(nameToBytes(name));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must not pass
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu, '\ufffd');
}
