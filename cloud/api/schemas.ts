// The shapes of the HTTP API: what routes promise and the OpenAPI document shows. Times are RFC 3339 text, bytes whole
// numbers, hashes hex; a name is text, or base64 where its bytes are not UTF-8.
import { Type } from 'typebox';
import { nameForPeople } from '../contract/name.ts';
import type { DocumentDetails, SearchHit, UploadStatus, VersionDetails } from '../library.ts';

export const NameShape = Type.Union([Type.String(), Type.Object({ b64: Type.String() })], {
  description: 'The exact name: text, or its bytes in base64 where they are not UTF-8',
});

const Time = Type.String({ format: 'date-time' });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const IndexShape = Type.Object({
  state: Type.Union([
    Type.Literal('waiting'),
    Type.Literal('indexing'),
    Type.Literal('indexed'),
    Type.Literal('failed'),
  ]),
  attempt: Type.Integer(),
  passages: Type.Integer(),
  code: Type.String({ description: 'Of the last failure; empty when there is none' }),
  reason: Type.String({ description: 'Why there are no passages or why it failed; else empty' }),
  indexed_at: Type.Union([Time, Type.Null()]),
});

export const VersionShape = Type.Object({
  version: Type.Integer(),
  upload_id: Type.String(),
  length_bytes: Type.Integer(),
  sha256: Sha256,
  stored_at: Time,
  modified_at: Time,
  index: IndexShape,
});

export const DocumentShape = Type.Object({
  document_id: Type.String(),
  device_id: Type.String(),
  device_name: Type.String(),
  name: NameShape,
  display_name: Type.String({ description: 'The name for people: nothing in it controls a terminal' }),
  head: VersionShape,
});

export const HitShape = Type.Object({
  document_id: Type.String(),
  device_id: Type.String(),
  device_name: Type.String(),
  name: NameShape,
  display_name: Type.String(),
  version: Type.Integer(),
  stored_at: Time,
  rank: Type.Number(),
  matched: Type.Union([Type.Literal('text'), Type.Literal('name')]),
  snippet: Type.Array(Type.Object({ text: Type.String(), match: Type.Boolean() }), {
    description: 'Plain text in pieces; those with `match` are what was searched for',
  }),
  snippet_html: Type.String({
    description: 'The same, escaped for HTML, with matches in <mark> and no other markup',
  }),
});

const uploadCommon = {
  upload_id: Type.String(),
  device_id: Type.String(),
  name: NameShape,
  version: Type.Integer(),
  can_resume: Type.Boolean(),
  checkpoint_key: Type.String(),
};

export const UploadShape = Type.Union([
  Type.Object({
    state: Type.Literal('open'),
    ...uploadCommon,
    durable_bytes: Type.Integer(),
    chunks: Type.Integer(),
    progress_percent: Type.Null({ description: 'Unknown until the yacht has sent the end of the document' }),
    opened_at: Time,
    touched_at: Time,
  }),
  Type.Object({
    state: Type.Literal('stored'),
    ...uploadCommon,
    progress_percent: Type.Literal(100),
    document_id: Type.String(),
    details: VersionShape,
  }),
]);

export const time = (ms: number): string => new Date(ms).toISOString();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function versionOf(details: VersionDetails) {
  return {
    version: details.version,
    upload_id: details.uploadId,
    length_bytes: details.lengthBytes,
    sha256: hex(details.sha256),
    stored_at: time(details.storedMs),
    modified_at: time(details.modifiedMs),
    index: {
      state: details.index.state,
      attempt: details.index.attempt,
      passages: details.index.passages,
      code: details.index.code,
      reason: details.index.reason,
      indexed_at: details.index.indexedMs === null ? null : time(details.index.indexedMs),
    },
  };
}

export function documentOf(details: DocumentDetails) {
  return {
    document_id: details.documentId,
    device_id: details.deviceId,
    device_name: details.deviceName,
    name: details.name,
    display_name: nameForPeople(details.name),
    head: versionOf(details.head),
  };
}

export function hitOf(hit: SearchHit) {
  return {
    document_id: hit.documentId,
    device_id: hit.deviceId,
    device_name: hit.deviceName,
    name: hit.name,
    display_name: nameForPeople(hit.name),
    version: hit.version,
    stored_at: time(hit.storedMs),
    rank: hit.rank,
    matched: hit.matched,
    snippet: hit.snippet.map((text, i) => ({ text, match: i % 2 === 1 })),
    snippet_html: hit.snippet
      .map((text, i) => (i % 2 === 1 ? `<mark>${escapeHtml(text)}</mark>` : escapeHtml(text)))
      .join(''),
  };
}

export function uploadOf(status: UploadStatus) {
  const common = {
    upload_id: status.uploadId,
    device_id: status.deviceId,
    name: status.name,
    checkpoint_key: status.uploadId,
  };
  if (status.state === 'open') {
    return {
      state: 'open' as const,
      ...common,
      version: status.version,
      can_resume: true,
      durable_bytes: status.durableBytes,
      chunks: status.chunks,
      progress_percent: null,
      opened_at: time(status.openedMs),
      touched_at: time(status.touchedMs),
    };
  }
  return {
    state: 'stored' as const,
    ...common,
    version: status.details.version,
    can_resume: false,
    progress_percent: 100 as const,
    document_id: status.documentId,
    details: versionOf(status.details),
  };
}

/** Safe in text and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
