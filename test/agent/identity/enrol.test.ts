import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import { nodeSecretFiles } from '../../../agent/adapters/node-secret-files.ts';
import { loadIdentity } from '../../../agent/identity/device-file.ts';
import { mintKeyFile, readKeyFile } from '../../../agent/identity/device-key.ts';
import { type EnrolPorts, enrol, type PostJson } from '../../../agent/identity/enrol.ts';
import { type EnrolRequest, enrolAnswerBytes, enrolRequestBytes } from '../../../cloud/contract/enrolment.ts';
import { formatEnrolmentCode } from '../../../cloud/contract/enrolment-code.ts';
import { fingerprint, keyIdOf, signerFromSeed, verifySignature } from '../../../cloud/contract/keys.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const cloud = signerFromSeed(new Uint8Array(32).fill(7));
const stranger = signerFromSeed(new Uint8Array(32).fill(8));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const codeFor = (key: Uint8Array) =>
  formatEnrolmentCode({ secret: new Uint8Array(16).fill(3), cloudFingerprint: fingerprint(key) });
const code = codeFor(cloud.publicKey);

/** A cloud that signs what it answers, with whichever key it has. */
function answering(signer = cloud, amend: (answer: Record<string, unknown>) => void = () => {}): PostJson {
  return async (_url, body) => {
    const request = body as EnrolRequest;
    const unsigned = {
      device_id: `device-of-${request.public_key.slice(0, 8)}`,
      tenant_id: 'tenant-1',
      device_name: 'Aurelia',
      cloud_key: base64(signer.publicKey),
      key_id: keyIdOf(signer.publicKey),
      time_ms: 1_700_000_000_000,
    };
    const answer: Record<string, unknown> = {
      ...unsigned,
      signature: base64(signer.sign(enrolAnswerBytes(request, unsigned))),
    };
    amend(answer);
    return { status: 201, body: answer };
  };
}

async function yacht(post: PostJson = answering()) {
  const directory = await temporaryDirectory();
  const files = nodeSecretFiles(directory);
  const ports: EnrolPorts = { files, random: nodeRandom(), post, wallMs: () => 5 };
  return { directory, files, ports };
}

const ask = { url: 'https://fleet.example.com/', code, replace: false };

