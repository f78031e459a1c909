// The papers of a made-up trip, generated on the spot: one of each kind that an office ashore would search.
import { docx, xlsx } from './office.ts';
import { pdf } from './pdf.ts';

export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A phrase that stands in exactly one of the samples, for the search at the end. */
export const searchPhrase = 'port stabiliser fin seal';

const voyage = [
  'Day 1. Departed 06:40, wind north-west 4, sea slight.',
  'Day 2. Watch handed over at noon; both generators shared the load.',
  'Day 3. Fuel transfer from aft to forward tanks, 1,800 litres.',
];

/** The default trip: about 2.3 MB, a quarter of a minute on a 2 Mbit/s uplink. */
export function samples(): Sample[] {
  return [
    {
      name: 'engine-room-log.pdf',
      bytes: pdf([
        ['Engine room log', '', ...voyage],
        ['Defects', '', 'Weeping at the port stabiliser fin seal, 2 drops a minute.', 'Seal kit ordered.'],
      ]),
    },
    {
      name: 'charter-agreement.docx',
      bytes: docx(['Charter agreement', 'The charterer embarks at the agreed berth.', 'Fuel is paid apart.']),
    },
    {
      name: 'provisions.xlsx',
      bytes: xlsx([
        ['Item', 'Quantity', 'Note'],
        ['Lemons', '60', 'unwaxed'],
        ['Sparkling water', '240', 'glass bottles'],
      ]),
    },
    {
      name: 'fuel.csv',
      bytes: Buffer.from(
        `date,litres,tank\n${Array.from({ length: 200 }, (_, day) => `2026-05-${String((day % 28) + 1).padStart(2, '0')},${400 + ((day * 37) % 90)},aft`).join('\n')}\n`,
      ),
    },
    {
      name: 'survey-with-photographs.pdf',
      bytes: pdf(
        [['Condition survey', 'Photographs follow.', 'Hull and coatings in good order.']],
        2_200_000,
        7,
      ),
    },
  ];
}
