// What the cloud decides about devices: one-time enrolment codes, who a device is, which of its sessions counts.
// Plain functions over the ports, used by cloud/api, cloud/line and the simulator.
import { createHash } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import type { Clock, CloudStore, Device, Random, SessionClaim, SessionGrant } from '../ports.ts';
import type { Registry } from '../registry.ts';
import { isUuid, uuidFrom } from '../uuid.ts';

/** How long a code may be redeemed (reliability S1). */
const enrolmentValidMs = 15 * 60_000;
const codeBytes = 16;
const publicKeyBytes = 32;

export interface IssuedCode {
  /** 26 characters of Crockford's base32, 128 random bits. Shown once, kept only as a hash. */
  readonly code: string;
  readonly enrolmentId: string;
  readonly expiresMs: number;
}

export interface Devices {
  issueCode(tenantId: string, deviceName: string): Promise<IssuedCode>;
  /**
   * Redeems a code for the key of a device; the caller has verified a signature by that key. The same key may ask again
   * while the code lives. Anything else: TENDER_ENROLMENT_INVALID, always with the same words.
   */
  enrol(claim: { readonly code: string; readonly publicKey: Uint8Array }): Promise<Device>;
  /** The device with its key and tenant; TENDER_DEVICE_UNKNOWN, TENDER_DEVICE_REVOKED. Asks the store every time. */
  authenticate(deviceId: string): Promise<Device>;
  beginSession(deviceId: string, claim: SessionClaim): Promise<SessionGrant>;
}

export interface DevicePorts {
  readonly store: CloudStore;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
}

export function createDevices({ store, registry, clock, random }: DevicePorts): Devices {
  return {
    async issueCode(tenantId, deviceName) {
      const code = toBase32(random.bytes(codeBytes));
      const enrolmentId = uuidFrom(random);
      const expiresMs = clock.wallMs() + enrolmentValidMs;
      await registry.addEnrolment(tenantId, {
        enrolmentId,
        codeHash: hashOfCode(code),
        deviceName,
        expiresMs,
      });
      return { code, enrolmentId, expiresMs };
    },
    async enrol({ code, publicKey }) {
      const device =
        publicKey.length === publicKeyBytes
          ? await registry.redeemEnrolment({
              codeHash: hashOfCode(code),
              deviceId: uuidFrom(random),
              publicKey,
              nowMs: clock.wallMs(),
            })
          : undefined;
      if (!device) throw new CloudError('TENDER_ENROLMENT_INVALID');
      return device;
    },
    async authenticate(deviceId) {
      const device = isUuid(deviceId) ? await store.device(deviceId) : undefined;
      if (!device) throw new CloudError('TENDER_DEVICE_UNKNOWN');
      if (device.revoked) throw new CloudError('TENDER_DEVICE_REVOKED');
      return device;
    },
    beginSession: (deviceId, claim) => store.beginSession(deviceId, claim),
  };
}

/** Codes are read aloud and typed: case, spaces and dashes do not matter, nor O for 0 and I or L for 1. */
export function hashOfCode(code: string): Uint8Array {
  const plain = code.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return createHash('sha256').update(`tender enrolment ${plain}`).digest();
}

const base32Alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function toBase32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += base32Alphabet[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + base32Alphabet[(held << (5 - bits)) & 31] : text;
}
