// Frame → bytes. The inverse is frame-decoder.ts; docs/protocol.md shows the layouts and one example of each, made by this code.
import { ByteWriter, writeVarint } from './bytes.ts';
import { failureClasses } from './failure.ts';
import {
  type AckFrame,
  type CloudFrame,
  type CopyFrame,
  type EncodedForm,
  type Extension,
  encodings,
  type Frame,
  frameTypes,
  type HeldFrame,
  type HelloFrame,
  type InventoryPageFrame,
  type ManifestFrame,
  type NoticeFrame,
  type OfferFrame,
  type PackFrame,
  type ReceiptFrame,
  type RefusedFrame,
  wantReasons,
  type YachtFrame,
} from './frames.ts';
import { bytesFromHex, ulidToBytes, writeId } from './ids.ts';
import { writeRuns } from './runs.ts';

export const sliceHeaderMaxBytes = 1 + 3 * 8;

const paddingType = 0x4f;

/** Throws RangeError when a field cannot travel (a programmer's error: values are checked where they come in). */
export function encodeYachtFrame(frame: YachtFrame): Uint8Array {
  switch (frame.type) {
    case 'OFFER':
      return offer(frame);
    case 'MANIFEST':
      return manifest(frame);
    case 'COPY':
      return copy(frame);
    case 'PACK':
      return pack(frame);
    case 'SLICE':
      return encodeSlice(frame.handle, frame.index, frame.offset, frame.bytes);
    case 'FINISH': {
      const writer = start(frameTypes.FINISH)
        .varint(frame.handle)
        .varint(frame.lengthBytes)
        .varint(frame.chunks);
      return extend(writer.fixed(frame.sha256), frame.extensions);
    }
    case 'DROP':
      return start(frameTypes.DROP).varint(frame.handle).done();
    case 'SEEN':
      return start(frameTypes.SEEN).varint(frame.cursor).done();
    case 'INVENTORY': {
      const writer = start(frameTypes.INVENTORY).byte(frame.after ? 1 : 0);
      if (frame.after) writer.prefixed(frame.after);
      return extend(writer, frame.extensions);
    }
    case 'PING':
      return start(frameTypes.PING)
        .varint(frame.stamp)
        .prefixed(frame.nonce ?? nothing)
        .done();
    case 'LEFT': {
      const writer = start(frameTypes.LEFT).varint(frame.serials.length);
      for (const serial of frame.serials) writer.varint(serial);
      return writer.done();
    }
    case 'BYE':
      return bye(frameTypes.BYE, frame);
  }
}

export function encodeCloudFrame(frame: CloudFrame): Uint8Array {
  switch (frame.type) {
    case 'HELLO':
      return hello(frame);
    case 'HELD':
      return held(frame);
    case 'ACK':
      return ack(frame);
    case 'WANT': {
      const writer = start(frameTypes.WANT).varint(frame.handle).varint(wantReasons.indexOf(frame.reason));
      writeRuns(writer, frame.runs);
      return writer.done();
    }
    case 'RECEIPT':
      return receipt(frame);
    case 'NOTICE':
      return notice(frame);
    case 'REFUSED':
      return refused(frame);
    case 'INVENTORY_PAGE':
      return inventoryPage(frame);
    case 'PONG':
      return start(frameTypes.PONG)
        .varint(frame.stamp)
        .prefixed(frame.signature ?? nothing)
        .done();
    case 'COUNTED': {
      const writer = start(frameTypes.COUNTED).varint(frame.lanes.length);
      for (const { serial, receivedBytes } of frame.lanes) writer.varint(serial).varint(receivedBytes);
      return writer.done();
    }
    case 'BYE':
      return bye(frameTypes.BYE_FROM_CLOUD, frame);
  }
}

/**
 * A SLICE in one allocation and one copy of its bytes. Not zeroed first, which costs 1 s per GB (measured on loopback): every byte
 * of what is answered is written. `allocate` may lend memory that was used before.
 */
export function encodeSlice(
  handle: number,
  index: number,
  offset: number,
  bytes: Uint8Array,
  allocate: (count: number) => Uint8Array = Buffer.allocUnsafeSlow,
): Uint8Array {
  const frame = allocate(sliceHeaderMaxBytes + bytes.length);
  frame[0] = frameTypes.SLICE;
  let at = writeVarint(frame, 1, handle);
  at = writeVarint(frame, at, index);
  at = writeVarint(frame, at, offset);
  frame.set(bytes, at);
  return frame.subarray(0, at + bytes.length);
}

/** A HELLO without its signature: the bytes that are signed and then followed by it. */
export function encodeHelloBody(frame: Omit<HelloFrame, 'signature'>): Uint8Array {
  const writer = start(frameTypes.HELLO)
    .varint(frame.version)
    .fixed(bytesFromHex(frame.sessionId))
    .varint(frame.lane)
    .varint(frame.serial)
    .varint(frame.sinceMs)
    .varint(frame.epoch)
    .varint(frame.timeMs);
  writeId(writer, frame.tenantId);
  writer
    .text(frame.keyId)
    .varint(frame.limits.frameMaxBytes)
    .varint(frame.limits.handlesMax)
    .varint(frame.limits.manifestEntriesMax)
    .varint(frame.limits.unackedMaxBytes)
    .varint(frame.limits.chunkMaxBytes);
  return extend(writer, frame.extensions);
}

const nothing = new Uint8Array(0);

/** Bytes that mean nothing, to be confirmed like any others. Of a type that readers skip. */
export function encodePadding(lengthBytes: number): Uint8Array {
  const frame = new Uint8Array(Math.max(1, lengthBytes));
  frame[0] = paddingType;
  return frame;
}

