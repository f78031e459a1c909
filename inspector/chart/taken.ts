/** A transition that was taken, as the log tells it. `event` is empty for one taken at once. */
export interface Taken {
  readonly from: string;
  readonly to: string;
  readonly event: string;
}
