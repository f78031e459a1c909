// The breaker between us and the cloud: wraps the effects that use the line, counts how they ended, and tells the logged
// machine when that is enough. The pure gate (machines/breaker-gate.ts) decides; this file gives it time and keeps the
// effects waiting that have no permit.

import type { BreakerState } from '../../machines/breaker.ts';
import {
  acquire,
  createGate,
  follow,
  type Gate,
  type GatePolicy,
  type Outcome,
  type Permit,
  settle,
} from '../../machines/breaker-gate.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { EffectHandler, Host } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Clock, Random } from '../ports.ts';
import { createTeller } from './teller.ts';

export interface Breaker {
  /** Finds or makes the logged machine. After host.open(). */
  start(): Promise<void>;
  readonly state: BreakerState;
  /** The same effect, behind the breaker. `cheap`: a small question, which may go while half-open beside a dear one. */
  guard(handler: EffectHandler, cheap: boolean): EffectHandler;
  /** The link came back: reason enough to try early. */
  linkUp(): void;
  stop(): void;
}

/** Open times are spread by ±20 %, so that a fleet does not return in one instant. */
const spreadShare = 0.2;

export function createBreaker(ports: {
  readonly host: Pick<Host, 'create' | 'read' | 'send' | 'tail'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly actor: string;
  readonly policy: GatePolicy;
  readonly input: JsonObject;
  readonly linkLossCounts: boolean;
}): Breaker {
  const { host, actor, policy } = ports;
  const teller = createTeller(ports);
  let gate: Gate = createGate('closed', policy);
  const waiting = new Set<() => void>();

  function wakeAll(): void {
    for (const wake of [...waiting]) wake();
  }

  const untail = host.tail((record) => {
    if (record.actor !== actor) return;
    gate = follow(gate, record.state as BreakerState);
    wakeAll();
  });

  /** Waits for a permit; rejects when the effect is withdrawn. */
  async function permitFor(cheap: boolean, signal: AbortSignal): Promise<Permit> {
    for (;;) {
      signal.throwIfAborted();
      const answer = acquire(gate, policy, cheap);
      if ('permit' in answer) {
        gate = answer.gate;
        return answer.permit;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }

  function tell(event: MachineEvent): void {
    const spread = (ports.random.unit() * 2 - 1) * spreadShare;
    const withChance =
      event.type === 'probe.succeeded' || event.type === 'link.up' ? event : { ...event, spread };
    teller.tell(withChance);
  }

  function finish(permit: Permit, outcome: Outcome, reason: string): void {
    const settled = settle(gate, policy, permit, outcome, ports.clock.monotonicMs(), reason);
    gate = settled.gate;
    if (settled.event) tell(settled.event as MachineEvent);
    wakeAll();
  }

  return {
    async start() {
      // An existing one was told of the boot by the host, and goes on half-open.
      if (!(await host.read(actor))) await host.create(actor, ports.input);
      gate = follow(gate, ((await host.read(actor))?.value ?? 'closed') as BreakerState);
    },
    get state() {
      return gate.state;
    },
    guard(handler, cheap) {
      return async (request) => {
        const permit = await permitFor(cheap, request.signal);
        let ended: { outcome: Outcome; reason: string } = { outcome: 'neither', reason: '' };
        try {
          const event = await handler(request);
          ended = outcomeOf(event, ports.linkLossCounts);
          return event;
        } finally {
          finish(permit, ended.outcome, ended.reason);
        }
      };
    },
    linkUp() {
      if (gate.state === 'open') tell({ type: 'link.up' });
    },
    stop() {
      untail();
      teller.stop();
    },
  };
}

/** What an effect's result says about the cloud itself. */
export function outcomeOf(
  event: MachineEvent,
  linkLossCounts: boolean,
): { outcome: Outcome; reason: string } {
  if (event.type === 'document.sent' || event.type === 'upload.stored')
    return { outcome: 'success', reason: '' };
  if (event.type !== 'send.failed') return { outcome: 'neither', reason: '' };
  const counts =
    event.class === 'BUSY' || event.class === 'SERVER' || (linkLossCounts && event.class === 'LINK');
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  return { outcome: counts ? 'failure' : 'neither', reason: text(event.message) || text(event.code) };
}