function start(type: number): ByteWriter {
  return new ByteWriter().byte(type);
}

/** Extensions end every frame that may grow: count, then tag and length-prefixed bytes each. */
function extend(writer: ByteWriter, extensions: readonly Extension[]): Uint8Array {
  writer.varint(extensions.length);
  for (const extension of extensions) writer.varint(extension.tag).prefixed(extension.bytes);
  return writer.done();
}

function offer(frame: OfferFrame): Uint8Array {
  const writer = start(frameTypes.OFFER)
    .varint(frame.handle)
    .fixed(ulidToBytes(frame.uploadId))
    .varint(frame.version)
    .varint(frame.priority)
    .varint(frame.modifiedMs)
    .prefixed(frame.name);
  return extend(writer, frame.extensions);
}

function manifest(frame: ManifestFrame): Uint8Array {
  const writer = start(frameTypes.MANIFEST)
    .varint(frame.handle)
    .varint(frame.first)
    .varint(frame.entries.length);
  for (const entry of frame.entries) {
    writer.varint(entry.length * 4 + (entry.id ? 1 : entry.encoded ? 2 : 0));
    if (entry.id) writer.fixed(entry.id);
    else if (entry.encoded) writeForm(writer, entry.encoded);
  }
  return extend(writer, frame.extensions);
}

/** Encoding by position + 1, since 0 stands for none; then the length in it. */
function writeForm(writer: ByteWriter, form: EncodedForm | undefined): void {
  if (!form) writer.varint(0);
  else writer.varint(encodings.indexOf(form.encoding) + 1).varint(form.lengthBytes);
}

function copy(frame: CopyFrame): Uint8Array {
  const writer = start(frameTypes.COPY)
    .varint(frame.handle)
    .varint(frame.first)
    .varint(frame.baseVersion)
    .varint(frame.runs.length);
  for (const { baseIndex, count } of frame.runs) writer.varint(baseIndex).varint(count);
  return extend(writer, frame.extensions);
}

function pack(frame: PackFrame): Uint8Array {
  return new ByteWriter(16 + frame.bytes.length)
    .byte(frameTypes.PACK)
    .varint(frame.encoding ? encodings.indexOf(frame.encoding) + 1 : 0)
    .varint(frame.lengthBytes)
    .fixed(frame.bytes)
    .done();
}

function hello(frame: HelloFrame): Uint8Array {
  return new ByteWriter(256).fixed(encodeHelloBody(frame)).fixed(frame.signature).done();
}

function held(frame: HeldFrame): Uint8Array {
  const writer = start(frameTypes.HELD)
    .fixed(ulidToBytes(frame.uploadId))
    .varint(frame.handle === undefined ? 0 : frame.handle + 1)
    .byte(frame.more ? 1 : 0);
  writeRuns(writer, frame.durable);
  writer.varint(frame.partial.length);
  for (const { index, prefixBytes, encoded } of frame.partial) {
    writer.varint(index).varint(prefixBytes);
    writeForm(writer, encoded);
  }
  return writer.done();
}

function ack(frame: AckFrame): Uint8Array {
  const writer = start(frameTypes.ACK).varint(tenths(frame.nowMs)).varint(frame.lanes.length);
  for (const { serial, receivedBytes, heldMs } of frame.lanes)
    writer.varint(serial).varint(receivedBytes).varint(tenths(heldMs));
  writer.varint(frame.documents.length);
  for (const { handle, durable } of frame.documents) {
    writer.varint(handle);
    writeRuns(writer, durable);
  }
  return writer.done();
}

function tenths(ms: number): number {
  return Math.round(ms * 10);
}

function receipt(frame: ReceiptFrame): Uint8Array {
  const writer = start(frameTypes.RECEIPT).text(frame.keyId).varint(frame.receipts.length);
  for (const one of frame.receipts) {
    writer.fixed(ulidToBytes(one.uploadId));
    writeId(writer, one.documentId);
    writer.varint(one.version).varint(one.lengthBytes).fixed(one.sha256).varint(one.storedMs);
  }
  writer.fixed(frame.signature);
  return extend(writer, frame.extensions);
}

function notice(frame: NoticeFrame): Uint8Array {
  const writer = start(frameTypes.NOTICE).varint(frame.sequence).fixed(ulidToBytes(frame.uploadId));
  writeId(writer, frame.documentId);
  writer
    .varint(frame.version)
    .byte(frame.kind === 'indexed' ? 0 : 1)
    .varint(frame.passages)
    .text(frame.reason)
    .varint(frame.atMs);
  return extend(writer, frame.extensions);
}

function refused(frame: RefusedFrame): Uint8Array {
  return start(frameTypes.REFUSED)
    .varint(frame.handle)
    .varint(failureClasses.indexOf(frame.class))
    .text(frame.code)
    .text(frame.message)
    .varint(frame.retryAfterMs)
    .done();
}

function inventoryPage(frame: InventoryPageFrame): Uint8Array {
  const writer = start(frameTypes.INVENTORY_PAGE)
    .byte(frame.more ? 1 : 0)
    .varint(frame.entries.length);
  for (const entry of frame.entries) {
    writer
      .prefixed(entry.name)
      .varint(entry.version)
      .fixed(ulidToBytes(entry.uploadId))
      .varint(entry.lengthBytes)
      .fixed(entry.sha256)
      .byte(entry.indexed ? 1 : 0);
  }
  return writer.done();
}

function bye(type: number, frame: Extract<Frame, { type: 'BYE' }>): Uint8Array {
  return start(type).text(frame.code).text(frame.message).varint(frame.retryAfterMs).done();
}
