// One good example of each event, as it would come to a given cell: results name an effect that is under way, timers are
// those armed, commands ask for something that is not so yet. Available events, the forms of "what if" and forks start
// from these; whoever knows better fills in other fields.
import type { MachineEvent } from './events.ts';
import type { JsonObject } from './json.ts';
import type { Cell } from './kernel.ts';
import { definitionOf } from './registry.ts';

const failure = {
  class: 'LINK',
  code: 'TENDER_EXAMPLE',
  message: 'An example of a failure.',
  delayMs: 30_000,
};
const sha256 = '00'.repeat(32);

type Examples = { readonly [type: string]: (cell: Cell) => JsonObject };

const examples: { readonly [kind: string]: Examples } = {
  upload: {
    'file.settled': () => ({ stat: {} }),
    'file.unreadable': () => ({ code: 'EACCES', message: 'The file may not be read.' }),
    'document.sent': ({ context }) => ({
      lengthBytes: lengthOf(context),
      sha256,
      chunks: 1,
    }),
    'content.unchanged': ({ context }) => ({ version: Math.max(1, Number(context.version) - 1) }),
    'transfer.checkpointed': ({ context }) => ({ bytesDurable: Number(context.bytesDurable) + 65_536 }),
    'send.failed': () => failure,
    'upload.stored': () => ({
      documentId: 'example',
      receipt: 'ZXhhbXBsZQ==',
      signature: 'ZXhhbXBsZQ==',
      keyId: 'example',
      storedMs: 0,
    }),
    'document.indexed': ({ context }) => ({
      documentId: 'example',
      version: Number(context.version),
      passages: 1,
    }),
    'document.indexFailed': ({ context }) => ({
      documentId: 'example',
      version: Number(context.version),
      reason: 'An example of a failure.',
    }),
    pause: ({ context }) => ({ by: pausersOf(context).includes('crew') ? 'crew 2' : 'crew' }),
    resume: ({ context }) => ({ by: pausersOf(context)[0] ?? 'crew' }),
    cancel: () => ({ by: 'crew' }),
    retry: () => ({ by: 'crew' }),
    prioritise: ({ context }) => ({
      priority: Number(context.priority) > 1 ? Number(context.priority) - 1 : 2,
      by: 'crew',
    }),
  },
  connection: {
    'line.opened': ({ context }) => ({
      epoch: Number((context.line as JsonObject | null)?.epoch ?? 0) + 1,
      sessionId: 'example',
      rttMs: 600,
    }),
    'line.failed': () => failure,
    'line.lost': () => failure,
    'link.degraded': () => ({ numbers: { srttMs: 4_000 } }),
    'host.booted': () => ({ boot: 1 }),
    start: () => ({ by: 'crew' }),
    stop: () => ({ by: 'crew' }),
    reconnect: () => ({ by: 'crew' }),
  },
  breaker: {
    'breaker.tripped': () => ({
      reason: 'An example of a failure.',
      window: { count: 5, failures: 5, consecutive: 5 },
      spread: 0,
    }),
    'probe.failed': () => ({ reason: 'An example of a failure.', spread: 0 }),
    'host.booted': () => ({ boot: 1 }),
    forceOpen: () => ({ by: 'crew' }),
    forceClose: () => ({ by: 'crew' }),
  },
};

/**
 * The example of `type` for this cell, with its marks where the cell has them. A result of an effect that is not under
 * way has no `fx`, a timer that is not armed no `timer`: a dry run says so.
 */
export function typicalEvent(kind: string, cell: Cell, type: string): MachineEvent {
  const spec = definitionOf(kind).events[type];
  const event: MachineEvent = { type, ...(examples[kind]?.[type]?.(cell) ?? {}) };
  if (spec?.source === 'fx') {
    const open = Object.entries(cell.fx).find(([, effect]) => spec.effects?.includes(effect.type));
    return open ? { ...event, fx: open[0] } : event;
  }
  if (spec?.source === 'tm')
    return Object.values(cell.tm).find((timer) => timer.event.type === type)?.event ?? event;
  return event;
}

function pausersOf(context: JsonObject): string[] {
  return Object.keys((context.paused as { by?: JsonObject } | null)?.by ?? {}).sort();
}

function lengthOf(context: JsonObject): number {
  const { sizeBytes } = { ...(context.source as JsonObject), ...(context.stat as JsonObject | null) };
  return typeof sizeBytes === 'number' ? sizeBytes : 65_536;
}
