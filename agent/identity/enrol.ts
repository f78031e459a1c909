// Enrolment, seen from the yacht: a code from the office, a key made here, one signed exchange. The code carries the
// fingerprint of the cloud's key, so nobody in between can pose as the cloud. Safe to repeat after any interruption: the
// key waits in a file of its own until device.json is durable, and the cloud answers the same code and key alike.

import {
  type EnrolAnswer,
  type EnrolRequest,
  enrolAnswerBytes,
  enrolPath,
  enrolRequestBytes,
} from '../../cloud/contract/enrolment.ts';
import { codeNamesKey, parseEnrolmentCode } from '../../cloud/contract/enrolment-code.ts';
import { keyIdOf, verifySignature } from '../../cloud/contract/keys.ts';
import { cloudUrlProblem } from '../config.ts';
import { TenderError } from '../errors.ts';
import type { Random } from '../ports.ts';
import { type DeviceRecord, deviceFile, keyFileName, readDevice, writeDevice } from './device-file.ts';
import { type DeviceKey, mintKeyFile, readKeyFile } from './device-key.ts';
import type { SecretFiles } from './secret-files.ts';

/** Posts JSON and answers what came back; throws TENDER_CLOUD_UNREACHABLE when nothing did. */
export type PostJson = (
  url: string,
  body: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>;

export interface EnrolPorts {
  readonly files: SecretFiles;
  readonly random: Random;
  readonly post: PostJson;
  wallMs(): number;
}

const pendingKeyFile = 'enrolling.key';

export async function enrol(
  ports: EnrolPorts,
  ask: { readonly url: string; readonly code: string; readonly replace: boolean },
): Promise<DeviceRecord> {
  const problem = cloudUrlProblem(ask.url);
  if (problem) throw new TenderError('TENDER_USAGE', `The address ${problem}.`);
  const code = parseEnrolmentCode(ask.code);
  if (!code)
    throw new TenderError(
      'TENDER_USAGE',
      'This is not a whole enrolment code: check it letter by letter; case and dashes do not matter.',
    );
  const old = await ports.files.read(deviceFile);
  if (old && !ask.replace)
    throw new TenderError(
      'TENDER_ALREADY_ENROLLED',
      `This device is enrolled as ${nameOf(old)}. To make it another device, stop the agent and repeat with --replace.`,
    );
  const { key, bytes } = await pendingKey(ports);
  const url = ask.url.replace(/\/+$/, '');
  const unsigned = {
    version: 1 as const,
    secret: base64(code.secret),
    public_key: base64(key.publicKey),
    nonce: base64(ports.random.bytes(32)),
  };
  const request: EnrolRequest = { ...unsigned, signature: base64(key.sign(enrolRequestBytes(unsigned))) };
  const answer = readAnswer(await ports.post(url + enrolPath, request));
  const cloudKey = new Uint8Array(Buffer.from(answer.cloud_key, 'base64'));
  const signed = verifySignature(
    cloudKey,
    enrolAnswerBytes(request, answer),
    Buffer.from(answer.signature, 'base64'),
  );
  if (!codeNamesKey(code, cloudKey) || answer.key_id !== keyIdOf(cloudKey) || signed !== true)
    throw notOurs();
  const device: DeviceRecord = {
    deviceId: answer.device_id,
    tenantId: answer.tenant_id,
    name: answer.device_name,
    cloudUrl: url,
    cloudKey,
    keyFile: keyFileName(key.publicKey),
    enrolledMs: ports.wallMs(),
  };
  // The key under its lasting name first, then the record that names it, then the waiting copy may go.
  await ports.files.create(device.keyFile, bytes);
  await ports.files.replace(deviceFile, writeDevice(device));
  await ports.files.remove(pendingKeyFile);
  const former = old && formerKey(old);
  if (former && former !== device.keyFile) await ports.files.remove(former);
  return device;
}

/** The key of an interrupted enrolment, or a new one: O_EXCL decides between two that begin at once. */
async function pendingKey(ports: EnrolPorts): Promise<{ key: DeviceKey; bytes: Uint8Array }> {
  const minted = mintKeyFile(ports.random);
  const bytes = (await ports.files.create(pendingKeyFile, minted))
    ? minted
    : await ports.files.read(pendingKeyFile);
  if (!bytes) return pendingKey(ports);
  return { key: readKeyFile(bytes), bytes };
}

function readAnswer(response: { readonly status: number; readonly body: unknown }): EnrolAnswer {
  const body = response.body as Record<string, unknown> | null;
  if (typeof body !== 'object' || body === null) throw notOurs();
  if (response.status !== 201) {
    if (typeof body.code !== 'string' || !body.code.startsWith('TENDER_')) throw notOurs();
    const sentence = typeof body.title === 'string' ? body.title : 'The cloud refused.';
    const code =
      response.status === 429 || response.status >= 500
        ? 'TENDER_CLOUD_UNREACHABLE'
        : 'TENDER_ENROLMENT_REFUSED';
    throw new TenderError(code, `${sentence} (${body.code})`);
  }
  for (const field of ['device_id', 'tenant_id', 'device_name', 'cloud_key', 'key_id', 'signature'])
    if (typeof body[field] !== 'string' || (body[field] as string).length > 500) throw notOurs();
  if (!Number.isSafeInteger(body.time_ms)) throw notOurs();
  return body as unknown as EnrolAnswer;
}

function notOurs(): TenderError {
  return new TenderError(
    'TENDER_CLOUD_NOT_OURS',
    'What answered is not the cloud this code was made for: a portal, a filter, or a wrong address. Nothing was sent to ' +
      'it but a request that only the right cloud can use. Check the address and the connection.',
  );
}

function nameOf(bytes: Uint8Array): string {
  try {
    return readDevice(bytes).name;
  } catch {
    return 'a device whose device.json is damaged';
  }
}

function formerKey(bytes: Uint8Array): string | undefined {
  try {
    return readDevice(bytes).keyFile;
  } catch {
    return undefined;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
