// Distances that both sides must agree on: the generator makes room by them, the page paints by them. All in px.

/** A state's name with its ring; a group's name. */
export const titleHeightPx = 28;
/** One line inside a box. */
export const rowHeightPx = 16;
export const boxPadPx = 10;
/** Room for the ring or sign before words. */
export const markPx = 14;
export const labelPadPx = 5;
/** One line of words on the plate of a line. */
export const labelHeightPx = 16;
