// Shapes that several routes answer with; routes name them as `@Upload`. Read by the generator of docs/aboard-openapi.json
// and by tests that hold real answers against them; not loaded aboard.
import type { Fields, Shape } from './shape.ts';

const upload: Fields = {
  id: 'text',
  name: 'text',
  nameBytes: 'json',
  version: 'number',
  state: '=sighted|settling|sending|confirming|waiting|paused|parked|stored|indexed|cancelled',
  glance: '=pending|uploading|completed|failed|cancelled',
  final: 'flag',
  priority: 'number',
  addedMs: 'time',
  source: 'object',
  sizeBytes: 'number or null',
  sentBytes: 'number',
  percent: 'decimal or null',
  onTheWayBytes: 'number',
  attempts: 'number',
  lastAttemptMs: 'time or null',
  errors: ['json'],
  hold: '=connection|breaker|probing|earlierVersion|turn or null',
  why: 'text',
  whatToDo: 'text',
  untilMs: 'time or null',
  sha256: 'text or null',
  wireBytesUp: 'number',
  stored: 'object or null',
  receiptVerified: 'flag',
  passages: 'number or null',
  reason: 'text or null',
  indexFailure: 'object or null',
  cancelReason: 'text or null',
  order: 'number or null',
  rateBytesPerSecond: 'number or null',
  leftMs: 'object or null',
  actions: ['text'],
  receipt: 'object or null',
  savedBytes: 'object',
  costMicros: 'number or null',
  costCurrency: 'text or null',
};

const record: Fields = {
  seq: 'number',
  actor: 'text',
  kind: 'text',
  n: 'number',
  at: 'time',
  wall: 'time',
  src: '=cmd|fx|tm|sys',
  boot: 'number',
  type: 'text',
  event: 'object',
  state: 'text',
  digest: 'number',
  hash: 'text',
};

/** RFC 9457, with a stable code. */
const problem: Fields = { type: 'text', status: 'number', code: 'text', title: 'text' };

export const shapes: Readonly<Record<string, Shape>> = { Upload: upload, Record: record, Problem: problem };