describe('enrolment', () => {
  test('makes a key aboard, proves it, and keeps what the cloud said', async () => {
    let sent: EnrolRequest | undefined;
    let address = '';
    const { directory, files, ports } = await yacht(async (url, body) => {
      sent = body as EnrolRequest;
      address = url;
      return answering()(url, body);
    });
    const device = await enrol(ports, ask);
    const identity = await loadIdentity(files);
    expect(address).toBe('https://fleet.example.com/v1/enrol');
    expect(identity?.device).toEqual(device);
    expect(device).toMatchObject({
      name: 'Aurelia',
      tenantId: 'tenant-1',
      cloudUrl: 'https://fleet.example.com',
    });
    expect(base64(identity!.key.publicKey)).toBe(sent?.public_key);
    expect(
      verifySignature(
        identity!.key.publicKey,
        enrolRequestBytes(sent!),
        Buffer.from(sent!.signature, 'base64'),
      ),
    ).toBe(true);
    expect((await readdir(directory)).sort()).toEqual([device.keyFile, 'device.json'].sort());
  });

  test('every file it leaves is readable by its owner alone', async () => {
    const { directory, ports } = await yacht();
    await enrol(ports, ask);
    for (const name of await readdir(directory))
      expect((await stat(join(directory, name))).mode & 0o777, name).toBe(0o600);
  });

  test.each([0o640, 0o604, 0o660, 0o666])(
    'a key with mode %o is refused, with the command that mends it',
    async (mode) => {
      const { directory, files, ports } = await yacht();
      const device = await enrol(ports, ask);
      await chmod(join(directory, device.keyFile), mode);
      await expect(loadIdentity(files)).rejects.toMatchObject({ code: 'TENDER_KEY_EXPOSED' });
      await expect(loadIdentity(files)).rejects.toThrow(`chmod 600 ${join(directory, device.keyFile)}`);
    },
  );

  test('a key behind a symlink is refused', async () => {
    const { directory, files, ports } = await yacht();
    const device = await enrol(ports, ask);
    const key = join(directory, device.keyFile);
    await writeFile(join(directory, 'elsewhere'), await readFile(key), { mode: 0o600 });
    await files.remove(device.keyFile);
    await symlink('elsewhere', key);
    await expect(loadIdentity(files)).rejects.toMatchObject({ code: 'TENDER_KEY_BROKEN' });
  });

  test('an enrolled device is not overwritten unless asked', async () => {
    const { files, ports } = await yacht();
    const first = await enrol(ports, ask);
    await expect(enrol(ports, ask)).rejects.toMatchObject({ code: 'TENDER_ALREADY_ENROLLED' });
    expect((await loadIdentity(files))?.device).toEqual(first);
    const second = await enrol(ports, { ...ask, replace: true });
    expect(second.keyFile).not.toBe(first.keyFile);
    expect((await loadIdentity(files))?.device).toEqual(second);
    expect(await files.read(first.keyFile)).toBeUndefined();
  });

  test('an answer that got lost is asked for again with the same key', async () => {
    const keys: string[] = [];
    let lost = true;
    const { ports } = await yacht(async (url, body) => {
      keys.push((body as EnrolRequest).public_key);
      if (lost) throw new Error('the link was cut');
      return answering()(url, body);
    });
    await expect(enrol(ports, ask)).rejects.toThrow('the link was cut');
    lost = false;
    await enrol(ports, ask);
    expect(keys[0]).toBe(keys[1]);
  });

  test.each<[string, PostJson]>([
    ['another key than the code names', answering(stranger)],
    ['a portal page', async () => ({ status: 200, body: undefined })],
    ['JSON of somebody else', async () => ({ status: 201, body: { ok: true } })],
    ['a redirect', async () => ({ status: 302, body: undefined })],
    [
      'a changed name under an old signature',
      answering(cloud, (answer) => Object.assign(answer, { device_name: 'Evil' })),
    ],
    ['a false key id', answering(cloud, (answer) => Object.assign(answer, { key_id: 'x' }))],
    ['a time that is no number', answering(cloud, (answer) => Object.assign(answer, { time_ms: 'now' }))],
  ])('%s is not our cloud, and nothing is enrolled', async (_what, post) => {
    const { files, ports } = await yacht(post);
    await expect(enrol(ports, ask)).rejects.toMatchObject({ code: 'TENDER_CLOUD_NOT_OURS' });
    expect(await loadIdentity(files)).toBeUndefined();
  });

  test("the cloud's refusal reaches the person with its code", async () => {
    const { ports } = await yacht(async () => ({
      status: 403,
      body: { code: 'TENDER_ENROLMENT_INVALID', title: 'This enrolment code is used.' },
    }));
    await expect(enrol(ports, ask)).rejects.toMatchObject({ code: 'TENDER_ENROLMENT_REFUSED' });
    await expect(enrol(ports, ask)).rejects.toThrow(
      'This enrolment code is used. (TENDER_ENROLMENT_INVALID)',
    );
  });

  test.each([
    ['a mistyped code', { code: code.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')) }],
    ['half a code', { code: code.slice(0, 20) }],
    ['plain http', { url: 'http://fleet.example.com' }],
  ])('%s is refused before anything is sent', async (_what, wrong) => {
    const { ports } = await yacht(async () => {
      throw new Error('something was sent');
    });
    await expect(enrol(ports, { ...ask, ...wrong })).rejects.toMatchObject({ code: 'TENDER_USAGE' });
  });

  test('two that begin at once end with one device and one key', async () => {
    const { files, ports } = await yacht();
    const [a, b] = await Promise.all([enrol(ports, ask), enrol(ports, ask)]);
    expect(a.deviceId).toBe(b.deviceId);
    expect((await loadIdentity(files))?.device.deviceId).toBe(a.deviceId);
  });
});

describe('the key file', () => {
  test('what is minted reads back, and chance alone decides it', () => {
    const fixed = { bytes: (count: number) => new Uint8Array(count).fill(9), unit: () => 0 };
    expect(readKeyFile(mintKeyFile(fixed)).publicKey).toEqual(
      signerFromSeed(new Uint8Array(32).fill(9)).publicKey,
    );
  });
  test.each(['', 'garbage', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'])(
    '%j is no key',
    (text) => {
      expect(() => readKeyFile(new TextEncoder().encode(text))).toThrow(
        expect.objectContaining({ code: 'TENDER_KEY_BROKEN' }),
      );
    },
  );
});
