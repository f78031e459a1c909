// Options that several commands about saved logs share, read and refused in the same words.
import { TenderError } from '../../errors.ts';

export function textOption(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TenderError('TENDER_USAGE', `${name} is needed: \`tender ls\` lists the documents.`);
}

export function sequenceOption(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^#?\d{1,15}$/.test(value)) return Number(value.replace('#', ''));
  throw new TenderError('TENDER_USAGE', '--at needs a sequence number of the log, such as 4711.');
}
