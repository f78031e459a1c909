// What one document cost and saved on the line since it last reported, in bytes. The effect that carries it puts the report
// into its events, the machine adds them up (decision 0080). Used by outgoing.ts.

/** As events carry it; always all four, so that a record says so when there was nothing. */
export type MeterReport = {
  /** Its frames handed to the line, headers of WebSocket included. */
  readonly wireBytes: number;
  /** Content named instead of sent. */
  readonly dedupedBytes: number;
  /** Content that was ashore when a try broke off, and does not go again. */
  readonly resumedBytes: number;
  /** Content that went in fewer bytes than it has, and is durable: the difference. */
  readonly compressedAwayBytes: number;
};

export class Meter {
  #wireBytes = 0;
  #dedupedBytes = 0;
  #resumedBytes = 0;
  #compressedAwayBytes = 0;

  sent(wireBytes: number): void {
    this.#wireBytes += wireBytes;
  }

  /** Named, and durable ashore: before that the cloud may still ask for the bytes. */
  named(bytes: number): void {
    this.#dedupedBytes += bytes;
  }

  resumed(bytes: number): void {
    this.#resumedBytes += bytes;
  }

  /** Saved by encoding, and durable ashore: before that the cloud may still ask for the bytes as they are. */
  compressed(bytes: number): void {
    this.#compressedAwayBytes += bytes;
  }

  /** What came since the report before. */
  report(): MeterReport {
    const report = {
      wireBytes: this.#wireBytes,
      dedupedBytes: this.#dedupedBytes,
      resumedBytes: this.#resumedBytes,
      compressedAwayBytes: this.#compressedAwayBytes,
    };
    this.#wireBytes = 0;
    this.#dedupedBytes = 0;
    this.#resumedBytes = 0;
    this.#compressedAwayBytes = 0;
    return report;
  }
}
