// `tender cloud tenant …`: who the documents belong to.
import type { Command } from 'commander';
import { withOffice } from '../office.ts';
import { uuidFrom } from '../uuid.ts';
import { type CommonOptions, configFrom, tell } from './command-line.ts';
import { command, group } from './options.ts';

export function addTenantCommands(program: Command): void {
  const tenant = group(program, 'tenant', 'fleets: whose documents these are');
  command(tenant, 'add <name>', 'adds a tenant').action(async (name: string, options: CommonOptions) => {
    const added = await withOffice(configFrom(options), ({ registry, random }) =>
      registry.addTenant(uuidFrom(random), name),
    );
    tell(options, { type: 'tenant', ...added }, `Tenant ${added.name} added (${added.tenantId}).`);
  });
}
