// What travelled in a voyage: the proof that it met what it is meant to try. Counts messages as they arrive by what is in them;
// judges nothing. Read by voyage.test.ts.
import { decodeCloudFrame, decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import { type CloudFrame, frameTypes, type YachtFrame } from '../../cloud/contract/frames.ts';

export class Traffic {
  readonly counts = new Map<string, number>();

  arrived(direction: 'up' | 'down', bytes: Uint8Array): void {
    // Most messages are slices, and there is nothing to learn of them.
    if (bytes[0] === frameTypes.SLICE) {
      this.#count('slice');
      return;
    }
    const read = direction === 'up' ? decodeYachtFrame(bytes) : decodeCloudFrame(bytes);
    if ('frame' in read) this.#look(read.frame);
    else this.#count('problem' in read ? 'unreadable' : 'skipped');
  }

  #look(frame: YachtFrame | CloudFrame): void {
    switch (frame.type) {
      case 'PACK':
        this.#count(frame.encoding ? 'pack compressed' : 'pack');
        return;
      case 'MANIFEST':
        for (const { id, encoded } of frame.entries)
          this.#count(`chunk ${id ? 'named' : (encoded?.encoding ?? 'raw')}`);
        return;
      case 'WANT':
        this.#count(`want ${frame.reason}`);
        return;
      case 'HELD':
        for (const { encoded } of frame.partial) this.#count(`held partial ${encoded?.encoding ?? 'raw'}`);
        return;
      case 'HELLO':
        if (frame.lane >= 7) this.#count('eighth lane');
        return;
      default:
        this.#count(frame.type.toLowerCase());
    }
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
