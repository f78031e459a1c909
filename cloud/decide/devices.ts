// What the cloud decides about devices: one-time enrolment codes, who a device is, which of its sessions counts.
// Plain functions over the ports, used by cloud/api, cloud/line and the simulator.
import { createHash } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import type { Clock, CloudStore, Device, Random, SessionClaim, SessionGrant } from '../ports.ts';
import type { Registry } from '../registry.ts';
import { isUuid, uuidFrom } from '../uuid.ts';

/** How long a code may be redeemed (reliability S1). */
const enrolmentValidMs = 15 * 60_000;
const secretBytes = 16;
const publicKeyBytes = 32;

export interface IssuedCode {
  /** 16 random bytes, carried by a person inside contract/enrolment-code.ts. Shown once, kept only as a hash. */
  readonly secret: Uint8Array;
  readonly enrolmentId: string;
  readonly expiresMs: number;
}

export interface Devices {
  issueCode(tenantId: string, deviceName: string): Promise<IssuedCode>;
  /**
   * Redeems a code for the key of a device; the caller has verified a signature by that key. The same key may ask again
   * while the code lives. Anything else: TENDER_ENROLMENT_INVALID, always with the same words.
   */
  enrol(claim: { readonly secret: Uint8Array; readonly publicKey: Uint8Array }): Promise<Device>;
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
      const secret = random.bytes(secretBytes);
      const enrolmentId = uuidFrom(random);
      const expiresMs = clock.wallMs() + enrolmentValidMs;
      await registry.addEnrolment(tenantId, {
        enrolmentId,
        codeHash: hashOfSecret(secret),
        deviceName,
        expiresMs,
      });
      return { secret, enrolmentId, expiresMs };
    },
    async enrol({ secret, publicKey }) {
      const device =
        publicKey.length === publicKeyBytes && secret.length === secretBytes
          ? await registry.redeemEnrolment({
              codeHash: hashOfSecret(secret),
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

function hashOfSecret(secret: Uint8Array): Uint8Array {
  return createHash('sha256').update('tender enrolment 1\n').update(secret).digest();
}
