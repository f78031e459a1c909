// `tender doctor`: looks at everything that keeps documents from the shore, and says what to do about it. Works with the
// agent running or not, as any user, without a configuration; shows no key, token or password.
import type { CliCommand } from '../command.ts';
import type { Verdict } from '../doctor/check.ts';
import { oneLine } from '../text.ts';

const signs: { readonly [verdict in Verdict]: string } = { ok: '✓', warning: '!', failed: '✗', skipped: '–' };
/** Where findings are, the exit says so. */
const exitFindings = 1;

export const doctor: CliCommand = {
  usage: 'doctor',
  summary: 'check configuration, log, disk, clock, link, cloud and page, with the fix for each finding',
  options(command) {
    command.addHelpText('after', '\nExit codes: 0 nothing failed (warnings included) · 1 something failed.');
  },
  async run(context) {
    const { doctorReport } = await import('../doctor/report.ts');
    const { checks, counts } = await doctorReport(context);
    const ok = counts.failed === 0;
    context.tell({ type: 'result', ok, checks, counts });
    const width = Math.max(...checks.map(({ name }) => name.length));
    for (const { name, verdict, message, fix } of checks) {
      context.say(
        `${signs[verdict]} ${name.padEnd(width)}  ${message.split('\n').map(oneLine).join('\n  ')}`,
      );
      if (fix !== '') context.say(`  ${' '.repeat(width)}  → ${oneLine(fix)}`);
    }
    context.say(
      `${checks.length} checks: ${counts.ok} ok, ${counts.warning} ${counts.warning === 1 ? 'warning' : 'warnings'}, ${counts.failed} failed, ${counts.skipped} skipped`,
    );
    return ok ? 0 : exitFindings;
  },
};
