// The smallest documents that word processors and spreadsheets open without complaint (ECMA-376).
import { zip } from './zip.ts';

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const packageTypes = 'http://schemas.openxmlformats.org/package/2006/content-types';
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships';
const documentRelations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const xml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => entities[character] ?? character);

const types = (overrides: string): string =>
  `${head}<Types xmlns="${packageTypes}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${overrides}</Types>`;
const relations = (target: string): string =>
  `${head}<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${documentRelations}/officeDocument" Target="${target}"/></Relationships>`;

/** A .docx with one paragraph per line. */
export function docx(paragraphs: readonly string[]): Buffer {
  const body = paragraphs
    .map((line) => `<w:p><w:r><w:t xml:space="preserve">${xml(line)}</w:t></w:r></w:p>`)
    .join('');
  return zip([
    {
      path: '[Content_Types].xml',
      text: types(
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>',
      ),
    },
    { path: '_rels/.rels', text: relations('word/document.xml') },
    {
      path: 'word/document.xml',
      text: `${head}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
    },
  ]);
}

/** An .xlsx with one sheet; every cell is text. */
export function xlsx(rows: readonly (readonly string[])[]): Buffer {
  const sheet = rows
    .map((cells, row) => {
      const filled = cells
        .map(
          (cell, column) =>
            `<c r="${String.fromCharCode(65 + column)}${row + 1}" t="inlineStr"><is><t>${xml(cell)}</t></is></c>`,
        )
        .join('');
      return `<row r="${row + 1}">${filled}</row>`;
    })
    .join('');
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const kind = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  return zip([
    {
      path: '[Content_Types].xml',
      text: types(
        `<Override PartName="/xl/workbook.xml" ContentType="${kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${kind}.worksheet+xml"/>`,
      ),
    },
    { path: '_rels/.rels', text: relations('xl/workbook.xml') },
    {
      path: 'xl/workbook.xml',
      text: `${head}<workbook xmlns="${main}" xmlns:r="${documentRelations}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    },
    {
      path: 'xl/_rels/workbook.xml.rels',
      text: `${head}<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${documentRelations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    },
    {
      path: 'xl/worksheets/sheet1.xml',
      text: `${head}<worksheet xmlns="${main}"><sheetData>${sheet}</sheetData></worksheet>`,
    },
  ]);
}
