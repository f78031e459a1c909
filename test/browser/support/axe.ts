// Accessibility rules of WCAG 2.2 A and AA, checked by axe-core inside the page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One line per broken rule and element; empty when the page is clean. */
export async function axeViolations(page: Page): Promise<string[]> {
  // Through the debugger, not as a script element: the page's content security policy stays as it is.
  await page.evaluate(source);
  return page.evaluate(async () => {
    interface Result {
      readonly violations: readonly {
        readonly id: string;
        readonly help: string;
        readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
      }[];
    }
    const axe = (globalThis as unknown as { axe: { run(where: unknown, how: unknown): Promise<Result> } })
      .axe;
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const where = (globalThis as unknown as { document: unknown }).document;
    const { violations } = await axe.run(where, { runOnly: { type: 'tag', values: tags } });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) =>
          `${id}: ${help}\n    ${html.slice(0, 200)}\n    ${failureSummary ?? ''}`,
      ),
    );
  });
}
