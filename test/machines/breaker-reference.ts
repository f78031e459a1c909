// The circuit breaker once more, as short as it can be said, with mutable state and no XState: what breaker.ts and
// breaker-gate.ts together must be equal to (reliability 5.5). Open times come out without spread.
import type { GatePolicy } from '../../machines/breaker-gate.ts';

export function createReference(policy: GatePolicy, openMinMs: number, openMaxMs: number) {
  let state = 'closed';
  let generation = 0;
  let until = 0;
  let opens = 0;
  let early = Number.NEGATIVE_INFINITY;
  let allowed = policy.closedMax;
  let row: { ok: boolean; at: number }[] = [];
  let good = 0;
  let held: { cheap: boolean; generation: number }[] = [];

  const enter = (next: string) => {
    state = next;
    generation += 1;
    allowed = 1;
    row = [];
    good = 0;
    held = [];
  };
  const open = (now: number) => {
    until = now + Math.min(openMinMs * 2 ** opens, openMaxMs);
    opens += 1;
    enter('open');
  };
  const close = () => {
    opens = 0;
    enter('closed');
  };
  return {
    view: () => ({ state, generation, until: state === 'open' ? until : null, inFlight: held.length }),
    elapse: (now: number) => void (state === 'open' && now >= until && enter('half-open')),
    linkUp(now: number) {
      if (state !== 'open' || now - early < 15_000) return;
      early = now;
      enter('half-open');
    },
    boot: () => void (state !== 'half-open' && enter('half-open')),
    ask(cheap: boolean) {
      const most =
        state === 'open' ? 0 : state === 'closed' ? Math.min(allowed, policy.closedMax) : policy.halfOpenMax;
      const dear = held.filter((one) => !one.cheap).length;
      const full = state === 'half-open' && !cheap && dear >= policy.halfOpenMax - policy.halfOpenCheap;
      const counted = state === 'closed' ? (cheap ? -1 : dear) : held.length;
      if (counted >= most || full) return null;
      held.push({ cheap, generation });
      return held.at(-1) ?? null;
    },
    answer(permit: { cheap: boolean; generation: number }, outcome: string, now: number) {
      if (permit.generation !== generation) return;
      held.splice(held.indexOf(permit), 1);
      if (outcome === 'neither') return;
      const ok = outcome === 'success';
      if (state === 'half-open') return ok ? void (++good >= policy.successesToClose && close()) : open(now);
      row = [...row, { ok, at: now }]
        .filter((one) => now - one.at < policy.windowMs)
        .slice(-policy.windowCount);
      let streak = 0;
      while (streak < row.length && row[row.length - 1 - streak]?.ok === false) streak += 1;
      if (ok) allowed = Math.min(allowed + 1, policy.closedMax);
      const bad = row.filter((one) => !one.ok).length;
      const share = row.length >= policy.shareMinCount && bad / row.length >= policy.failureShare;
      if (!ok && (streak >= policy.consecutiveMax || share)) open(now);
    },
  };
}
