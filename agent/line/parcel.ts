// A frame about to leave, with what it carries: what has to go again when its lane dies before the shore has confirmed it. Made
// by outgoing.ts and line.ts, kept by lane.ts until it is confirmed.

/** Bytes `from` … `to` − 1 of a chunk, as slices count them, under a handle. */
export interface SliceLoad {
  readonly kind: 'slice';
  readonly owner: SliceOwner;
  readonly handle: number;
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

export type Load =
  | SliceLoad
  /** The frame itself is said again, as it is; with a handle only while that is in use. */
  | { readonly kind: 'said'; readonly handle?: number }
  /** Nobody misses it. */
  | { readonly kind: 'passing' };

/** Whoever can send a range of a chunk again. */
export interface SliceOwner {
  /** The lane that carried it is gone or asleep. */
  lost(load: SliceLoad): void;
  /** It was confirmed after it had been given up: it need not go again. */
  arrived(load: SliceLoad): void;
}

export interface Parcel {
  readonly frame: Uint8Array;
  readonly load: Load;
}
