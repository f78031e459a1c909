// device.json: what this device enrolled as, and the cloud key it trusts. Its key lies beside it in a file named after the
// key, so that enrolling again replaces both in one rename. Read by main.ts at start, written by enrol.ts.
import { keyIdOf } from '../../cloud/contract/keys.ts';
import { TenderError } from '../errors.ts';
import { type DeviceKey, readKeyFile } from './device-key.ts';
import type { SecretFiles } from './secret-files.ts';

export const deviceFile = 'device.json';
const formatVersion = 1;

export interface DeviceRecord {
  readonly deviceId: string;
  readonly tenantId: string;
  readonly name: string;
  /** Where it enrolled, without a slash at the end. */
  readonly cloudUrl: string;
  /** Raw Ed25519, 32 bytes: the only key whose hellos and receipts count. */
  readonly cloudKey: Uint8Array;
  /** File of the private key beside device.json. */
  readonly keyFile: string;
  readonly enrolledMs: number;
}

/** Who this device is, and the means to prove it. */
export interface Identity {
  readonly device: DeviceRecord;
  readonly key: DeviceKey;
}

export function keyFileName(publicKey: Uint8Array): string {
  return `device-${keyIdOf(publicKey)}.key`;
}

export function writeDevice(record: DeviceRecord): Uint8Array {
  const { cloudKey, ...rest } = record;
  const json = { format: formatVersion, ...rest, cloudKey: Buffer.from(cloudKey).toString('base64') };
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}

export function readDevice(bytes: Uint8Array): DeviceRecord {
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const word = (key: string) => {
      const value = json[key];
      if (typeof value !== 'string' || value === '') throw new Error(key);
      return value;
    };
    const cloudKey = new Uint8Array(Buffer.from(word('cloudKey'), 'base64'));
    const keyFile = word('keyFile');
    if (json.format !== formatVersion) throw new Error('format');
    if (cloudKey.length !== 32 || typeof json.enrolledMs !== 'number') throw new Error('cloudKey');
    if (!/^device-[\w-]{1,64}\.key$/.test(keyFile)) throw new Error('keyFile');
    const device = {
      deviceId: word('deviceId'),
      tenantId: word('tenantId'),
      name: word('name'),
      cloudUrl: word('cloudUrl'),
    };
    return { ...device, cloudKey, keyFile, enrolledMs: json.enrolledMs };
  } catch (error) {
    throw new TenderError(
      'TENDER_KEY_BROKEN',
      `${deviceFile} is not one this version wrote: restore it, or enrol this device again with --replace.`,
      { cause: error },
    );
  }
}

/** Undefined when this device never enrolled. Throws TENDER_KEY_EXPOSED or TENDER_KEY_BROKEN. */
export async function loadIdentity(files: SecretFiles): Promise<Identity | undefined> {
  const bytes = await files.read(deviceFile);
  if (!bytes) return undefined;
  const device = readDevice(bytes);
  const keyBytes = await files.read(device.keyFile);
  if (!keyBytes)
    throw new TenderError(
      'TENDER_KEY_BROKEN',
      `${device.keyFile} is missing: restore it, or enrol again with --replace.`,
    );
  return { device, key: readKeyFile(keyBytes) };
}
