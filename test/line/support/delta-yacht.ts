// A yacht that knows what it has ashore: the true reader, bases and effects over a memory link, one document in many versions.
import { confirmStored } from '../../../agent/effects/confirm-stored.ts';
import { sendDocument } from '../../../agent/effects/send-document.ts';
import { type Bases, type BasesLimits, createBases } from '../../../agent/files/bases.ts';
import { openDocument } from '../../../agent/files/document-reader.ts';
import { mintUlid } from '../../../cloud/contract/ids.ts';
import type { JsonObject } from '../../../machines/json.ts';
import type { MachineEvent } from '../../../machines/kernel.ts';
import { MemoryFiles } from '../../files/support/memory-files.ts';
import { type Outcome, type Yacht, yachtAndShore } from './yacht.ts';

const roots = { folders: new Map(), spool: Buffer.from('/spool') };

export class DeltaYacht {
  readonly yacht: Yacht;
  readonly files = new MemoryFiles();
  readonly limits: Partial<BasesLimits>;
  bases!: Bases;
  readonly name = 'added/chart.bin';
  /** Events of all effects that ended. */
  readonly events: MachineEvent[] = [];
  #version = 0;

  constructor(yacht: Yacht, limits: Partial<BasesLimits>) {
    this.yacht = yacht;
    this.limits = limits;
  }

  async openBases(): Promise<void> {
    const { limits } = this;
    this.bases = createBases({ files: this.files.port, directory: Buffer.from('/bases'), limits });
    await this.bases.open();
  }

  /** The process dies and another begins: the files stay. */
  async restart(): Promise<void> {
    this.yacht.restart();
    await this.openBases();
    await this.yacht.open();
  }

  /** A version that is to be sent: its upload. */
  newVersion(content: Uint8Array): { uploadId: string; version: number } {
    this.#version += 1;
    const uploadId = mintUlid(this.yacht.clock.wallMs(), this.yacht.random.bytes(10));
    this.files.put(`/spool/${uploadId}`, content);
    return { uploadId, version: this.#version };
  }

  send({ uploadId, version }: { uploadId: string; version: number }): Outcome {
    const { yacht, bases } = this;
    const handler = sendDocument({
      line: yacht.line,
      open: (source, settled) => openDocument(this.files.port, roots, source, settled),
      ledger: yacht.ledger,
      bases,
      unchanged: async () => yacht.unchangedVersion,
      clock: yacht.clock,
      random: yacht.random,
    });
    const sizeBytes = this.files.held.get(`/spool/${uploadId}`)!.bytes.length;
    const source = { kind: 'spooled', spool: uploadId, sizeBytes };
    return yacht.run(handler, `upload/${uploadId}`, { source, name: this.name, version, priority: 5 });
  }

  confirm({ uploadId, version }: { uploadId: string; version: number }, sent: MachineEvent): Outcome {
    const { yacht, name, bases } = this;
    const uploadOf = async () => ({ name, priority: 5 });
    const handler = confirmStored({ line: yacht.line, uploadOf, random: yacht.random, bases });
    const { lengthBytes, sha256 } = sent as unknown as JsonObject;
    return yacht.run(handler, `upload/${uploadId}`, { version, lengthBytes: lengthBytes!, sha256: sha256! });
  }

  /** Sends until it is stored, as the machine would, at most three times. Answers the bytes that left for it. */
  async carry(upload: { uploadId: string; version: number }): Promise<number> {
    const { yacht } = this;
    const before = yacht.link.upBytes;
    for (let tries = 0; tries < 3; tries++) {
      const sent = await yacht.until(this.send(upload).event);
      this.events.push(sent);
      if (sent.type !== 'document.sent') continue;
      const stored = await yacht.until(this.confirm(upload, sent).event);
      this.events.push(stored);
      if (stored.type === 'upload.stored') {
        await yacht.clock.advance(50);
        return yacht.link.upBytes - before;
      }
    }
    throw new Error(`not stored: ${JSON.stringify(this.events.slice(-6))}`);
  }

  /** A new version of these bytes, stored, and what the shore has of it. */
  async store(content: Uint8Array): Promise<{ upBytes: number; ashore: Buffer }> {
    const upload = this.newVersion(content);
    const upBytes = await this.carry(upload);
    return { upBytes, ashore: await this.yacht.shore.content(upload.uploadId) };
  }
}

export async function deltaYacht(
  options: Parameters<typeof yachtAndShore>[0] & { bases?: Partial<BasesLimits> } = {},
): Promise<DeltaYacht> {
  const yacht = await yachtAndShore(options);
  const delta = new DeltaYacht(yacht, options.bases ?? {});
  await delta.openBases();
  await yacht.open();
  return delta;
}
