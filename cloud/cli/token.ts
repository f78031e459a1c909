// `tender cloud token …`: what the fleet office's tools authenticate with. Shown once, kept as a hash.
import { type Command, InvalidArgumentError } from 'commander';
import { tokenHash } from '../api/policy.ts';
import { CloudError } from '../cloud-error.ts';
import { tenantNamed, withOffice } from '../office.ts';
import type { TokenScope } from '../registry.ts';
import { uuidFrom } from '../uuid.ts';
import { type CommonOptions, configFrom, tell } from './command-line.ts';
import { command, group } from './options.ts';

interface AddOptions extends CommonOptions {
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  readonly days?: number;
}

const scopes: readonly TokenScope[] = ['search', 'content', 'admin'];
const listMax = 10_000;

export function addTokenCommands(program: Command): void {
  const token = group(program, 'token', 'shore tokens: who may search and read');
  command(token, 'add', 'makes a token and prints it, this once')
    .requiredOption('--tenant <name>', 'whose documents it reads')
    .option('--name <name>', 'what it is for', 'office')
    .option('--scopes <list>', `of ${scopes.join(', ')}`, parseScopes, ['search', 'content'])
    .option('--days <count>', 'how long it is valid; for ever by default', parseDays)
    .action(addToken);
  command(token, 'ls', 'lists the tokens of a tenant')
    .requiredOption('--tenant <name>', 'which tenant')
    .action(listTokens);
  command(token, 'revoke <token-id>', 'ends a token at once')
    .requiredOption('--tenant <name>', 'whose token it is')
    .action(revokeToken);
}

async function addToken(options: AddOptions): Promise<void> {
  const { tokenId, token } = await withOffice(configFrom(options), async ({ registry, random, clock }) => {
    const { tenantId } = await tenantNamed(registry, options.tenant);
    const made = {
      tokenId: uuidFrom(random),
      token: `tdr_${Buffer.from(random.bytes(32)).toString('base64url')}`,
    };
    await registry.addToken(tenantId, {
      tokenId: made.tokenId,
      hash: tokenHash(made.token),
      name: options.name,
      scopes: options.scopes,
      expiresMs: options.days === undefined ? null : clock.wallMs() + options.days * 86_400_000,
    });
    return made;
  });
  tell(options, { type: 'token', tokenId, token, name: options.name, scopes: options.scopes }, token);
}

async function listTokens(options: CommonOptions & { readonly tenant: string }): Promise<void> {
  const tokens = await withOffice(configFrom(options), async ({ registry }) =>
    registry.tokens((await tenantNamed(registry, options.tenant)).tenantId, listMax),
  );
  for (const { tokenId, name, scopes: held, expiresMs, revoked } of tokens) {
    const expiresAt = expiresMs === null ? null : new Date(expiresMs).toISOString();
    const line = { type: 'token', tokenId, name, scopes: held, expiresAt, revoked };
    tell(options, line, `${tokenId}  ${name}  ${held.join(',')}${revoked ? '  (revoked)' : ''}`);
  }
}

async function revokeToken(
  tokenId: string,
  options: CommonOptions & { readonly tenant: string },
): Promise<void> {
  const revoked = await withOffice(configFrom(options), async ({ registry }) =>
    registry.revokeToken((await tenantNamed(registry, options.tenant)).tenantId, tokenId),
  );
  if (!revoked) throw new CloudError('TENDER_NOT_FOUND');
  tell(options, { type: 'revoked', tokenId }, `Token ${tokenId} is revoked.`);
}

function parseScopes(text: string): TokenScope[] {
  return text.split(',').map((part) => {
    const scope = scopes.find((one) => one === part.trim());
    if (!scope) throw new InvalidArgumentError(`Scopes are ${scopes.join(', ')}.`);
    return scope;
  });
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 36_500)
    throw new InvalidArgumentError('Days from 1 to 36500.');
  return days;
}
