// What a machine wished for → what is running, what is armed, what the host has to do. The ledger of effects and the
// table of timers are folds of the same actions, so replay rebuilds them. Called by the kernel only.
import type { Amend, Arm, Disarm, Stop } from './define.ts';
import type { Moved } from './flat.ts';
import type { JsonObject } from './json.ts';
import type { Cell, Op, Step } from './kernel.ts';

/** An action that a machine asks for: a name and, for ours, parameters. */
export interface Wish {
  readonly type: string;
  readonly params?: unknown;
}

/**
 * Folds the actions of one step into ledger, timers and the host's orders. `n` is the record's number, `firstEffect` the
 * place of its first effect.
 */
export function fold(before: Cell, n: number, moved: Moved, at: number, firstEffect: number): Step {
  let { fx, tm } = before;
  let place = firstEffect;
  const ops: Op[] = [];
  for (const wish of moved.wishes) {
    switch (wish.type) {
      case 'arm': {
        const { id, len, event } = wish.params as Arm;
        if (Object.hasOwn(tm, id)) {
          tm = without(tm, id);
          ops.push({ op: 'disarm', id });
        }
        if (len === null) break;
        const timer = { due: at + len, len, event: { ...event, timer: id, due: at + len } };
        tm = { ...tm, [id]: timer };
        ops.push({ op: 'arm', id, ...timer });
        break;
      }
      case 'disarm': {
        const { id } = wish.params as Disarm;
        for (const armed of Object.keys(tm)) {
          if (armed !== id && !(id.endsWith('*') && armed.startsWith(id.slice(0, -1)))) continue;
          tm = without(tm, armed);
          ops.push({ op: 'disarm', id: armed });
        }
        break;
      }
      case 'stop': {
        const { effect } = wish.params as Stop;
        for (const [id, open] of Object.entries(fx)) {
          if (open.type !== effect) continue;
          fx = without(fx, id);
          ops.push({ op: 'stop', id });
        }
        break;
      }
      case 'amend': {
        const { effect, patch } = wish.params as Amend;
        for (const [id, open] of Object.entries(fx)) {
          if (open.type !== effect) continue;
          const params = { ...open.params, ...patch };
          fx = { ...fx, [id]: { type: effect, params } };
          ops.push({ op: 'amend', id, params });
        }
        break;
      }
      default: {
        const id = `${n}.${place++}`;
        const params = (wish.params ?? {}) as JsonObject;
        fx = { ...fx, [id]: { type: wish.type, params } };
        ops.push({ op: 'start', id, type: wish.type, params });
      }
    }
  }
  return {
    cell: { n, value: moved.value, context: moved.context, fx, tm },
    ops,
  };
}

/** The same object without one key. */
export function without<T>(from: { readonly [key: string]: T }, key: string): { readonly [key: string]: T } {
  const { [key]: _, ...rest } = from;
  return rest;
}
