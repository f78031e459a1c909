// `tender cloud yacht …`: enrolment codes for yachts, and who has used them.
import type { Command } from 'commander';
import { CloudError } from '../cloud-error.ts';
import type { CloudConfig } from '../config.ts';
import { formatEnrolmentCode } from '../contract/enrolment-code.ts';
import { fingerprint } from '../contract/keys.ts';
import { tenantNamed, withOffice } from '../office.ts';
import { type CommonOptions, configFrom, tell } from './command-line.ts';
import { command, group } from './options.ts';

interface TenantOption extends CommonOptions {
  readonly tenant: string;
}

const listMax = 10_000;

export function addYachtCommands(program: Command): void {
  const yacht = group(program, 'yacht', 'yachts: one-time codes, devices, revocation');
  command(yacht, 'add <name>', 'prints a code that makes one device aboard a device of this tenant')
    .requiredOption('--tenant <name>', 'whose yacht it is')
    .action(addYacht);
  command(yacht, 'ls', 'lists the devices of a tenant')
    .requiredOption('--tenant <name>', 'which tenant')
    .action(listYachts);
  command(yacht, 'revoke <device-id>', 'ends what a device may do, at once')
    .requiredOption('--tenant <name>', 'whose device it is')
    .action(revokeYacht);
}

async function addYacht(name: string, options: TenantOption): Promise<void> {
  const config = configFrom(options);
  const { code, expiresMs } = await withOffice(config, async ({ registry, devices, key }) => {
    const { tenantId } = await tenantNamed(registry, options.tenant);
    const { secret, expiresMs } = await devices.issueCode(tenantId, name);
    return {
      code: formatEnrolmentCode({ secret, cloudFingerprint: fingerprint(key.publicKey) }),
      expiresMs,
    };
  });
  const url = publicUrl(config);
  const expiresAt = new Date(expiresMs).toISOString();
  tell(
    options,
    { type: 'enrolment', name, tenant: options.tenant, code, url, expiresAt },
    `${code}\n\nAboard ${name}, before ${expiresAt} and once only:\n  tender enrol ${url} ${code}`,
  );
}

async function listYachts(options: TenantOption): Promise<void> {
  const devices = await withOffice(configFrom(options), async ({ registry }) =>
    registry.devices((await tenantNamed(registry, options.tenant)).tenantId, listMax),
  );
  for (const { deviceId, name, revoked, enrolledMs, epoch } of devices) {
    const line = {
      type: 'device',
      deviceId,
      name,
      revoked,
      enrolledAt: new Date(enrolledMs).toISOString(),
      epoch,
    };
    tell(options, line, `${deviceId}  ${name}${revoked ? '  (revoked)' : ''}`);
  }
}

async function revokeYacht(deviceId: string, options: TenantOption): Promise<void> {
  const revoked = await withOffice(configFrom(options), async ({ registry }) =>
    registry.revokeDevice((await tenantNamed(registry, options.tenant)).tenantId, deviceId),
  );
  if (!revoked) throw new CloudError('TENDER_NOT_FOUND');
  tell(options, { type: 'revoked', deviceId }, `Device ${deviceId} is revoked.`);
}

/** What a yacht has to call: the setting, or where this machine listens. */
function publicUrl(config: CloudConfig): string {
  return config.public_url || `${config.tls_certificate ? 'https' : 'http'}://${config.listen}`;
}
