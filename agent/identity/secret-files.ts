// The few small files that must never be readable by others: the device's key and what it enrolled with. A port, because
// modes and O_EXCL are the operating system's; behind it stands adapters/node-secret-files.ts.

export interface SecretFiles {
  /** Undefined when absent. Throws TENDER_KEY_EXPOSED when others could read or replace it. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Makes a file that must not exist (O_EXCL, 0600), durable when it resolves; false when it exists. */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Puts a whole new file in place of the old in one step, durable when it resolves. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** Absent is fine. */
  remove(name: string): Promise<void>;
}
