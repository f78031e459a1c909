// The log of a running agent, read through its socket page by page: for bundles and dry runs.
import type { SavedRecord } from '../../../machines/bundle.ts';
import type { JsonObject } from '../../../machines/json.ts';
import type { Cell } from '../../../machines/kernel.ts';
import { definitionOf, kindOf } from '../../../machines/registry.ts';
import { foundMax, type LogSource } from '../../bundle/log-source.ts';
import { TenderError } from '../../errors.ts';
import type { HostStatus } from '../../host/contract.ts';
import type { Answer, ApiClient } from '../client.ts';

const pageRecords = 500;
const pageActors = 500;

export interface LiveLog extends LogSource {
  readonly status: JsonObject;
  readonly config: readonly JsonObject[];
}

export async function openLiveLog(api: ApiClient): Promise<LiveLog> {
  const [status, settings] = await Promise.all([api.get('/v1/status'), api.get('/v1/config')]);
  const { logId, oldestSeq, lastSeq } = status.log as unknown as HostStatus;
  let head = lastSeq;
  return {
    status: status as JsonObject,
    config: settings.settings as readonly JsonObject[],
    logId,
    oldest: oldestSeq,
    get head() {
      return head;
    },
    // The agent's log time is this machine's clock, unless that was set since it started.
    nowMs: Date.now(),
    async *records(after, upTo) {
      for (let at = after; at < upTo; ) {
        const limit = Math.min(pageRecords, upTo - at);
        const { items } = await api.get(`/v1/log?after=${at}&limit=${limit}`);
        const records = items as readonly SavedRecord[];
        if (records.length === 0) return;
        yield* records;
        at = records.at(-1)!.seq;
      }
    },
    async base(actor, n) {
      try {
        const { cell, kind, version } = await api.get(`/v1/actors/${actorPath(actor)}?n=${n}`);
        return { actor, n, kind: `${kind}@${version}`, cell: cell as unknown as Cell };
      } catch (error) {
        if (isUnknown(error)) return undefined;
        throw error;
      }
    },
    async *actors() {
      try {
        for (let cursor: unknown = null; ; ) {
          const query = new URLSearchParams({ limit: String(pageActors) });
          if (typeof cursor === 'string') query.set('after', cursor);
          const page = await api.get(`/v1/actors?${query}`);
          for (const item of page.items as readonly Answer[]) {
            const { actor, n, state } = item as { actor: string; n: number; state: string };
            if (!definitionOf(kindOf(actor)).finalStates.includes(state)) yield { actor, n, state };
          }
          if (page.more !== true || page.next === null) return;
          cursor = page.next;
        }
      } finally {
        // So that whoever moved meanwhile has its record before the end.
        head = ((await api.get('/v1/status')).log as HostStatus).lastSeq;
      }
    },
    async *ofActor(actor, n) {
      for (let after = n; ; ) {
        const query = new URLSearchParams({ actor, after: String(after), limit: String(pageRecords) });
        const { items, more, next } = await api.get(`/v1/log?${query}`);
        yield* items as readonly SavedRecord[];
        if (more !== true) return;
        after = Number(next);
      }
    },
    async find(text) {
      const names: string[] = [];
      for (let cursor: unknown = null; ; ) {
        const query = new URLSearchParams({ q: text, limit: String(foundMax) });
        if (typeof cursor === 'string') query.set('after', cursor);
        const page = await api.get(`/v1/actors?${query}`);
        names.push(...(page.items as readonly Answer[]).map((item) => String(item.actor)));
        if (page.more !== true || names.length >= foundMax) return names;
        cursor = page.next;
      }
    },
  };
}

export function actorPath(actor: string): string {
  return actor.split('/').map(encodeURIComponent).join('/');
}

/** Older than what is kept, gone since it was listed, or a history that does not fold: told of, and no reason to end. */
function isUnknown(error: unknown): boolean {
  return (
    error instanceof TenderError &&
    !error.code.startsWith('TENDER_AGENT') &&
    error.code !== 'TENDER_NOT_PERMITTED'
  );
}
