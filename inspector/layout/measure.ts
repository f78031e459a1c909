// How wide words will be, without a browser. The page uses the reader's own fonts, so boxes are measured with DejaVu Sans, one
// of the widest fonts in use: in any other the words have room to spare. The tables were read from Chromium 156 (canvas,
// 1000 px, rounded up); test/inspector/chart/picture.test.ts asks Chromium again whether every word fits its box.

/** Sizes the page's style sheet must use for what is measured here, in px. */
export const titlePx = 13;
export const labelPx = 11;

/** Advance widths of U+0020 to U+007E in thousandths of the font size. */
const regular = [
  318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637,
  637, 637, 637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632, 576, 775, 752, 295,
  295, 656, 558, 863, 749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838,
  500, 500, 613, 635, 550, 635, 616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521,
  393, 634, 592, 818, 592, 592, 525, 637, 337, 637, 838,
];
const bold = [
  349, 457, 521, 838, 696, 1002, 873, 307, 458, 458, 523, 838, 380, 416, 380, 366, 696, 696, 696, 696, 696,
  696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 581, 1000, 774, 763, 734, 831, 684, 684, 821, 837, 373,
  373, 775, 638, 996, 837, 851, 733, 851, 771, 721, 683, 813, 774, 1104, 771, 725, 726, 458, 366, 458, 838,
  500, 500, 675, 716, 593, 716, 679, 436, 716, 712, 343, 343, 666, 343, 1042, 712, 688, 716, 716, 494, 596,
  479, 712, 652, 924, 646, 652, 583, 712, 366, 712, 838,
];
/** Any other character: the widest there is. */
const unknown = 1_000;

export const titleWidthPx = (text: string): number => width(text, bold, titlePx);
export const labelWidthPx = (text: string): number => width(text, regular, labelPx);

function width(text: string, table: readonly number[], px: number): number {
  let sum = 0;
  for (const letter of text) sum += table[(letter.codePointAt(0) ?? 0) - 0x20] ?? unknown;
  return Math.ceil((sum * px) / 1_000);
}
