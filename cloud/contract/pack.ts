// What is inside a PACK once it is decoded: whole small documents, one after another. The frame around it is frames.ts; compressing
// and its limits are both ends' own business.
import { ByteReader, ByteWriter, Malformed } from './bytes.ts';
import { frameLimits } from './frames.ts';
import { isUlid, ulidFromBytes, ulidToBytes } from './ids.ts';

/** A document that travels whole: what OFFER, MANIFEST, SLICE and FINISH would say of one of one chunk. */
export interface PackDocument {
  readonly handle: number;
  readonly uploadId: string;
  readonly version: number;
  /** 1 … 10 */
  readonly priority: number;
  readonly modifiedMs: number;
  readonly name: Uint8Array;
  /** Of `content`. */
  readonly sha256: Uint8Array;
  readonly content: Uint8Array;
}

/** The list as it travels, before compression; at most packMaxBytes of it fit a frame's promise. */
export function encodePack(documents: readonly PackDocument[]): Uint8Array {
  const size = documents.reduce((sum, { name, content }) => sum + name.length + content.length + 96, 8);
  const writer = new ByteWriter(size).varint(documents.length);
  for (const one of documents) {
    writer
      .varint(one.handle)
      .fixed(ulidToBytes(one.uploadId))
      .varint(one.version)
      .varint(one.priority)
      .varint(one.modifiedMs)
      .prefixed(one.name)
      .fixed(one.sha256)
      .prefixed(one.content);
  }
  return writer.done();
}

/** Total: undefined for anything that encodePack would not have written. Views into `bytes`, not copies. */
export function decodePack(bytes: Uint8Array): PackDocument[] | undefined {
  try {
    const reader = new ByteReader(bytes);
    const count = reader.varint();
    if (count === 0 || count > frameLimits.packDocumentsMaxCount) return undefined;
    const documents: PackDocument[] = [];
    for (let n = 0; n < count; n++) documents.push(readDocument(reader));
    reader.end();
    return documents;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function readDocument(reader: ByteReader): PackDocument {
  const handle = reader.varint();
  const uploadId = ulidFromBytes(reader.fixed(16));
  if (!isUlid(uploadId)) throw new Malformed('not a ULID');
  const version = reader.varint();
  const priority = reader.varint();
  if (priority < 1 || priority > 10) throw new Malformed('number out of its range');
  const modifiedMs = reader.varint();
  const name = reader.prefixed(frameLimits.nameMaxBytes);
  const sha256 = reader.fixed(32);
  const content = reader.prefixed(frameLimits.packMaxBytes);
  return { handle, uploadId, version, priority, modifiedMs, name, sha256, content };
}
